/** What a slide is, in the words that every side of Eosin shares. No path stands here: the renderer knows slides by id. */
import type { Box } from './geometry.ts';
import type { Mpp, PyramidLevel } from './pyramid.ts';

export interface SlideLevel extends PyramidLevel {
  readonly tileWidthPx: number;
  readonly tileHeightPx: number;
  /** `jpeg`, `jpeg2000`, `lzw`, `deflate`, `zstd`, `webp`, `none`; `made` for an overview level that Eosin made and cached. */
  readonly compression: string;
}

/** `stored`: as the scanner wrote them. `srgb`: shown through the slide's own ICC profile. */
export type ColourMode = 'stored' | 'srgb';

/** How a slide is looked at; what is left out is its default plane and its stored colours. */
export interface SlideLook {
  /** Counted as in `FocalPlanes.offsetsUm`. */
  readonly focalPlane?: number | undefined;
  readonly colour?: ColourMode | undefined;
}

/** Pictures of the same field at several heights, in the file's order. */
export interface FocalPlanes {
  /** Height of each above the slide's nominal focus in µm; null where the file does not say. */
  readonly offsetsUm: readonly (number | null)[];
  /** The plane that is shown. */
  readonly shown: number;
}

/** A slide whose format or file knows one plane. */
export const onePlane: FocalPlanes = { offsetsUm: [null], shown: 0 };

/** The colour profile that a slide carries and that can be used. */
export interface IccProfile {
  readonly description: string;
  readonly bytes: number;
}

export interface SlideInfo {
  readonly format: string;
  readonly vendor: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Null when the file does not say; the user is asked. */
  readonly mpp: Mpp | null;
  readonly objective: number | null;
  readonly levels: readonly SlideLevel[];
  /** Names of label, macro and thumbnail pictures stored beside the slide. */
  readonly associated: readonly string[];
  readonly focalPlanes: FocalPlanes;
  /** Null when there is none, or none that can be used: `properties` then says why, as `icc.not-used`. */
  readonly icc: IccProfile | null;
  /** The same for every look. SHA-256 (hex) of length, directories, offset tables and 64 hash-chosen tiles. */
  readonly fingerprint: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Interleaved 8-bit RGB, row by row: data.length === widthPx * heightPx * 3. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A rectangle of a slide in output px: top-left corner in level-0 px, size in px of the grid asked for. */
export interface RegionRequest {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Level-0 px per output px; 1 reads level 0 as it is stored. */
  readonly downsample: number;
}

/** One byte a cell, 255 tissue and 0 glass; a cell covers `downsample` x `downsample` level-0 px. */
export interface TissueMask {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly downsample: number;
  /** On the scale of the scores that it was drawn from (tissue-map.ts). */
  readonly threshold: number;
}

/** Share of a box's area that is tissue, 0..1; outside the mask is glass. */
export function tissueShare(mask: TissueMask, box: Box): number {
  const x0 = Math.max(0, Math.floor(box.x / mask.downsample));
  const y0 = Math.max(0, Math.floor(box.y / mask.downsample));
  const x1 = Math.min(mask.widthPx, Math.max(x0 + 1, Math.round((box.x + box.width) / mask.downsample)));
  const y1 = Math.min(mask.heightPx, Math.max(y0 + 1, Math.round((box.y + box.height) / mask.downsample)));
  let tissue = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (mask.data[y * mask.widthPx + x]! > 0) tissue++;
  const cells = (x1 - x0) * (y1 - y0);
  return cells > 0 ? tissue / cells : 0;
}
