/** sharp as the slides use it: three loaders, no cache, one thread a process; every other door of libvips is shut. */
import sharp from 'sharp';
import type { RgbImage } from '../core/slide.ts';

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadTiff'] });
sharp.cache(false);
// Decode processes run side by side; threads inside one would only compete with the others.
sharp.concurrency(1);

/** Pixels that one decoding call may give. */
export const mostPixels = 1e8;

/**
 * Decodes a JPEG, PNG or TIFF (bytes or a path) to RGB; grey becomes RGB, transparency becomes white. Throws what sharp throws.
 * `strict` is for TIFF without JPEG in it: damaged LZW or deflate is a mere warning there and would come out as black. Colours are the
 * stored ones; with `profile` they go through the picture's own profile to sRGB.
 */
export async function decodeRgb(
  input: Uint8Array | string,
  { strict = false, profile = false }: { strict?: boolean; profile?: boolean } = {},
): Promise<RgbImage> {
  const failOn = strict ? 'warning' : 'error';
  const picture = sharp(input, { failOn, limitInputPixels: mostPixels, ignoreIcc: !profile });
  const { data, info } = await picture
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data: toRgb(data, info.channels), widthPx: info.width, heightPx: info.height };
}

/**
 * A picture's stored px as 8-bit colour or grey, read from top to bottom, to be written on without holding all of it; no colour profile
 * is applied.
 */
export function streamRgb(path: string, { strict, most }: { strict: boolean; most: number }) {
  return sharp(path, {
    failOn: strict ? 'warning' : 'error',
    limitInputPixels: most,
    sequentialRead: true,
    ignoreIcc: true,
  })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
}

/** One, two or four samples a pixel as three. */
function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const from = i * channels;
    out[i * 3] = data[from]!;
    out[i * 3 + 1] = data[from + (channels > 2 ? 1 : 0)]!;
    out[i * 3 + 2] = data[from + (channels > 2 ? 2 : 0)]!;
  }
  return out;
}

/** Baseline JPEG without chroma subsampling: stain edges stay where they are. */
export function encodeJpeg(image: RgbImage, quality: number): Promise<Uint8Array> {
  return raw(image).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}

export function encodePng(image: RgbImage): Promise<Uint8Array> {
  return raw(image).png({ compressionLevel: 6 }).toBuffer();
}

function raw({ data, widthPx, heightPx }: RgbImage) {
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 }, limitInputPixels: false });
}
