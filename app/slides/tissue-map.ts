/**
 * How much each place of a slide looks like tissue. Stain has colour, glass has none, so the score is the largest minus the
 * smallest channel of an overview, and Otsu's method (1979) says where tissue begins. What is on a slide besides both is told
 * apart by how it takes light:
 *
 *     tinted glass          every channel is divided by the glass's own colour (the I0 of Ruifrok and Johnston 2001)
 *     dust, black ink, rim  takes all three channels alike: its optical densities are nearly equal, those of a stain are not
 *     padding               has no noise: flat cells do not vote on the threshold
 *     pen ink               pen-ink.ts
 */
import { meanMpp } from '../core/pyramid.ts';
import type { RgbImage, SlideInfo } from '../core/slide.ts';
import type { TissueMap } from '../core/tissue-map.ts';
import { otsuThreshold } from './otsu.ts';
import { penInk } from './pen-ink.ts';
import type { OnStep, Slide } from './slide.ts';
import { overviewOf } from './thumbnail.ts';

/** A cell is about as large as a nucleus; finer, every gap between cells would be glass. */
const wantedCellUm = 8;
const assumedMpp = 0.5;
/** The map's larger side at the most. */
const mostSidePx = 2048;

/** Optical densities that differ by less than this share of their mean are those of something grey. */
const leastTint = 0.35;
/** Glass is at least this bright in every channel and this near to grey. */
const darkestGlass = 150;
const mostGlassTint = 24;
/** Share of the slide that must have the glass's colour before the slide is corrected by it. */
const leastGlass = 0.02;

/** Reads an overview and scores it. */
export async function readTissueMap(slide: Slide, onStep?: OnStep): Promise<TissueMap> {
  const downsample = maskDownsample(slide.info);
  const overview = await slide.region(overviewOf(slide, downsample), onStep);
  return scoreTissue(overview, downsample, cellUmOf(slide.info, downsample));
}

/** Level-0 px a cell of the map is wide. */
export function maskDownsample({ widthPx, heightPx, mpp }: SlideInfo): number {
  return Math.max(1, wantedCellUm / (mpp ? meanMpp(mpp) : assumedMpp), Math.max(widthPx, heightPx) / mostSidePx);
}

function cellUmOf({ mpp }: SlideInfo, downsample: number): number {
  return downsample * (mpp ? meanMpp(mpp) : assumedMpp);
}

/** The map of an overview whose px are `downsample` level-0 px and `cellUm` µm wide. */
export function scoreTissue(overview: RgbImage, downsample: number, cellUm = wantedCellUm): TissueMap {
  const { widthPx, heightPx } = overview;
  const data = againstGlass(overview);
  const colour = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < colour.length; i++) colour[i] = colourOf(data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!);
  const scores = median(colour, widthPx, heightPx);
  const pen = penInk({ data, widthPx, heightPx }, cellUm);
  const automatic = otsuThreshold(histogram(overview, scores, pen));
  return { scores, pen, widthPx, heightPx, downsample, cellUm, automatic };
}

const density = Float64Array.from({ length: 256 }, (_, value) => -Math.log(Math.max(1, value) / 255));

function colourOf(r: number, g: number, b: number): number {
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  const spread = density[least]! - density[most]!;
  const mean = (density[r]! + density[g]! + density[b]!) / 3;
  return spread < leastTint * mean ? 0 : most - least;
}

/** The overview with its glass made white; as it is where no glass can be found. */
function againstGlass({ data, widthPx, heightPx }: RgbImage): Uint8Array {
  const glass = glassColour(data, widthPx * heightPx);
  if (!glass) return data;
  const scales = glass.map((value) => 255 / value);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = Math.min(255, Math.round(data[i]! * scales[i % 3]!));
  return out;
}

/** The commonest bright, nearly grey colour that is not pure white: padding is, glass behind a lens is not. */
function glassColour(rgb: Uint8Array, count: number): [number, number, number] | null {
  // Bins of 8 a channel: [r, g, b, count] sums.
  const bins = new Map<number, [number, number, number, number]>();
  for (let i = 0; i < count; i++) {
    const r = rgb[i * 3]!;
    const g = rgb[i * 3 + 1]!;
    const b = rgb[i * 3 + 2]!;
    const most = Math.max(r, g, b);
    const least = Math.min(r, g, b);
    if (least < darkestGlass || least === 255 || most - least > mostGlassTint) continue;
    const key = ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);
    const bin = bins.get(key);
    if (!bin) bins.set(key, [r, g, b, 1]);
    else {
      bin[0] += r;
      bin[1] += g;
      bin[2] += b;
      bin[3]++;
    }
  }
  let best: [number, number, number, number] = [0, 0, 0, 0];
  for (const bin of bins.values()) if (bin[3] > best[3]) best = bin;
  const [r, g, b, cells] = best;
  return cells < leastGlass * count ? null : [r / cells, g / cells, b / cells];
}

/** A 3 x 3 median: the noise of pale stain and single grains of dust go, borders stay where they are. */
function median(values: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const out = new Uint8Array(values.length);
  const window = new Uint8Array(9);
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, at++) {
      let count = 0;
      for (let dy = -1; dy <= 1; dy++) {
        const row = at + Math.min(heightPx - 1 - y, Math.max(-y, dy)) * widthPx;
        for (let dx = -1; dx <= 1; dx++) {
          const value = values[row + Math.min(widthPx - 1 - x, Math.max(-x, dx))]!;
          // Kept in order as they come: nine values are too few for anything cleverer.
          let place = count++;
          for (; place > 0 && window[place - 1]! > value; place--) window[place] = window[place - 1]!;
          window[place] = value;
        }
      }
      out[at] = window[4]!;
    }
  }
  return out;
}

/** Scores of the cells that may be glass or tissue: no pen, and no padding (a cell equal to its left and upper neighbour). */
function histogram({ data, widthPx }: RgbImage, scores: Uint8Array, pen: Uint8Array): Float64Array {
  const counts = new Float64Array(256);
  for (let i = 0; i < scores.length; i++) {
    if (pen[i] !== 0 || (i % widthPx > 0 && i >= widthPx && equal(data, i, i - 1) && equal(data, i, i - widthPx)))
      continue;
    counts[scores[i]!]!++;
  }
  return counts;
}

function equal(rgb: Uint8Array, a: number, b: number): boolean {
  return rgb[a * 3] === rgb[b * 3] && rgb[a * 3 + 1] === rgb[b * 3 + 1] && rgb[a * 3 + 2] === rgb[b * 3 + 2];
}
