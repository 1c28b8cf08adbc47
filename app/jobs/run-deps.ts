/** What every run is given by the host it runs on. */
import os from 'node:os';
import path from 'node:path';
import type { Host } from '../host.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { TissueMasks } from '../slides/tissue-masks.ts';
import type { BackboneLibrary } from '../weights/backbone-library.ts';
import type { TrainingDeps } from './train-model.ts';

export interface RunDeps extends TrainingDeps {
  /** For files that live as long as a run; in the cache, since they may be large. */
  readonly scratchFolder: string;
  readonly masks: TissueMasks;
}

interface RunServices {
  readonly host: Host;
  readonly pool: SlidePool;
  readonly masks: TissueMasks;
  readonly backbones: BackboneLibrary;
}

/** Cores that a job may take on this computer. */
export const jobThreads = (): number => Math.max(1, Math.min(16, os.availableParallelism()));

export function runDepsOf({ host, pool, masks, backbones }: RunServices): RunDeps {
  return {
    pool,
    masks,
    backbones,
    startProcess: host.startProcess,
    appVersion: host.appVersion,
    threads: jobThreads(),
    scratchFolder: path.join(host.cacheFolder, 'scratch'),
  };
}
