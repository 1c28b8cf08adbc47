/** What every part of the training bench works with: the app's own services, weights, and a folder that is kept between calls. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type App, createApp } from '../../../app/app.ts';
import type { Recipe } from '../../../app/core/recipe.ts';
import type { JobEvent } from '../../../app/core/run.ts';
import type { EngineId } from '../../../app/engine/engine.ts';
import type { TrainOutcome } from '../../../app/jobs/job-spec.ts';
import { type RunDeps, runDepsOf } from '../../../app/jobs/run-deps.ts';
import { trainModel } from '../../../app/jobs/train-model.ts';
import type { TrainPlan } from '../../../app/jobs/train-plan.ts';
import { openModelFolder } from '../../../app/passports/model-folder.ts';
import type { Passport } from '../../../app/passports/passport.ts';
import { applySettings } from '../../../app/training/recipe-book.ts';
import { runCli } from '../../../main/cli.ts';
import { commandLineHost } from '../../../main/node-host.ts';
import { type KeptResults, keptResults } from './kept-results.ts';

export interface TrainingBench {
  readonly app: App;
  readonly deps: RunDeps;
  /** EOSIN_DATA. */
  readonly dataFolder: string;
  /** Goes when the bench ends. */
  readonly scratch: string;
  readonly kept: KeptResults;
  /** EOSIN_BENCH_ENGINE, or the best one there is. */
  readonly engine: EngineId | null;
}

/** `atSeconds` after the start of the run. */
export type TimedEvent = JobEvent & { readonly atSeconds: number };

export interface Trained {
  readonly outcome: TrainOutcome;
  /** Of the saved model, its files checked. */
  readonly passport: Passport;
  readonly events: readonly TimedEvent[];
  /** From the plan to the saved and judged model. */
  readonly seconds: number;
}

/** Opens the app on folders of the bench, gives it to `work`, and closes it. Weights that can be fetched are. */
export async function withTrainingBench(work: (bench: TrainingBench) => Promise<void>): Promise<void> {
  const dataFolder = process.env.EOSIN_DATA;
  if (!dataFolder) return console.log('  not measured: EOSIN_DATA names no folder of real patches');
  const folder = path.join(os.homedir(), '.cache', 'eosin-bench', 'training');
  mkdirSync(folder, { recursive: true });
  const scratch = await mkdtemp(path.join(folder, 'scratch-'));
  const host = { ...commandLineHost(), dataFolder: folder, cacheFolder: path.join(scratch, 'cache') };
  const app = createApp(host);
  try {
    if (app.services.backbones.best() !== 'efficientnet-lite0')
      await runCli(['models', 'fetch', 'efficientnet-lite0', '--yes'], () => host);
    const kept = keptResults(path.join(folder, 'kept.json'));
    const engine = (process.env.EOSIN_BENCH_ENGINE ?? null) as EngineId | null;
    await work({ app, deps: runDepsOf(app.services), dataFolder, scratch, kept, engine });
    if (kept.reused() > 0)
      console.log(
        `  ${kept.reused()} results are from an earlier call: delete ${folder}/kept.json after a change of what learns`,
      );
  } finally {
    await app.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A shipped recipe with `--set` changes. */
export function benchRecipe({ app }: TrainingBench, name: string, settings: readonly string[]): Recipe {
  return applySettings(app.services.recipes.find((recipe) => recipe.name === name)!, settings);
}

/** One training as the app runs it: patches cut, a job process, a saved and judged model; nothing stays on disk. */
export async function trainOnce(bench: TrainingBench, plan: TrainPlan): Promise<Trained> {
  const runFolder = await mkdtemp(path.join(bench.scratch, 'run-'));
  const events: TimedEvent[] = [];
  const startMs = performance.now();
  const passed = (): number => (performance.now() - startMs) / 1000;
  const request = { runFolder, modelFolder: path.join(runFolder, 'done'), modelId: 'bench', modelName: 'bench' };
  try {
    const { outcome } = await trainModel(
      bench.deps,
      { ...request, plan, engine: bench.engine },
      (event) => {
        if (event.type !== 'progress') events.push({ ...event, atSeconds: passed() });
      },
      new AbortController().signal,
    );
    const seconds = passed();
    const { passport } = await openModelFolder(request.modelFolder);
    return { outcome, passport, events, seconds };
  } finally {
    await rm(runFolder, { recursive: true, force: true });
  }
}

/** The events of one kind. */
export function eventsOf<T extends JobEvent['type']>({ events }: Trained, type: T): Extract<TimedEvent, { type: T }>[] {
  return events.filter((event): event is Extract<TimedEvent, { type: T }> => event.type === type);
}
