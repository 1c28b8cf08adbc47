/** Fills a packed patch store (patches/patch-store-format.ts) before training: the decode processes cut every patch once. */
import { open } from 'node:fs/promises';
import { createQueue } from '../core/queue.ts';
import { patchOffset, patchRegion, patchStoreLayout } from '../patches/patch-store-format.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { PatchStoreRef } from './job-spec.ts';

/** The patches of one slide, top-left corners in level-0 px without the margin. */
export interface SlidePatches {
  readonly path: string;
  readonly downsample: number;
  readonly patches: readonly { readonly x: number; readonly y: number; readonly index: number }[];
}

/** One decode call takes this many neighbours: a call costs about a millisecond whatever its size. */
const patchesPerCall = 64;

/** Cuts all patches into `store.file`; throws what the decode processes throw, and AbortError on cancel. */
export async function cutPatchStore(
  pool: SlidePool,
  store: PatchStoreRef,
  slides: readonly SlidePatches[],
  parallel: number,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await reserve(store);
  const layout = patchStoreLayout(store);
  const queue = createQueue(parallel);
  const calls: Promise<void>[] = [];
  let done = 0;
  for (const { path, downsample, patches: all } of slides) {
    const ordered = neighbours(all, layout.sidePx * downsample * 8);
    for (let from = 0; from < ordered.length; from += patchesPerCall) {
      const patches = ordered.slice(from, from + patchesPerCall).map((patch) => {
        const { x, y } = patchRegion(patch, store, downsample);
        return { x, y, offset: patchOffset(layout, patch.index) };
      });
      calls.push(
        queue.run(async () => {
          await pool.cutPatches(path, { file: store.file, sizePx: layout.sidePx, downsample, patches }, signal);
          done += patches.length;
          onProgress(done, store.count);
        }, signal),
      );
    }
  }
  await allOrFirstError(calls);
}

/** Fills the store from pictures that are patches already. */
export async function decodePictureStore(
  pool: SlidePool,
  store: PatchStoreRef,
  pictures: readonly { readonly path: string; readonly index: number }[],
  parallel: number,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await reserve(store);
  const layout = patchStoreLayout(store);
  const queue = createQueue(parallel);
  const calls: Promise<void>[] = [];
  let done = 0;
  for (let from = 0; from < pictures.length; from += patchesPerCall) {
    const part = pictures
      .slice(from, from + patchesPerCall)
      .map(({ path, index }) => ({ path, offset: patchOffset(layout, index) }));
    calls.push(
      queue.run(async () => {
        await pool.decodePictures({ file: store.file, sizePx: store.sizePx, pictures: part }, signal);
        done += part.length;
        onProgress(done, store.count);
      }, signal),
    );
  }
  await allOrFirstError(calls);
}

/** Waits for every call, so that no decode process still writes when the caller goes on to clean up. */
async function allOrFirstError(calls: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) if (result.status === 'rejected') throw result.reason;
}

async function reserve(store: PatchStoreRef): Promise<void> {
  const file = await open(store.file, 'w');
  try {
    await file.truncate(patchStoreLayout(store).bytes);
  } finally {
    await file.close();
  }
}

/** Ordered by square blocks of `blockPx` level-0 px, so that a call's patches share tiles. */
function neighbours<T extends { x: number; y: number }>(patches: readonly T[], blockPx: number): T[] {
  const key = (value: number): number => Math.floor(value / blockPx);
  return [...patches].sort((a, b) => key(a.y) - key(b.y) || key(a.x) - key(b.x) || a.y - b.y || a.x - b.x);
}
