/**
 * Tiles that are wanted in one moment go to a decode process together, since a message there and back costs as much as a stored tile.
 * A batch that fails as a whole, or leaves a tile out, is asked for tile by tile: one bad tile takes no other with it.
 */
import { EosinError } from '../core/errors.ts';
import type { TileAnswer } from './decode-messages.ts';
import type { EncodedImage } from './slide.ts';

export interface TilePlace {
  readonly level: number;
  readonly x: number;
  readonly y: number;
}

export interface TileBatchesOptions<S> {
  /** Processes that can work side by side. */
  readonly lanes: number;
  together(slide: S, places: readonly TilePlace[], signal: AbortSignal): Promise<readonly TileAnswer[]>;
  alone(slide: S, place: TilePlace, signal?: AbortSignal): Promise<EncodedImage>;
}

interface Wanted {
  readonly place: TilePlace;
  readonly signal: AbortSignal | undefined;
  resolve(picture: Promise<EncodedImage> | EncodedImage): void;
  reject(thrown: unknown): void;
}

/** So that a batch of tiles that have to be decoded keeps nobody waiting. */
const mostTogether = 4;

export function createTileBatches<S>({ lanes, together, alone }: TileBatchesOptions<S>) {
  const waiting = new Map<S, Wanted[]>();

  const ask = async (slide: S, batch: readonly Wanted[]): Promise<void> => {
    const places = batch.map(({ place }) => place);
    const nobodyLeft = allAborted(batch.map(({ signal }) => signal));
    const answers = batch.length > 1 ? await together(slide, places, nobodyLeft).catch(() => []) : [];
    for (const [i, { place, signal, resolve, reject }] of batch.entries()) {
      const answer = answers[i] ?? null;
      if (signal?.aborted) reject(signal.reason);
      else if (answer === null) resolve(alone(slide, place, signal));
      else if ('error' in answer) reject(EosinError.fromReport(answer.error));
      else resolve({ type: answer.type, bytes: answer.picture });
    }
  };

  const flush = (slide: S): void => {
    const wanted = waiting.get(slide)!;
    waiting.delete(slide);
    const size = Math.min(mostTogether, Math.ceil(wanted.length / lanes));
    for (let from = 0; from < wanted.length; from += size) void ask(slide, wanted.slice(from, from + size));
  };

  return (slide: S, place: TilePlace, signal?: AbortSignal): Promise<EncodedImage> =>
    new Promise((resolve, reject) => {
      const wanted = { place, signal, resolve, reject };
      const others = waiting.get(slide);
      if (others) others.push(wanted);
      else {
        waiting.set(slide, [wanted]);
        setImmediate(flush, slide);
      }
    });
}

/** Aborted once every one of these is; never where one of them is absent. */
function allAborted(signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const all = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const one = (): void => {
      if (--left === 0) all.abort(signal?.reason);
    };
    if (signal?.aborted) one();
    else signal?.addEventListener('abort', one, { once: true });
  }
  return all.signal;
}
