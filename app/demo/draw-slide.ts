/** Draws one example slide and writes it as a pyramidal, tiled JPEG TIFF with its resolution, and its truth beside it. */
import { open, rename } from 'node:fs/promises';
import sharp from 'sharp';
import { randomFor } from '../core/random.ts';
import { type DemoSlideSpec, drawingKey } from './demo-slides.ts';
import { cellPx, drawLayout } from './layout.ts';
import { paintTissue } from './paint-tissue.ts';
import { stainTable } from './stain.ts';
import type { StainPlanes } from './stamp.ts';
import { type DemoTruth, formatTruth } from './truth.ts';

export function truthOf(spec: DemoSlideSpec): DemoTruth {
  const { labels, columns, rows } = drawLayout(spec);
  return { data: labels, widthPx: columns, heightPx: rows, downsample: cellPx, key: drawingKey(spec) };
}

/** The slide as it looks, [heightPx, widthPx, rgb] uint8. */
export function renderSlide(spec: DemoSlideSpec): Uint8Array {
  return develop(paintTissue(spec, drawLayout(spec)), spec);
}

/** Largest step that the camera's grain makes. */
const cameraGrain = 5;

/** `onProgress` gets 0..1. The truth is written last: where it stands, the slide beside it is whole. */
export async function drawSlide(
  spec: DemoSlideSpec,
  file: string,
  truthFile: string,
  onProgress: (done: number) => void,
): Promise<void> {
  onProgress(0);
  const planes = paintTissue(spec, drawLayout(spec));
  onProgress(0.4);
  const rgb = develop(planes, spec);
  onProgress(0.8);
  const perMm = 1000 / spec.mpp;
  const temporary = `${file}.partial`;
  // The host starts one process a core, so each encodes on one thread.
  sharp.concurrency(1);
  await sharp(rgb, { raw: { width: spec.widthPx, height: spec.heightPx, channels: 3 } })
    .tiff({
      compression: 'jpeg',
      quality: 82,
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
      resolutionUnit: 'cm',
      xres: perMm,
      yres: perMm,
    })
    .toFile(temporary);
  await putWhole(temporary, file);
  const handle = await open(`${truthFile}.partial`, 'w');
  await handle.writeFile(formatTruth(truthOf(spec)));
  await handle.close();
  await putWhole(`${truthFile}.partial`, truthFile);
  onProgress(1);
}

async function putWhole(temporary: string, file: string): Promise<void> {
  const handle = await open(temporary, 'r');
  await handle.sync();
  await handle.close();
  await rename(temporary, file);
}

/** Stain to light, with the grain of a camera. */
function develop({ haematoxylin, eosin }: StainPlanes, spec: DemoSlideSpec): Uint8Array {
  const table = stainTable(spec.stain, cameraGrain);
  const random = randomFor(spec.seed, 'camera');
  const noise = Int8Array.from({ length: 65536 }, () =>
    Math.round(Math.max(-cameraGrain, Math.min(cameraGrain, random.normal() * 1.6))),
  );
  const rgb = new Uint8Array(haematoxylin.length * 3);
  const run = 4096;
  for (let start = 0; start < haematoxylin.length; start += run) {
    // A new place in the noise for each run of pixels, so that no pattern of it can be seen.
    const phase = random.integer(65536 - run);
    const end = Math.min(haematoxylin.length, start + run);
    for (let i = start, o = 3 * start, k = phase; i < end; i++, o += 3, k++) {
      const light = table[(haematoxylin[i]! << 8) | eosin[i]!]!;
      const n = noise[k]!;
      rgb[o] = (light & 255) + n;
      rgb[o + 1] = ((light >> 8) & 255) + n;
      rgb[o + 2] = (light >> 16) + n;
    }
  }
  return rgb;
}
