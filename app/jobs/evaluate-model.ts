/** Judges a finished model on one part of a project's split, or on a folder of class folders. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { SplitPart } from '../core/project.ts';
import type { Evaluation } from '../core/run.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import type { OpenedModel } from '../passports/model-folder.ts';
import { colourAlone } from './colour-alone.ts';
import type { PatchStoreRef } from './job-spec.ts';
import type { Emit } from './live-runs.ts';
import { predictStore } from './predict-store.ts';
import type { RunDeps } from './run-deps.ts';
import { fillStore } from './train-model.ts';
import type { TrainPlan } from './train-plan.ts';

/**
 * Evaluates on the patches of `part`; the colour baseline learns from the plan's training patches where it has some.
 * Throws `evaluate/classes` when the plan's classes are not the model's, `evaluate/nothing` without patches.
 */
export async function evaluateModel(
  deps: RunDeps,
  model: OpenedModel,
  plan: TrainPlan,
  part: SplitPart,
  emit: Emit,
  signal: AbortSignal,
): Promise<Evaluation> {
  const classNames = model.passport.classes.map(({ name }) => name);
  const classIndexOf = plan.classes.map(({ name }) => classNames.indexOf(name));
  const unknown = plan.classes.find((_, i) => classIndexOf[i] === -1);
  if (unknown) {
    throw new EosinError('evaluate/classes', 'input', `The model does not know the class ${unknown.name}.`, {
      remedy: `It knows: ${classNames.join(', ')}. Rename the class, or leave it out.`,
      fields: { className: unknown.name },
    });
  }
  const labelled = plan.patches.map((patch) => ({ ...patch, classIndex: classIndexOf[patch.classIndex]! }));
  const judged = labelled.filter((patch) => patch.part === part);
  if (judged.length === 0) {
    throw new EosinError('evaluate/nothing', 'input', `There is no labelled patch in the ${part} part.`, {
      remedy: 'Label slides of a patient in this part, or choose another part with --split.',
    });
  }
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(path.join(deps.scratchFolder, 'evaluate-'));
  try {
    const store: PatchStoreRef = {
      file: path.join(folder, 'patches.raw'),
      count: plan.patches.length,
      sizePx: model.passport.sizePx,
      contextPx: 0,
    };
    await fillStore(deps.pool, store, plan, emit, signal);
    const all = await predictStore(deps, store, model, emit, signal);
    const probabilities = new Float32Array(judged.length * classNames.length);
    for (const [i, { index }] of judged.entries()) {
      probabilities.set(
        all.subarray(index * classNames.length, (index + 1) * classNames.length),
        i * classNames.length,
      );
    }
    const learned = labelled.filter((patch) => patch.part === 'train');
    return evaluate({
      truth: Uint8Array.from(judged, ({ classIndex }) => classIndex),
      probabilities,
      classNames,
      patients: plan.patientsKnown ? judged.map(({ patient }) => patient) : null,
      seed: model.passport.seed,
      colourBaseline:
        learned.length > 0 && part !== 'train' ? await colourAlone(store, learned, judged, classNames.length) : null,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
