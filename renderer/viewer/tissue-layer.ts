/** The tissue mask over the slide: glass is darkened, so that what counts as tissue stays bright; pen is struck out in green. */
import type { TissueMask } from '../../app/core/slide.ts';
import type { TissueMap } from '../../app/core/tissue-map.ts';
import type { Affine } from './affine.ts';

const shade = [20, 12, 40, 170] as const;
const penShade = [0, 120, 60, 205] as const;

export class TissueLayer {
  readonly #redraw: () => void;
  readonly #canvas = document.createElement('canvas');
  #downsample = 0;

  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** `pen` of the mask's size: 1 where there is ink that does not count as tissue. Null hides the layer. */
  show(shown: { readonly mask: TissueMask; readonly pen: TissueMap['pen'] } | null): void {
    this.#downsample = shown ? shown.mask.downsample : 0;
    if (shown) drawShade(this.#canvas, shown.mask, shown.pen);
    this.#redraw();
  }

  paint(ctx: CanvasRenderingContext2D, m: Affine, ratio: number): void {
    if (this.#downsample === 0) return;
    const { width, height } = this.#canvas;
    ctx.save();
    ctx.setTransform(m.a * ratio, m.b * ratio, m.c * ratio, m.d * ratio, m.e * ratio, m.f * ratio);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.#canvas, 0, 0, width * this.#downsample, height * this.#downsample);
    ctx.restore();
  }
}

function drawShade(canvas: HTMLCanvasElement, { data, widthPx, heightPx }: TissueMask, pen: TissueMap['pen']): void {
  if (canvas.width !== widthPx || canvas.height !== heightPx) {
    canvas.width = widthPx;
    canvas.height = heightPx;
  }
  const ctx = canvas.getContext('2d');
  if (!ctx) return;
  const pixels = ctx.createImageData(widthPx, heightPx);
  for (let i = 0; i < data.length; i++) if (data[i] === 0) pixels.data.set(pen[i] === 1 ? penShade : shade, i * 4);
  ctx.putImageData(pixels, 0, 0);
}
