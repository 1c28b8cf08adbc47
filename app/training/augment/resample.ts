/**
 * Rotation, zoom and flips in ONE bilinear resampling, so that a view is no blurrier than it must be.
 *
 *     +-----------------+  source: [side, side, rgb], side = sizePx + 2 contextPx
 *     |    /\  context  |
 *     |   /  \          |  the turned square lies inside the context: nothing is filled.
 *     |   \   \         |  Where the margin is too small (a folder of ready-made patches has none) the picture is
 *     |    \  /         |  mirrored at its edge: mirrored tissue is still tissue, unlike smeared or black corners.
 *     +-----------------+
 */
import type { TissueView } from './view.ts';

/** Fills `into` [sizePx, sizePx, rgb] with the view of `source` [side, side, rgb]; both uint8. */
export function resample(
  source: Uint8Array,
  sizePx: number,
  contextPx: number,
  view: TissueView,
  into: Uint8Array,
): void {
  const side = sizePx + 2 * contextPx;
  if (view.angle === 0 && view.scale === 1 && !view.flipX && !view.flipY) {
    cropCentre(source, side, sizePx, contextPx, into);
    return;
  }
  const mirror = mirrorTable(side);
  const cosine = Math.cos(view.angle) * view.scale;
  const sine = -Math.sin(view.angle) * view.scale; // y points down
  const flipX = view.flipX ? -1 : 1;
  const flipY = view.flipY ? -1 : 1;
  const half = (sizePx - 1) / 2;
  const centre = (side - 1) / 2 + side; // the table's origin lies one side to the left
  const stride = side * 3;
  let out = 0;
  for (let row = 0; row < sizePx; row++) {
    const dy = (row - half) * flipY;
    let x = centre + sine * dy - cosine * half * flipX;
    let y = centre + cosine * dy + sine * half * flipX;
    const stepX = cosine * flipX;
    const stepY = -sine * flipX;
    for (let column = 0; column < sizePx; column++, x += stepX, y += stepY) {
      const x0 = x | 0;
      const y0 = y | 0;
      const right = x - x0;
      const down = y - y0;
      const left = mirror[x0]! * 3;
      const next = mirror[x0 + 1]! * 3;
      const top = mirror[y0]! * stride;
      const bottom = mirror[y0 + 1]! * stride;
      const a = (1 - right) * (1 - down);
      const b = right * (1 - down);
      const c = (1 - right) * down;
      const d = right * down;
      for (let k = 0; k < 3; k++) {
        const value =
          a * source[top + left + k]! +
          b * source[top + next + k]! +
          c * source[bottom + left + k]! +
          d * source[bottom + next + k]!;
        into[out++] = value + 0.5;
      }
    }
  }
}

function cropCentre(source: Uint8Array, side: number, sizePx: number, contextPx: number, into: Uint8Array): void {
  for (let row = 0; row < sizePx; row++) {
    const from = ((row + contextPx) * side + contextPx) * 3;
    into.set(source.subarray(from, from + sizePx * 3), row * sizePx * 3);
  }
}

const tables = new Map<number, Int32Array>();

/** Index of position p - side, mirrored at both edges without repeating the edge, for p in [0, 3 side]. */
function mirrorTable(side: number): Int32Array {
  let table = tables.get(side);
  if (table) return table;
  const period = Math.max(1, 2 * (side - 1));
  table = Int32Array.from({ length: 3 * side + 1 }, (_, p) => {
    const at = (((p - side) % period) + period) % period;
    return at < side ? at : period - at;
  });
  tables.set(side, table);
  return table;
}
