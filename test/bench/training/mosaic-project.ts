/** A project of the four mosaics with their truth as labels: A and B train, C validates, D is looked at once at the end. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ProjectView } from '../../../app/core/project.ts';
import type { Recipe } from '../../../app/core/recipe.ts';
import { planProject } from '../../../app/jobs/plan-project.ts';
import type { TrainPlan } from '../../../app/jobs/train-plan.ts';
import type { ImportEvent } from '../../../app/slides/import-slides.ts';
import { call, callStream } from '../../../main/cli/call.ts';
import type { TrainingBench } from './training-bench.ts';

const parts = { 'lung-A': 'train', 'lung-B': 'train', 'lung-C': 'validation', 'lung-D': 'test' } as const;

/** Makes the project through the routes that the window uses, in the bench's scratch folder, and leaves it open. */
export async function openMosaicProject({ app, dataFolder, scratch }: TrainingBench): Promise<void> {
  const { places } = app.services;
  const parent = path.join(scratch, 'projects');
  mkdirSync(parent, { recursive: true });
  await call<ProjectView>(app, 'POST', '/api/project/create', { name: 'Mosaics', folder: places.grant(parent) });
  for (const [name, part] of Object.entries(parts)) {
    const file = path.join(dataFolder, 'mosaic', name);
    const slides = { handles: [places.grant(`${file}.tif`)], patient: name };
    for await (const event of callStream<ImportEvent>(app, 'POST', '/api/slides/import', slides)) {
      if (event.type !== 'added') continue;
      const truth = { handle: places.grant(`${file}.geojson`) };
      await call(app, 'POST', `/api/slides/${event.slide.id}/annotations/import`, truth);
    }
    await call(app, 'PUT', '/api/split', { patient: name, part });
  }
}

export async function planMosaics({ app: { services } }: TrainingBench, recipe: Recipe): Promise<TrainPlan> {
  return await planProject(services.workspace.project(), services, recipe, new AbortController().signal);
}
