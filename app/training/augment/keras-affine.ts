/**
 * Keras' classic affine augmentation (apply_affine_transform, then the flips): rotation, shift, shear and zoom composed in that
 * order around the centre, one bilinear resampling, the nearest edge pixel where the picture ends.
 *
 *     M = R(theta) · T(tx, ty) · S(shear) · Z(zx, zy)         a pixel of the view at p shows the source at c + M (p - c)
 *
 * The first coordinate of M is the column and the second the row: Keras exchanges them before it hands M to scipy, so that
 * tx, which it draws from height_shift_range, moves columns. Eosin does the same.
 */
import type { KerasView } from './keras-view.ts';

/** Fills `into` [sizePx, sizePx, rgb] with the view of `source` [side, side, rgb]; both uint8, a margin is left out. */
export function kerasAffine(
  source: Uint8Array,
  sizePx: number,
  contextPx: number,
  view: KerasView,
  into: Uint8Array,
): void {
  const [a, b, c, d, shiftX, shiftY] = matrixOf(view, sizePx);
  const stride = (sizePx + 2 * contextPx) * 3;
  const origin = contextPx * stride + contextPx * 3;
  const centre = (sizePx - 1) / 2;
  const last = sizePx - 1;
  let out = 0;
  for (let row = 0; row < sizePx; row++) {
    const v = (view.flipVertical ? last - row : row) - centre;
    for (let column = 0; column < sizePx; column++) {
      const u = (view.flipHorizontal ? last - column : column) - centre;
      const x = clamp(centre + a * u + b * v + shiftX, last);
      const y = clamp(centre + c * u + d * v + shiftY, last);
      const left = Math.floor(x);
      const top = Math.floor(y);
      const right = Math.min(left + 1, last);
      const bottom = Math.min(top + 1, last);
      const [fx, fy] = [x - left, y - top];
      for (let k = 0; k < 3; k++) {
        const at = (px: number, py: number): number => source[origin + py * stride + px * 3 + k]!;
        const upper = at(left, top) * (1 - fx) + at(right, top) * fx;
        const lower = at(left, bottom) * (1 - fx) + at(right, bottom) * fx;
        into[out++] = upper * (1 - fy) + lower * fy + 0.5;
      }
    }
  }
}

/** The rows of M without its last: [a b | shiftX], [c d | shiftY]. */
function matrixOf(
  { rotation, heightShift, widthShift, shear, zoom: [zx, zy] }: KerasView,
  sizePx: number,
): [number, number, number, number, number, number] {
  const radians = Math.PI / 180;
  const [cosine, sine] = [Math.cos(rotation * radians), Math.sin(rotation * radians)];
  const [tx, ty] = [heightShift * sizePx, widthShift * sizePx];
  const [lean, squeeze] = [-Math.sin(shear * radians), Math.cos(shear * radians)];
  return [
    cosine * zx,
    (cosine * lean - sine * squeeze) * zy,
    sine * zx,
    (sine * lean + cosine * squeeze) * zy,
    cosine * tx - sine * ty,
    sine * tx + cosine * ty,
  ];
}

function clamp(value: number, last: number): number {
  return value < 0 ? 0 : value > last ? last : value;
}
