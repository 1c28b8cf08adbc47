/** What a run leaves in the project when its model is finished. */
import path from 'node:path';
import type { Evaluation, SequencedEvent } from '../core/run.ts';
import { renderReport } from '../evaluation/report-html.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { Passport } from '../passports/passport.ts';
import type { Project } from '../project.ts';
import type { TrainPlan } from './train-plan.ts';

/** Writes the report into the run's folder. @param events of the training, which tell its curves. */
export async function writeReport(
  project: Project,
  runId: string,
  passport: Passport,
  events: readonly SequencedEvent[],
  plan: TrainPlan,
): Promise<void> {
  const report = renderReport({ passport, events, plan: plan.summary, projectName: project.name });
  await writeWhole(path.join(project.folders.runs, runId, 'report.html'), report);
}

/** Adds the model to the project as that of its run. */
export function addModel(
  project: Project,
  runId: string,
  passport: Passport,
  { validation, test }: { readonly validation: Evaluation | null; readonly test: Evaluation | null },
): void {
  const { id, name, classes, sizePx, mpp } = passport;
  project.models.add({ id, name, runId, classes: classes.map((one) => one.name), sizePx, mpp, validation, test });
  project.runs.setModel(runId, id);
}
