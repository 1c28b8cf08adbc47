/** Plain pictures (patches that lie in folders as JPEG or PNG) as squares of raw RGB in a file. */
import { basename } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { ColourMode, RgbImage } from '../core/slide.ts';
import { decodeRgb } from './image-codec.ts';
import { writeInto } from './patch-cutter.ts';
import { resample } from './resample.ts';
import type { OnStep } from './slide.ts';
import type { PictureRequest } from './slide-pool.ts';

/** Throws `picture/unreadable`, naming the picture. */
export async function decodePictures(
  { file, sizePx, colour, pictures }: PictureRequest,
  onStep?: OnStep,
): Promise<void> {
  await writeInto(file, async (write) => {
    for (const { path, offset } of pictures) {
      const picture = await readPicture(path, colour);
      write(toSquare(picture, sizePx), offset);
      onStep?.();
    }
  });
}

async function readPicture(path: string, colour: ColourMode): Promise<RgbImage> {
  try {
    return await decodeRgb(path, { profile: colour === 'srgb' });
  } catch (cause) {
    throw new EosinError('picture/unreadable', 'input', `The picture ${basename(path)} cannot be read.`, {
      remedy: 'It must be a JPEG, PNG or TIFF of at most 100 million px; replace it or take it out of the folder.',
      fields: { path },
      cause,
    });
  }
}

/** Resized by area to a square; sides that differ are stretched, as Keras' flow_from_directory does. */
function toSquare(picture: RgbImage, sizePx: number): Uint8Array {
  if (picture.widthPx === sizePx && picture.heightPx === sizePx) return picture.data;
  const data = new Uint8Array(sizePx * sizePx * 3);
  const target = { data, rowPx: sizePx, left: 0, top: 0, widthPx: sizePx, heightPx: sizePx };
  const window = {
    ...picture,
    x: 0,
    y: 0,
    slideAcross: { from: 0, to: picture.widthPx },
    slideDown: { from: 0, to: picture.heightPx },
  };
  resample(window, 0, 0, picture.widthPx / sizePx, picture.heightPx / sizePx, target);
  return data;
}
