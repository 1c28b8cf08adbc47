/** A slide's colours through its own ICC profile: from the scanner's RGB to sRGB, by Little CMS, with the perceptual intent. */
import type { RgbImage } from '../core/slide.ts';
import { isSrgb } from './icc-profile.ts';
import { decodeRgb } from './image-codec.ts';
import { writeMiniTiff } from './mini-tiff.ts';
import { noProfile } from './slide-errors.ts';
import type { TileLevel } from './tile-level.ts';

export type ToSrgb = (image: RgbImage) => Promise<RgbImage>;

const trialSide = 8;

/** `profile` passed `readIccProfile`. What it returns throws `slide/no-profile` when Little CMS does not take the profile. */
export function createToSrgb(profile: Uint8Array): ToSrgb {
  // sharp leaves the px as they are, without a word, when a profile cannot be applied.
  let trial: Promise<void> | null = null;
  const tryOut = async (): Promise<void> => {
    const image = colourCube();
    const { data } = await convert(image, profile);
    if (Buffer.from(data).equals(image.data) && !isSrgb(profile)) throw noProfile('it cannot be applied');
  };
  return async (image) => {
    trial ??= tryOut();
    await trial;
    return convert(image, profile);
  };
}

/** The level as it is shown through the profile: tiles are no longer the stored ones, so none is handed on. */
export function throughProfile(level: TileLevel, toSrgb: ToSrgb): TileLevel {
  const { tileWidthPx, tileHeightPx } = level;
  return {
    ...level,
    async decodeTiles(indexes) {
      const data = await level.decodeTiles(indexes);
      if (indexes.length === 0) return data;
      return (await toSrgb({ data, widthPx: tileWidthPx, heightPx: tileHeightPx * indexes.length })).data;
    },
    storedTile: async () => null,
  };
}

function convert({ data, widthPx, heightPx }: RgbImage, profile: Uint8Array): Promise<RgbImage> {
  const picture = {
    widthPx,
    heightPx,
    pieceHeightPx: heightPx,
    kind: 'strips' as const,
    compression: 1,
    photometric: 2,
    samples: 3,
    predictor: 1,
    jpegTables: null,
    chromaSubsampling: [1, 1] as const,
    profile,
  };
  return decodeRgb(writeMiniTiff(picture, [data]), { profile: true });
}

/** Every colour of a coarse grid once. */
function colourCube(): RgbImage {
  const step = 255 / (trialSide - 1);
  const data = new Uint8Array(trialSide ** 3 * 3);
  for (let i = 0; i < trialSide ** 3; i++)
    for (let channel = 0; channel < 3; channel++)
      data[i * 3 + channel] = Math.round((Math.floor(i / trialSide ** channel) % trialSide) * step);
  return { data, widthPx: trialSide ** 2, heightPx: trialSide };
}
