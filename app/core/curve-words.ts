/** What the curves of a training run say, in a sentence that needs no knowledge of them. Pure: the same epochs, the same words. */
import type { EpochEvent } from './run.ts';

type Epoch = Pick<EpochEvent, 'phase' | 'epoch' | 'epochs' | 'loss' | 'valLoss'>;

/** Epochs after which a curve is more than chance. */
const leastEpochs = 4;
/** A loss that moved by less than this share of itself, or by less than `leastChange`, has not moved. */
const noise = 0.02;
const leastChange = 0.005;

/** The epoch whose weights the run has. */
type Kept = Pick<Epoch, 'phase' | 'epoch'>;

/**
 * What the epochs of the last phase say so far: memorising, still getting better, at rest, or too little to tell.
 * Null before the first epoch.
 *
 * @param kept while the run goes on it is undefined, and nothing is said about it.
 */
export function curveWords(epochs: readonly Epoch[], kept?: Kept | null): string | null {
  const last = epochs.at(-1);
  if (!last) return null;
  const own = epochs.filter(({ phase }) => phase === last.phase);
  const sentence = verdict(own);
  return kept === undefined ? `${sentence}.` : `${sentence}${endWords(last, kept)}`;
}

function verdict(own: readonly Epoch[]): string {
  const last = own.at(-1)!;
  if (!Number.isFinite(last.loss) || !Number.isFinite(last.valLoss)) return 'The loss is not a number';
  if (own.length < leastEpochs) {
    return `${own.length === 1 ? 'One epoch' : `${own.length} epochs`} of ${last.phase}: too few to tell`;
  }
  const turn = lowestAt(own.map(({ valLoss }) => valLoss));
  const lowest = own[turn]!;
  const since = own.length - 1 - turn;
  const risen = moved(lowest.valLoss, last.valLoss);
  const stillLearns = last.loss < lowest.loss;
  if (since >= 2 && risen && stillLearns) {
    return `Training loss falls but validation loss rises since epoch ${own[turn + 1]!.epoch} of ${last.phase}: the network is memorising`;
  }
  if (since >= 2 && risen) {
    return `Training and validation loss both rise since epoch ${own[turn + 1]!.epoch} of ${last.phase}: the learning rate may be too high`;
  }
  const first = own[0]!;
  if (!moved(lowest.valLoss, first.valLoss) && !moved(last.loss, first.loss)) {
    return `Neither loss has moved in ${last.phase}: the learning rate may be too low, or there is nothing left to learn`;
  }
  const before = own.at(-leastEpochs)!;
  if (moved(last.valLoss, before.valLoss)) {
    return `Validation loss still falls in ${last.phase}: the network learns what holds for other patients`;
  }
  return `Validation loss is at rest since epoch ${lowest.epoch} of ${last.phase}`;
}

/** '; stopped, best epoch 5 kept.' */
function endWords(last: Epoch, kept: Kept | null): string {
  const stopped = last.epoch < last.epochs;
  if (!kept) return stopped ? '; stopped.' : '.';
  const where = kept.phase === last.phase ? '' : ` of ${kept.phase}`;
  return `; ${stopped ? 'stopped, ' : ''}best epoch ${kept.epoch}${where} kept.`;
}

/** Whether the higher of two losses is more than chance above the lower. */
function moved(low: number, high: number): boolean {
  return high - low > Math.max(leastChange, noise * high);
}

/** The first of the lowest. */
function lowestAt(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}
