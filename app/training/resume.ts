/**
 * The last two epochs on disk, written in turns, so that one damaged file costs one epoch and not the run.
 *
 *     checkpoints/last-0.ckpt   checkpoints/last-1.ckpt   checkpoints/best-N-PHASE.ckpt   rungs/N-PHASE.ckpt
 */
import { EosinError } from '../core/errors.ts';
import { type CheckpointOrigin, decodeCheckpoint, type EpochCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { ArtifactSink } from './ports.ts';

/** Writes the end of an epoch over the older one of the two files. */
export async function saveEpoch(sink: ArtifactSink, checkpoint: EpochCheckpoint): Promise<void> {
  const { phaseIndex, epoch } = checkpoint.origin;
  await sink.put(fileOf((phaseIndex + epoch) % 2), await encodeCheckpoint(checkpoint));
}

/**
 * The latest whole checkpoint of the same plan, app version and engine; null where the run starts anew. A damaged file is
 * passed over with a word about it.
 */
export async function findEpoch(
  sink: ArtifactSink,
  origin: Pick<CheckpointOrigin, 'planHash' | 'appVersion' | 'engine'>,
  onNote: (text: string) => void,
): Promise<EpochCheckpoint | null> {
  let latest: EpochCheckpoint | null = null;
  let stale = false;
  for (const slot of [0, 1]) {
    const bytes = await sink.get(fileOf(slot));
    if (bytes === null) continue;
    try {
      const found = (await decodeCheckpoint(bytes)) as EpochCheckpoint;
      const own =
        found.origin.planHash === origin.planHash &&
        found.origin.appVersion === origin.appVersion &&
        found.origin.engine === origin.engine;
      if (!own) stale = true;
      if (own && (latest === null || isLater(found.origin, latest.origin))) latest = found;
    } catch (error) {
      if (!(error instanceof EosinError)) throw error;
      onNote(`The checkpoint ${fileOf(slot)} is damaged; the run goes on from the one before it.`);
    }
  }
  if (stale && latest === null) {
    onNote('Labels, split, program or engine have changed since the earlier attempt: the run starts anew.');
  }
  return latest;
}

function isLater(a: CheckpointOrigin, b: CheckpointOrigin): boolean {
  return a.phaseIndex > b.phaseIndex || (a.phaseIndex === b.phaseIndex && a.epoch > b.epoch);
}

function fileOf(slot: number): string {
  return `checkpoints/last-${slot}.ckpt`;
}
