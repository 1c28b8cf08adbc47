/**
 * The last two checkpoints of a run on disk, written in turns, so that one damaged file costs a few minutes and not the run.
 *
 *     checkpoints/last-0.ckpt   checkpoints/last-1.ckpt   checkpoints/best-N-PHASE.ckpt   rungs/N-PHASE.ckpt
 */
import { type EpochCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { ArtifactSink } from './ports.ts';

export interface CheckpointWriter {
  /** True in mid-epoch when the last checkpoint is older than the interval, or the run is about to pause. */
  due(): boolean;
  /** Writes over the older one of the two files. */
  save(checkpoint: Omit<EpochCheckpoint, 'serial'>): Promise<void>;
}

/**
 * @param everyMs the longest stretch of training between two checkpoints; 0: one after each step.
 * @param serial of the checkpoint that the run goes on from, 0 for a new run.
 * @param pausing aborted once the run is to stop where it is.
 */
export function createCheckpointWriter(
  sink: ArtifactSink,
  everyMs: number,
  serial: number,
  pausing: AbortSignal | undefined,
): CheckpointWriter {
  let last = serial;
  let savedMs = performance.now();
  return {
    due: () => pausing?.aborted === true || performance.now() - savedMs >= everyMs,
    async save(checkpoint) {
      const next = last + 1;
      await sink.put(checkpointFile(next % 2), await encodeCheckpoint({ ...checkpoint, serial: next }));
      last = next;
      savedMs = performance.now();
    },
  };
}

/** One of the two files that are written in turns, below the run's folder. */
export function checkpointFile(slot: number): string {
  return `checkpoints/last-${slot}.ckpt`;
}
