/** How the example's prediction agrees with the known truth of its slide, and how far colour alone would have come. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseTruth } from './demo/truth.ts';
import { type Agreement, heatmapAgreement, type LabelImage, labelOfBox } from './evaluation/heatmap-agreement.ts';
import { colourAlone, type LabelledIndex } from './jobs/colour-alone.ts';
import { cutPatchStore, decodeCalls, type SlidePatches } from './jobs/cut-store.ts';
import type { RunDeps } from './jobs/run-deps.ts';
import type { TrainPlan } from './jobs/train-plan.ts';
import { cellBox, classAt, type Heatmap, patchBox } from './overlay/heatmap.ts';

/** A patch is judged when this much of it is of one class. */
const minShare = 0.75;

export async function readTruth(file: string): Promise<LabelImage> {
  return parseTruth(await readFile(file));
}

/** Balanced accuracy over the predicted patches that are mostly of one class. */
export function agreementOf(heatmap: Heatmap, truth: LabelImage): Agreement {
  return heatmapAgreement(predicted(heatmap), truth, heatmap.header.classes.length, minShare);
}

/** The patches that the network has judged, row by row. */
function* predicted(heatmap: Heatmap) {
  const { grid } = heatmap.header;
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const classIndex = classAt(heatmap, column, row);
      if (classIndex < 0) continue;
      yield { box: cellBox(grid, column, row), patch: patchBox(grid, column, row), classIndex };
    }
  }
}

/**
 * Balanced accuracy on the predicted slide of a colour-histogram classifier that learned from the plan's own training
 * patches; it is judged on the very patches that the network is judged on.
 */
export async function colourAloneOnSlide(
  deps: RunDeps,
  plan: TrainPlan,
  heatmap: Heatmap,
  slide: { readonly path: string; readonly truth: LabelImage },
  signal: AbortSignal,
): Promise<number> {
  if (plan.pixels.kind !== 'slides') throw new TypeError('the example plan is made of slides');
  const { grid, classes } = heatmap.header;
  const learned: LabelledIndex[] = [];
  const cut: SlidePatches[] = [];
  for (const { slide: source, downsample, patches } of plan.pixels.slides) {
    const training = patches.filter(({ index }) => plan.patches[index]!.part === 'train');
    const numbered = training.map(({ x, y, index: planned }) => {
      const index = learned.length;
      learned.push({ index, classIndex: plan.patches[planned]!.classIndex });
      return { x, y, index };
    });
    if (numbered.length > 0) cut.push({ slide: source, downsample, patches: numbered });
  }
  const judged: LabelledIndex[] = [];
  const own: { x: number; y: number; index: number }[] = [];
  for (const { box, patch } of predicted(heatmap)) {
    const classIndex = labelOfBox(slide.truth, box, classes.length, minShare);
    if (classIndex === null) continue;
    const index = learned.length + judged.length;
    judged.push({ index, classIndex });
    own.push({ x: patch.x, y: patch.y, index });
  }
  const sizePx = plan.recipe.input.sizePx;
  cut.push({ slide: { path: slide.path }, downsample: grid.patchWidth / sizePx, patches: own });
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(path.join(deps.scratchFolder, 'colour-'));
  try {
    const store = {
      file: path.join(folder, 'patches.raw'),
      count: learned.length + judged.length,
      sizePx,
      contextPx: 0,
    };
    await cutPatchStore(deps.pool, store, cut, decodeCalls, () => undefined, signal);
    return await colourAlone(store, learned, judged, classes.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
