/** The whole slide as one small picture. */
import type { RgbImage } from '../core/slide.ts';
import type { OnStep, Slide } from './slide.ts';

/** At most `maxSidePx` on the longer side, never larger than the slide itself. */
export function readThumbnail(slide: Slide, maxSidePx: number, onStep?: OnStep): Promise<RgbImage> {
  return slide.region(overviewOf(slide, Math.max(slide.info.widthPx, slide.info.heightPx) / maxSidePx), onStep);
}

/** The request that covers the whole slide at this downsample (at least 1). */
export function overviewOf({ info }: Slide, downsample: number) {
  const least = Math.max(1, downsample);
  return {
    x: 0,
    y: 0,
    widthPx: Math.max(1, Math.round(info.widthPx / least)),
    heightPx: Math.max(1, Math.round(info.heightPx / least)),
    downsample: least,
  };
}
