/** Regions that lie on glass: seldom meant, mostly a file that belongs to another slide. */
import { type Box, boundsOf, containsPoint, type MultiPolygon } from '../core/geometry.ts';
import type { TissueMask } from '../core/slide.ts';

/** Below this share of tissue a region counts as lying on glass. */
const leastTissue = 0.05;
/** Points a side at which a region is tried. */
const samples = 24;

/** One sentence that counts them, or none. */
export function tissueWarnings(regions: readonly { readonly geometry: MultiPolygon }[], mask: TissueMask): string[] {
  const off = regions.filter(({ geometry }) => shareOnTissue(geometry, mask) < leastTissue).length;
  if (off === 0) return [];
  return [
    `${off} of ${regions.length} region${regions.length === 1 ? '' : 's'} lie${off === 1 ? 's' : ''} off the tissue.`,
  ];
}

/** Share of a region's area that is tissue, 0..1, from a grid of points. */
function shareOnTissue(geometry: MultiPolygon, mask: TissueMask): number {
  let inside = 0;
  let tissue = 0;
  for (const [x, y] of gridOver(boundsOf(geometry))) {
    if (!containsPoint(geometry, [x, y])) continue;
    inside++;
    const column = Math.floor(x / mask.downsample);
    const row = Math.floor(y / mask.downsample);
    if (
      column >= 0 &&
      row >= 0 &&
      column < mask.widthPx &&
      row < mask.heightPx &&
      mask.data[row * mask.widthPx + column]! > 0
    )
      tissue++;
  }
  // A sliver between the grid's points is too small to judge.
  return inside === 0 ? 1 : tissue / inside;
}

function* gridOver({ x, y, width, height }: Box): Generator<[x: number, y: number]> {
  for (let row = 0; row < samples; row++) {
    for (let column = 0; column < samples; column++) {
      yield [x + ((column + 0.5) * width) / samples, y + ((row + 0.5) * height) / samples];
    }
  }
}
