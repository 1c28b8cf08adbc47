/** The example: Eosin's own drawn slides as a project, labelled and split, ready to train. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createEta } from './core/progress.ts';
import type { SplitPart } from './core/project.ts';
import type { JobEvent } from './core/run.ts';
import type { SlideInfo } from './core/slide.ts';
import { demoClasses } from './demo/demo-classes.ts';
import { type DemoSlide, drawDemoSlides } from './demo/draw-demo-slides.ts';
import type { Host } from './host.ts';
import type { Project } from './project.ts';
import type { SlidePool } from './slides/slide-pool.ts';
import type { Workspace } from './workspace.ts';

const projectName = 'Example';
/** Slides 1-3 train, 4 validates, 5 is the test; 6 belongs to nobody and is predicted. */
const parts: readonly (SplitPart | null)[] = ['train', 'train', 'train', 'validation', 'test', null];

export interface ExampleDeps {
  readonly host: Host;
  readonly pool: SlidePool;
  readonly workspace: Workspace;
}

/** Opens the example below `folder`, drawing and labelling it first where it is not there yet. */
export async function openExampleProject(
  deps: ExampleDeps,
  folder: string,
  onProgress: (event: Extract<JobEvent, { type: 'progress' }>) => void,
  signal: AbortSignal,
): Promise<Project> {
  await mkdir(folder, { recursive: true });
  const slides = await drawSlides(deps, path.join(folder, 'slides'), onProgress, signal);
  const infos: SlideInfo[] = [];
  for (const { file } of slides) infos.push(await deps.pool.describe(file, signal));
  const existing = path.join(folder, `${projectName}.eosin`);
  const classes = demoClasses.map(({ name }) => name);
  const project = existsSync(existing)
    ? await deps.workspace.open(existing)
    : await deps.workspace.create(folder, projectName, classes);
  // All slides in one transaction: an example that was interrupted is empty and is filled the next time.
  if (project.slides.list().length === 0) {
    project.db.change(() => {
      for (const [i, slide] of slides.entries()) addSlide(deps.host, project, slide, infos[i]!, parts[i] ?? null);
    });
  }
  return project;
}

/** The drawn slides with their truth; drawn once, then reused. */
export async function drawSlides(
  { host }: Pick<ExampleDeps, 'host'>,
  folder: string,
  onProgress: (event: Extract<JobEvent, { type: 'progress' }>) => void,
  signal: AbortSignal,
): Promise<readonly DemoSlide[]> {
  const eta = createEta();
  const { slides } = await drawDemoSlides({
    startProcess: host.startProcess,
    folder,
    onProgress: ({ done, total }) =>
      onProgress({
        type: 'progress',
        stage: 'Draw slides',
        done,
        total,
        unit: 'parts',
        etaSeconds: eta.after(done, total),
      }),
    signal,
  });
  return slides;
}

function addSlide(host: Host, project: Project, slide: DemoSlide, info: SlideInfo, part: SplitPart | null): void {
  const { name, patient, stain } = slide;
  const { id } = project.slides.add({ absolutePath: slide.file, info, name, patient, stain });
  const created = slide.regions.map(({ className, geometry }, i) => ({
    id: regionId(`${name}/${i}`),
    classId: project.classes.find(className)!.id,
    geometry,
  }));
  if (created.length > 0) {
    project.annotations.apply(id, { created, updated: [], deleted: [] }, { author: host.user, slideSize: info });
  }
  if (part) project.split.pin(patient, part);
}

/** The same region has the same id in every example project, so that the same seed draws the same patches. */
function regionId(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
