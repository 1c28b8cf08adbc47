/** Refuses a plan in which the same picture stands in two parts of the split, by the pixels that were cut (T11). */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { assertNoDuplicateTiles } from '../patches/leak.ts';
import { patchOffset, patchStoreLayout } from '../patches/patch-store-format.ts';
import type { PlannedPatch } from '../training/ports.ts';
import type { PatchStoreRef } from './job-spec.ts';

/** Throws split/duplicate. A patch of one colour, such as bare glass, is no evidence of a copy and is passed over. */
export async function assertNoDuplicatePictures(store: PatchStoreRef, patches: readonly PlannedPatch[]): Promise<void> {
  const layout = patchStoreLayout(store);
  const pixels = Buffer.alloc(layout.bytesPerPatch);
  const file = await open(store.file, 'r');
  try {
    const tiles: { hash: string; part: PlannedPatch['part'] }[] = [];
    for (const { index, part } of patches) {
      await file.read(pixels, 0, pixels.length, patchOffset(layout, index));
      if (isOneColour(pixels)) continue;
      tiles.push({ hash: createHash('sha1').update(pixels).digest('hex'), part });
    }
    assertNoDuplicateTiles(tiles);
  } finally {
    await file.close();
  }
}

function isOneColour(pixels: Buffer): boolean {
  // Shifted by one pixel, a picture of one colour is itself.
  return pixels.subarray(3).equals(pixels.subarray(0, -3));
}
