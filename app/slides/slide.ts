/**
 * A slide as its readers give it: levels of tiles to look at, regions of pixels to compute with. One reader a format; nothing above
 * this line knows a file format. Readers run in decode processes only.
 */
import type { RegionRequest, RgbImage, SlideInfo } from '../core/slide.ts';

/** A picture as it goes over the wire: `image/jpeg` or `image/png`. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** How far long work is, in steps of any kind. */
export interface StepProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Long work tells that it goes on, and how far it is where that is known: called after each step (at most `stepPx` source px); a decode
 * deadline counts from the last one.
 */
export type OnStep = (progress?: StepProgress) => void;

export interface Slide {
  readonly info: SlideInfo;
  /** Tile (x, y) of a level, counted in tiles from the top left; clipped to the slide; a stored JPEG stays as it was scanned. */
  tile(level: number, x: number, y: number, onStep?: OnStep): Promise<EncodedImage>;
  /** Resampled once, by area, from the nearest finer level; what lies outside of the slide is white. */
  region(request: RegionRequest, onStep?: OnStep): Promise<RgbImage>;
  /** A label, macro or thumbnail picture by its name in `info.associated`. */
  associated(name: string): Promise<RgbImage>;
  /** Makes the levels that `info` calls `made`, unless they are cached already; other calls do so when they need them. */
  makeLevels(onStep?: OnStep): Promise<void>;
  close(): Promise<void>;
}
