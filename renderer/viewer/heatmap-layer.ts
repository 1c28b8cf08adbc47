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
  /** Pictures of the rungs that were looked at, so that going to and fro among them waits for nothing. */
  readonly #rungs = new Map<string, HeatTile[]>();
  #loading = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** Null takes the heat map away. */
  show(choice: HeatmapChoice | null): void {
    const before = this.#choice && keyOf(this.#choice);
    this.#choice = choice;
    if (!choice || before !== keyOf(choice)) this.#tiles = (choice && this.#rungs.get(rungKey(choice) ?? '')) ?? [];
    if (!choice) {
      this.#redraw();
      return;
    }
    if (this.#tiles.length === 0) {
      const { columns, rows } = choice.summary;
      for (let row = 0; row * tileCells < rows; row++) {
        for (let column = 0; column * tileCells < columns; column++) this.#tiles.push({ column, row, picture: null });
      }
      const rung = rungKey(choice);
      if (rung) this.#rungs.set(rung, this.#tiles);
    } else if (rungKey(choice) && this.#tiles.every(({ picture }) => picture)) {
      this.#loading.abort();
      this.#redraw();
      return;
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
      const path = pictures.overlay(choice.summary, tile.column, tile.row, choice.mode, choice.classIndex);
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
    for (const tile of [...this.#tiles, ...[...this.#rungs.values()].flat()]) tile.picture?.close();
    this.#rungs.clear();
    this.#tiles = [];
  }
}

/** Of one look at one prediction the tiles stay while new ones come. */
function keyOf(choice: HeatmapChoice): string {
  return rungKey(choice) ?? choice.summary.runId;
}

/** The finished picture of a rung; null for a prediction, which may still grow. */
function rungKey({ summary: { runId, rung }, mode, classIndex }: HeatmapChoice): string | null {
  return rung === undefined ? null : `${runId} ${rung} ${mode === 'class' ? mode : classIndex}`;
}
