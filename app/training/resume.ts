/** Where an interrupted run goes on: the latest of its checkpoints that is whole and its own. */
import { EosinError } from '../core/errors.ts';
import { type CheckpointOrigin, decodeCheckpoint, type EpochCheckpoint } from './checkpoint.ts';
import { checkpointFile } from './checkpoint-writer.ts';
import type { ArtifactSink } from './ports.ts';

type Origin = Pick<CheckpointOrigin, 'planHash' | 'appVersion' | 'engine'>;

/**
 * The latest whole checkpoint of the same plan, app version and engine; null where the run starts anew. What is damaged or
 * another's is passed over with a word about it.
 */
export async function findEpoch(
  sink: ArtifactSink,
  origin: Origin,
  onNote: (text: string) => void,
): Promise<EpochCheckpoint | null> {
  const own: EpochCheckpoint[] = [];
  let [damaged, foreign] = [0, 0];
  for (const slot of [0, 1]) {
    const bytes = await sink.get(checkpointFile(slot));
    const found = bytes && (await decoded(bytes));
    if (found === 'damaged') damaged++;
    else if (found && isOf(found.origin, origin)) own.push(found);
    else if (found) foreign++;
  }
  const latest = own.toSorted((a, b) => b.serial - a.serial)[0] ?? null;
  const whence = latest ? 'the run goes on from the other one' : 'the run starts anew';
  if (foreign > 0) {
    onNote(`Labels, split, program or engine have changed since an earlier attempt left its checkpoint: ${whence}.`);
  }
  if (damaged === 1) onNote(`One of the run's two checkpoints is damaged: ${whence}.`);
  if (damaged === 2) onNote(`Both checkpoints of the run are damaged: ${whence}.`);
  return latest;
}

async function decoded(bytes: Uint8Array): Promise<EpochCheckpoint | 'damaged'> {
  try {
    return (await decodeCheckpoint(bytes)) as EpochCheckpoint;
  } catch (error) {
    if (error instanceof EosinError) return 'damaged';
    throw error;
  }
}

function isOf(found: CheckpointOrigin, { planHash, appVersion, engine }: Origin): boolean {
  return found.planHash === planHash && found.appVersion === appVersion && found.engine === engine;
}
