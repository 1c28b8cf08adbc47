/** Patches as the network sees them: a row a patch, its views side by side, as one picture. */
import { setImmediate } from 'node:timers/promises';
import sharp, { type OverlayOptions } from 'sharp';
import type { Recipe } from '../core/recipe.ts';
import { contextPxFor, patchRegion } from '../patches/patch-store-format.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import type { SlideSource } from '../slides/slide-source.ts';
import { augmentPatch } from '../training/augment/augment-patch.ts';
import { viewOf } from '../training/augment/view.ts';

interface Place {
  readonly slideId: string;
  readonly x: number;
  readonly y: number;
  readonly downsample: number;
}

const gapPx = 4;
/** A view on the sheet is no larger than this. */
const shownPx = 128;

/** JPEG of `places.length` rows and `views` columns; view 0 is the patch as it was cut. The host breathes after each view. */
export async function variationSheet(
  pool: SlidePool,
  sourceOf: (slideId: string) => SlideSource,
  places: readonly Place[],
  recipe: Recipe,
  views: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { sizePx, colour } = recipe.input;
  const contextPx = contextPxFor(sizePx, recipe.augment);
  const side = Math.min(sizePx, shownPx);
  const step = side + gapPx;
  const tiles: OverlayOptions[] = [];
  for (const [row, place] of places.entries()) {
    const source = { ...sourceOf(place.slideId), colour };
    const { data } = await pool.region(source, patchRegion(place, { sizePx, contextPx }, place.downsample), signal);
    for (let view = 0; view < views; view++) {
      signal.throwIfAborted();
      const pixels = new Uint8Array(sizePx * sizePx * 3);
      augmentPatch(data, sizePx, contextPx, viewOf(recipe.augment, recipe.seed, view, row), pixels);
      const raw = { width: sizePx, height: sizePx, channels: 3 } as const;
      const input = await sharp(pixels, { raw }).resize(side, side).png().toBuffer();
      tiles.push({ input, left: view * step, top: row * step });
      await setImmediate();
    }
  }
  const width = views * step - gapPx;
  const height = Math.max(1, places.length * step - gapPx);
  const ground = { width, height, channels: 3, background: '#808080' } as const;
  return await sharp({ create: ground }).composite(tiles).jpeg({ quality: 88 }).toBuffer();
}
