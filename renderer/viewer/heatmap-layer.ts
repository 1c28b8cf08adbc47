/**
 * The heat map of a run over its slide: tiles of 256 x 256 cells, one px a patch, drawn cell by cell without smoothing.
 * Tiles are asked for again when a block of the prediction has finished.
 */
import type { PredictionSummary } from '../../app/core/project.ts';
import { pictures } from '../state/api.ts';
import { request } from '../state/http.ts';
import type { OverlayMode } from '../state/overlay.svelte.ts';
import type { Affine } from './affine.ts';

const tileCells = 256;

export interface HeatmapChoice {
  readonly summary: PredictionSummary;
  readonly mode: OverlayMode;
  readonly classIndex: number;
}

interface HeatTile {
  readonly column: number;
  readonly row: number;
  picture: ImageBitmap | null;
}

export class HeatmapLayer {
  readonly #redraw: () => void;
  #choice: HeatmapChoice | null = null;
  #tiles: HeatTile[] = [];
  #loading = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** Null takes the heat map away. */
  show(choice: HeatmapChoice | null): void {
    const sameRun = choice && this.#choice?.summary.runId === choice.summary.runId;
    this.#choice = choice;
    if (!sameRun) this.#tiles = [];
    if (!choice) {
      this.#redraw();
      return;
    }
    if (this.#tiles.length === 0) {
      const { columns, rows } = choice.summary;
      for (let row = 0; row * tileCells < rows; row++) {
        for (let column = 0; column * tileCells < columns; column++) this.#tiles.push({ column, row, picture: null });
      }
    }
    this.refresh(null, 0);
  }

  /** Fetches the tiles again that hold these rows of cells, at most twice a second. */
  refresh(rows: readonly [from: number, to: number] | null, pauseMs = 500): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(rows), pauseMs);
  }

  async #load(rows: readonly [from: number, to: number] | null): Promise<void> {
    const choice = this.#choice;
    if (!choice) return;
    this.#loading.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const wanted = this.#tiles.filter(
      ({ row }) => !rows || (row * tileCells <= rows[1] && (row + 1) * tileCells >= rows[0]),
    );
    for (const tile of wanted) {
      const path = pictures.overlay(choice.summary.runId, tile.column, tile.row, choice.mode, choice.classIndex);
      try {
        const blob = await (await request(path, { signal: loading.signal })).blob();
        const picture = await createImageBitmap(blob);
        if (loading.signal.aborted) return;
        tile.picture?.close();
        tile.picture = picture;
        this.#redraw();
      } catch {
        if (loading.signal.aborted) return;
        // A tile that nothing was predicted for yet comes with a later block.
      }
    }
  }

  paint(ctx: CanvasRenderingContext2D, camera: Affine, ratio: number): void {
    if (!this.#choice) return;
    const { grid } = this.#choice.summary;
    ctx.save();
    ctx.imageSmoothingEnabled = false;
    const m = camera;
    ctx.setTransform(m.a * ratio, m.b * ratio, m.c * ratio, m.d * ratio, m.e * ratio, m.f * ratio);
    for (const { column, row, picture } of this.#tiles) {
      if (!picture) continue;
      const x = grid.x + column * tileCells * grid.strideX;
      const y = grid.y + row * tileCells * grid.strideY;
      ctx.drawImage(picture, x, y, picture.width * grid.strideX, picture.height * grid.strideY);
    }
    ctx.restore();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#loading.abort();
    for (const tile of this.#tiles) tile.picture?.close();
    this.#tiles = [];
  }
}
