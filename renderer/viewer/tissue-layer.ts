/** The tissue mask over the slide: glass is darkened, so that what counts as tissue stays bright. */
import { api } from '../state/api.ts';
import { notices } from '../state/notices.svelte.ts';
import type { Affine } from './affine.ts';

export class TissueLayer {
  readonly #redraw: () => void;
  readonly #slideId: string;
  #shown = false;
  #mask: { readonly canvas: HTMLCanvasElement; readonly downsample: number } | null = null;
  #loading: AbortController | null = null;

  constructor(slideId: string, redraw: () => void) {
    this.#slideId = slideId;
    this.#redraw = redraw;
  }

  show(shown: boolean): void {
    this.#shown = shown;
    if (shown && !this.#mask && !this.#loading) void this.#load();
    this.#redraw();
  }

  async #load(): Promise<void> {
    this.#loading = new AbortController();
    try {
      const response = await api.tissue(this.#slideId, this.#loading.signal);
      const downsample = Number(response.headers.get('x-downsample'));
      const picture = await createImageBitmap(await response.blob());
      this.#mask = { canvas: shadeOfGlass(picture), downsample };
      picture.close();
      this.#redraw();
    } catch (error) {
      notices.fail(error);
    } finally {
      this.#loading = null;
    }
  }

  paint(ctx: CanvasRenderingContext2D, m: Affine, ratio: number): void {
    if (!this.#shown || !this.#mask) return;
    const { canvas, downsample } = this.#mask;
    ctx.save();
    ctx.setTransform(m.a * ratio, m.b * ratio, m.c * ratio, m.d * ratio, m.e * ratio, m.f * ratio);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(canvas, 0, 0, canvas.width * downsample, canvas.height * downsample);
    ctx.restore();
  }

  close(): void {
    this.#loading?.abort();
  }
}

function shadeOfGlass(picture: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  const ctx = canvas.getContext('2d', { willReadFrequently: true });
  if (!ctx) return canvas;
  ctx.drawImage(picture, 0, 0);
  const pixels = ctx.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const glass = pixels.data[i]! < 128;
    pixels.data[i] = 20;
    pixels.data[i + 1] = 12;
    pixels.data[i + 2] = 40;
    pixels.data[i + 3] = glass ? 170 : 0;
  }
  ctx.putImageData(pixels, 0, 0);
  return canvas;
}
