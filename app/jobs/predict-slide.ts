/**
 * Prediction of a whole slide, host side: decode processes cut patches ahead of the worker that runs the network.
 *
 *     bands of rows -> square blocks -> batches -> worker -> probabilities -> rows of the heat map
 *
 * A band's rows are on disk before they are told, so the same prediction goes on where it stopped.
 */
import type { Box } from '../core/geometry.ts';
import { createEta } from '../core/progress.ts';
import { type Mpp, meanMpp } from '../core/pyramid.ts';
import { type SlideInfo, tissueShare } from '../core/slide.ts';
import { automaticTissue, penShare, type TissueChoice } from '../core/tissue-map.ts';
import { gridOver, type Heatmap, type HeatmapHeader, patchBox } from '../overlay/heatmap.ts';
import { type HeatmapFile, openHeatmapFile } from '../overlay/heatmap-file.ts';
import { checkModelFits, type FitOverride, type ModelFit } from '../passports/guards.ts';
import type { OpenedModel } from '../passports/model-folder.ts';
import type { TissueMasks } from '../slides/tissue-masks.ts';
import { type BatchWorker, type BatchWorkerDeps, startBatchWorker } from './batch-worker.ts';
import { leastTissue } from './least-tissue.ts';
import type { Emit } from './live-runs.ts';

export interface PredictionRequest {
  readonly slide: {
    readonly id: string;
    readonly path: string;
    readonly info: SlideInfo;
    readonly mpp: Mpp | null;
    readonly stain: string;
    /** Where tissue begins; the automatic threshold by default. */
    readonly tissue?: TissueChoice;
  };
  readonly model: OpenedModel;
  /** Level-0 px between patches; null sets them side by side. */
  readonly stride: number | null;
  /** What of the model's passport a person overruled. */
  readonly override?: FitOverride;
  /** Where the heat map grows; an unfinished one of the same prediction goes on. */
  readonly heatmapFile: string;
  readonly threads: number;
}

export interface PredictionResult {
  readonly heatmap: Heatmap;
  /** Patches that this call predicted: fewer than all when it went on from an earlier one. */
  readonly patches: number;
  readonly seconds: number;
  /** Of the guard: they belong beside the result. */
  readonly warnings: readonly string[];
  /** Share of a box on the slide that pen ink covers, 0..1. */
  readonly penOf: (box: Box) => number;
}

const batchSize = 64;
/** A band of this many rows is cut in square blocks, so that neighbouring patches share decoded tiles. */
const rowsPerBand = 8;

interface Cell {
  readonly column: number;
  readonly row: number;
}

interface Band {
  readonly fromRow: number;
  readonly rows: number;
  readonly cells: readonly Cell[];
}

/** Predicts every tissue patch; throws what the guards, the decode processes and the worker throw. */
export async function predictSlide(
  deps: BatchWorkerDeps & { readonly masks: TissueMasks },
  request: PredictionRequest,
  emit: Emit,
  signal: AbortSignal,
): Promise<PredictionResult> {
  const { slide, model, override } = request;
  // A file that is replaced meanwhile is refused: half a heat map of each would be of neither.
  const source = { path: slide.path, fingerprint: slide.info.fingerprint };
  const slideMpp = slide.mpp === null ? null : meanMpp(slide.mpp);
  const { stain, info } = slide;
  const fit = checkModelFits(model.passport, { mpp: slideMpp, stain, icc: info.icc }, override);
  for (const text of fit.warnings) emit({ type: 'note', level: 'warning', text });
  const file = await openHeatmapFile(request.heatmapFile, headerFor(request, fit));
  try {
    const startMs = performance.now();
    const worker = await startBatchWorker(
      deps,
      {
        modelFolder: model.folder,
        threads: request.threads,
        batchSize,
        sizePx: model.passport.sizePx,
        classCount: model.passport.classes.length,
        slide: { ...source, colour: fit.colour },
        downsample: fit.downsample,
      },
      signal,
    );
    try {
      // The worker loads its network while the mask is made.
      const mask = await deps.masks.get(source, slide.tissue, signal);
      const map = await deps.masks.map(source, signal);
      const { grid, settings } = file.heatmap.header;
      const bands = bandsLeft(
        file.heatmap,
        ({ column, row }) => tissueShare(mask, patchBox(grid, column, row)) >= Number(settings.leastTissue),
      );
      const patches = await predictBands(worker, bands, file, slide.id, emit, signal);
      const seconds = (performance.now() - startMs) / 1000;
      return {
        heatmap: file.heatmap,
        patches,
        seconds,
        warnings: fit.warnings,
        penOf: (box) => penShare(map, box, slide.tissue),
      };
    } finally {
      await worker.close();
    }
  } finally {
    await file.close();
  }
}

function headerFor(
  { slide, model, stride, override }: PredictionRequest,
  { downsample, colour }: ModelFit,
): HeatmapHeader {
  const patchLevel0 = model.passport.sizePx * downsample;
  return {
    slideId: slide.id,
    slideFingerprint: slide.info.fingerprint,
    modelId: model.passport.id,
    modelSha256: model.onnxSha256,
    classes: model.passport.classes,
    grid: gridOver(slide.info, patchLevel0, stride ?? patchLevel0),
    mpp: slide.mpp,
    settings: {
      stride,
      downsample,
      colour,
      leastTissue: model.passport.learnsGlass ? 0 : leastTissue,
      ...tissueSettings(slide.tissue),
      ...override,
    },
  };
}

/** Only what a person chose, so that a prediction by the automatic threshold goes on in the file that it had. */
function tissueSettings({ threshold, penIsTissue }: TissueChoice = automaticTissue): Record<string, number | boolean> {
  return {
    ...(threshold === null ? {} : { tissueThreshold: threshold }),
    ...(penIsTissue ? { penIsTissue } : {}),
  };
}

function bandsLeft(heatmap: Heatmap, hasTissue: (cell: Cell) => boolean): Band[] {
  const { columns, rows } = heatmap.header.grid;
  const bands: Band[] = [];
  for (let fromRow = heatmap.rowsDone; fromRow < rows; fromRow += rowsPerBand) {
    const height = Math.min(rowsPerBand, rows - fromRow);
    const cells: Cell[] = [];
    for (let left = 0; left < columns; left += rowsPerBand) {
      for (let row = fromRow; row < fromRow + height; row++) {
        for (let column = left; column < Math.min(columns, left + rowsPerBand); column++) {
          if (hasTissue({ column, row })) cells.push({ column, row });
        }
      }
    }
    bands.push({ fromRow, rows: height, cells });
  }
  return bands;
}

async function predictBands(
  worker: BatchWorker,
  bands: readonly Band[],
  file: HeatmapFile,
  slideId: string,
  emit: Emit,
  signal: AbortSignal,
): Promise<number> {
  const { grid, classes } = file.heatmap.header;
  const total = bands.reduce((sum, band) => sum + band.cells.length, 0);
  const eta = createEta();
  let done = 0;
  // All batches stand in line at once, the slots let a few through: the next band is cut while this one is written.
  const line = bands.map((band) => ({
    band,
    batches: batchesOf(band, (cells) => worker.predict(cells.map((cell) => patchBox(grid, cell.column, cell.row)))),
  }));
  for (const { band, batches } of line) {
    signal.throwIfAborted();
    const rows = new Float32Array(band.rows * grid.columns * classes.length).fill(Number.NaN);
    for (const { cells, answer } of batches) {
      const probabilities = await answer;
      cells.forEach(({ column, row }, i) => {
        const at = ((row - band.fromRow) * grid.columns + column) * classes.length;
        rows.set(probabilities.subarray(i * classes.length, (i + 1) * classes.length), at);
      });
      done += cells.length;
      emit({ type: 'progress', stage: 'Predict', done, total, unit: 'patches', etaSeconds: eta.after(done, total) });
    }
    await file.appendRows(rows);
    const toRow = band.fromRow + band.rows;
    emit({ type: 'heatmap', slideId, columns: grid.columns, rows: grid.rows, fromRow: band.fromRow, toRow });
  }
  return total;
}

interface Batch {
  readonly cells: readonly Cell[];
  readonly answer: Promise<Float32Array>;
}

function batchesOf(band: Band, predict: (cells: readonly Cell[]) => Promise<Float32Array>): Batch[] {
  const batches: Batch[] = [];
  for (let from = 0; from < band.cells.length; from += batchSize) {
    const cells = band.cells.slice(from, from + batchSize);
    const answer = predict(cells);
    answer.catch(() => undefined); // awaited in order below; a failure before its turn must not be 'unhandled'
    batches.push({ cells, answer });
  }
  return batches;
}
