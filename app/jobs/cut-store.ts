/** Fills a packed patch store (patches/patch-store-format.ts) before training: the decode processes cut every patch once. */
import { open } from 'node:fs/promises';
import { createQueue } from '../core/queue.ts';
import type { ColourMode } from '../core/slide.ts';
import { writeError } from '../files/write-whole.ts';
import { patchOffset, patchRegion, patchStoreLayout } from '../patches/patch-store-format.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { SlideSource } from '../slides/slide-source.ts';
import type { PatchStoreRef } from './job-spec.ts';

/** The patches of one slide, top-left corners in level-0 px without the margin. */
export interface SlidePatches {
  readonly slide: SlideSource;
  readonly downsample: number;
  readonly patches: readonly { readonly x: number; readonly y: number; readonly index: number }[];
}

/** Pictures that are patches already; `srgb` goes through the profile of those that have one. */
export interface LoosePictures {
  readonly colour: ColourMode;
  readonly pictures: readonly { readonly path: string; readonly index: number }[];
}

/** Calls at a time: one for each decode process. */
export const decodeCalls = 2;

/** One decode call takes this many neighbours: a call costs about a millisecond whatever its size. */
export const patchesPerCall = 64;

interface DecodeCall {
  readonly patches: number;
  run(signal: AbortSignal): Promise<void>;
}

/** Cuts all patches into `store.file` and gives their focus by index (slides/focus.ts); throws what the decode processes throw, and the signal's reason on cancel. */
export async function cutPatchStore(
  pool: SlidePool,
  store: PatchStoreRef,
  slides: readonly SlidePatches[],
  parallel: number,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Float32Array> {
  const layout = patchStoreLayout(store);
  const { file } = store;
  const focusOf = new Float32Array(store.count).fill(1);
  const calls = slides.flatMap(({ slide, downsample, patches: all }) =>
    chunks(neighbours(all, layout.sidePx * downsample * 8)).map((part): DecodeCall => {
      const patches = part.map((patch) => {
        const { x, y } = patchRegion(patch, store, downsample);
        return { x, y, offset: patchOffset(layout, patch.index) };
      });
      const request = { file, sizePx: layout.sidePx, downsample, patches, focusInsidePx: store.contextPx };
      return {
        patches: patches.length,
        async run(stop) {
          const focus = await pool.cutPatches(slide, request, stop);
          for (const [i, { index }] of part.entries()) focusOf[index] = focus[i]!;
        },
      };
    }),
  );
  await fill(store, calls, parallel, onProgress, signal);
  return focusOf;
}

/** Fills the store from pictures that are patches already; the store must have no margin. */
export async function decodePictureStore(
  pool: SlidePool,
  store: PatchStoreRef,
  { pictures, colour }: LoosePictures,
  parallel: number,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const layout = patchStoreLayout(store);
  const calls = chunks(pictures).map((part): DecodeCall => {
    const request = {
      file: store.file,
      sizePx: store.sizePx,
      colour,
      pictures: part.map(({ path, index }) => ({ path, offset: patchOffset(layout, index) })),
    };
    return { patches: part.length, run: (stop) => pool.decodePictures(request, stop) };
  });
  await fill(store, calls, parallel, onProgress, signal);
}

/** Reserves the file and runs the calls; the first that fails takes those still in line with it. */
async function fill(
  store: PatchStoreRef,
  calls: readonly DecodeCall[],
  parallel: number,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await reserve(store);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const queue = createQueue(parallel);
  let done = 0;
  const running = calls.map((call) =>
    queue
      .run(async () => {
        await call.run(stop);
        done += call.patches;
        onProgress(done, store.count);
      }, stop)
      .catch((thrown: unknown) => {
        failed.abort(thrown);
        throw thrown;
      }),
  );
  // All are waited for, so that no call is still in line when the caller goes on to clean up.
  await Promise.allSettled(running);
  stop.throwIfAborted();
}

async function reserve(store: PatchStoreRef): Promise<void> {
  try {
    const file = await open(store.file, 'w');
    try {
      await file.truncate(patchStoreLayout(store).bytes);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw writeError(store.file, cause);
  }
}

function chunks<T>(items: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < items.length; from += patchesPerCall) parts.push(items.slice(from, from + patchesPerCall));
  return parts;
}

/** Ordered by square blocks of `blockPx` level-0 px, so that a call's patches share tiles. */
function neighbours<T extends { x: number; y: number }>(patches: readonly T[], blockPx: number): T[] {
  const key = (value: number): number => Math.floor(value / blockPx);
  return [...patches].sort((a, b) => key(a.y) - key(b.y) || key(a.x) - key(b.x) || a.y - b.y || a.x - b.x);
}
