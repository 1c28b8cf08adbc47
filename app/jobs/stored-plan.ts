/** The plan of a training as it was carried out, in the folder of its run: labels may change, what was learned from does not. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { Project } from '../project.ts';
import type { TrainPlan } from './train-plan.ts';

const fileName = 'plan.json';

/** Writes `plan.json`; of each patch of a slide its place alone. */
export async function storePlan(runFolder: string, plan: TrainPlan): Promise<void> {
  const { pixels } = plan;
  if (pixels.kind !== 'slides') return;
  const slides = pixels.slides.map(({ patches, ...rest }) => ({
    ...rest,
    patches: patches.map(({ x, y, index }) => ({ x, y, index })),
  }));
  await writeWhole(path.join(runFolder, fileName), JSON.stringify({ ...plan, pixels: { kind: 'slides', slides } }));
}

/** The stored plan with its slides where they lie today. Throws `rung/no-plan`, `rung/slide-gone`. */
export async function readStoredPlan(project: Project, runFolder: string): Promise<TrainPlan> {
  const plan = await readFile(path.join(runFolder, fileName), 'utf8').then(
    (text) => JSON.parse(text) as TrainPlan,
    (cause: unknown) => {
      throw new EosinError('rung/no-plan', 'missing', 'This run did not keep the plan that it was trained with.', {
        remedy: 'Train again: a new run keeps it.',
        cause,
      });
    },
  );
  const { pixels } = plan;
  if (pixels.kind !== 'slides') return plan;
  const known = project.slides.list();
  const slides = pixels.slides.map((one) => {
    const slide = known.find(({ info }) => info.fingerprint === one.slide.fingerprint);
    if (!slide) {
      throw new EosinError(
        'rung/slide-gone',
        'missing',
        'A slide that this run learned from is no longer in the project.',
        {
          remedy: 'Add the slide again, then choose the rung.',
        },
      );
    }
    return { ...one, slide: { ...one.slide, path: project.slides.source(slide.id).path } };
  });
  return { ...plan, pixels: { ...pixels, slides } };
}
