/**
 * From a slide's tissue scores to its tissue mask. A decode process scores the slide once (slides/tissue-map.ts); where the line
 * is drawn is cheap and happens wherever it is looked at: on the host, and in the window while the threshold is being moved.
 *
 *     scores > threshold  ->  pen taken out  ->  specks dropped, small holes filled  ->  mask
 */
import type { Box } from './geometry.ts';
import type { TissueMask } from './slide.ts';

/** A cell covers `downsample` x `downsample` level-0 px; both planes are [heightPx, widthPx]. */
export interface TissueMap {
  /** How much colour a cell has that stain can give, 0..255; glass, dust, black ink and scanner padding are near 0. */
  readonly scores: Uint8Array;
  /** 1 where a cell is coloured ink of a pen. */
  readonly pen: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly downsample: number;
  /** Side of a cell in µm. */
  readonly cellUm: number;
  /** The threshold that Otsu's method gives. */
  readonly automatic: number;
}

/** What a person chose for one slide; stored with it. */
export interface TissueChoice {
  /** On the scores' scale; null is the automatic one. */
  readonly threshold: number | null;
  /** For stains that look like ink, such as the blue and green of trichrome stains. */
  readonly penIsTissue: boolean;
}

export const automaticTissue: TissueChoice = { threshold: null, penIsTissue: false };

/** Specks below this are dust or debris: a square of 64 µm, HistoQC's smallest object (Janowczyk et al. 2019). */
const leastObjectUm2 = 4096;
/** Holes below this belong to the tissue: a fat cell, a small vessel, a gland's lumen. */
const leastHoleUm2 = 20_000;

/** The mask at a choice; specks and small holes are judged by their area in µm², as CLAM does (Lu et al. 2021). */
export function tissueMaskOf(map: TissueMap, choice: TissueChoice = automaticTissue): TissueMask {
  const { scores, pen, widthPx, heightPx, downsample, cellUm } = map;
  const threshold = choice.threshold ?? map.automatic;
  const data = new Uint8Array(scores.length);
  for (let i = 0; i < data.length; i++)
    data[i] = scores[i]! > threshold && (choice.penIsTissue || pen[i] === 0) ? 255 : 0;
  const cells = (um2: number): number => um2 / cellUm ** 2;
  turnSmall(data, widthPx, 255, cells(leastObjectUm2));
  turnSmall(data, widthPx, 0, cells(leastHoleUm2));
  if (!choice.penIsTissue) for (let i = 0; i < data.length; i++) if (pen[i] !== 0) data[i] = 0;
  return { data, widthPx, heightPx, downsample, threshold };
}

/** Share of a box that pen ink covers, 0..1; outside the slide there is none. */
export function penShare(map: TissueMap, { x, y, width, height }: Box, choice: TissueChoice = automaticTissue): number {
  if (choice.penIsTissue) return 0;
  const x0 = Math.max(0, Math.floor(x / map.downsample));
  const y0 = Math.max(0, Math.floor(y / map.downsample));
  const x1 = Math.min(map.widthPx, Math.max(x0 + 1, Math.round((x + width) / map.downsample)));
  const y1 = Math.min(map.heightPx, Math.max(y0 + 1, Math.round((y + height) / map.downsample)));
  let ink = 0;
  for (let row = y0; row < y1; row++)
    for (let column = x0; column < x1; column++) ink += map.pen[row * map.widthPx + column]!;
  const cells = (x1 - x0) * (y1 - y0);
  return cells > 0 ? ink / cells : 0;
}

/**
 * Turns 4-connected patches of `value` (0 or 255) with fewer than `least` cells into the other; in place. What reaches the
 * border stays: nobody knows how far it goes on.
 */
function turnSmall(data: Uint8Array, widthPx: number, value: 0 | 255, least: number): void {
  const other = 255 - value;
  const seen = new Uint8Array(data.length);
  const stack = new Int32Array(data.length);
  for (let start = 0; start < data.length; start++) {
    if (data[start] !== value || seen[start]) continue;
    // Cells stay on the stack after their turn: when the patch is whole, the stack is its list.
    let count = 0;
    const visit = (cell: number): void => {
      if (data[cell] !== value || seen[cell]) return;
      seen[cell] = 1;
      stack[count++] = cell;
    };
    let enclosed = true;
    visit(start);
    for (let next = 0; next < count; next++) {
      const cell = stack[next]!;
      const column = cell % widthPx;
      if (column === 0 || column === widthPx - 1 || cell < widthPx || cell + widthPx >= data.length) enclosed = false;
      if (column > 0) visit(cell - 1);
      if (column < widthPx - 1) visit(cell + 1);
      if (cell >= widthPx) visit(cell - widthPx);
      if (cell + widthPx < data.length) visit(cell + widthPx);
    }
    if (count < least && enclosed) for (let i = 0; i < count; i++) data[stack[i]!] = other;
  }
}
