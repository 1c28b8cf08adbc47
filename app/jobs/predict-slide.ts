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
import type { Passport } from '../passports/passport.ts';
import type { TissueMasks } from '../slides/tissue-masks.ts';
import { type BatchWorker, type BatchWorkerDeps, startBatchWorker } from './batch-worker.ts';
import { leastTissue } from './least-tissue.ts';
import type { Emit } from './live-runs.ts';

/** What of a passport decides how a slide is looked at, and names the classes; all networks of a call share it. */
export type ModelLook = Pick<Passport, 'name' | 'classes' | 'sizePx' | 'mpp' | 'stains' | 'learnsGlass' | 'recipe'>;

export interface SlidePredictionRequest {
  readonly slide: {
    readonly id: string;
    readonly path: string;
    readonly info: SlideInfo;
    readonly mpp: Mpp | null;
    readonly stain: string;
    /** Where tissue begins; the automatic threshold by default. */
    readonly tissue?: TissueChoice;
  };
  readonly passport: ModelLook;
  readonly networks: readonly PredictedNetwork[];
  /** Level-0 px between patches; null sets them side by side. */
  readonly stride: number | null;
  /** What of the model's passport a person overruled. */
  readonly override?: FitOverride;
  readonly threads: number;
}

/** A network that looks at each patch. */
export interface PredictedNetwork {
  readonly modelId: string;
  readonly onnxFile: string;
  readonly onnxSha256: string;
  /** Where its heat map grows; an unfinished one of the same prediction goes on. */
  readonly heatmapFile: string;
}

/** A prediction by one finished model. */
export interface PredictionRequest extends Omit<SlidePredictionRequest, 'passport' | 'networks'> {
  readonly model: OpenedModel;
  readonly heatmapFile: string;
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

/** One heat map a network, in their order. */
export interface SlidePrediction extends Omit<PredictionResult, 'heatmap'> {
  readonly heatmaps: readonly Heatmap[];
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

type PredictionDeps = BatchWorkerDeps & { readonly masks: TissueMasks };

/** Predicts every tissue patch; throws what the guards, the decode processes and the worker throw. */
export async function predictSlide(
  deps: PredictionDeps,
  { model, heatmapFile, ...rest }: PredictionRequest,
  emit: Emit,
  signal: AbortSignal,
): Promise<PredictionResult> {
  const { passport, onnxFile, onnxSha256 } = model;
  const networks = [{ modelId: passport.id, onnxFile, onnxSha256, heatmapFile }];
  const { heatmaps, ...result } = await predictByAll(deps, { ...rest, passport, networks }, emit, signal);
  return { heatmap: heatmaps[0]!, ...result };
}

/**
 * The same by several networks of one kind: each patch is cut once and goes through all of them. Where their heat maps are not
 * equally far, it goes on from the shortest.
 */
export async function predictByAll(
  deps: PredictionDeps,
  request: SlidePredictionRequest,
  emit: Emit,
  signal: AbortSignal,
): Promise<SlidePrediction> {
  const { slide, passport, networks, override } = request;
  // A file that is replaced meanwhile is refused: half a heat map of each would be of neither.
  const source = { path: slide.path, fingerprint: slide.info.fingerprint };
  const slideMpp = slide.mpp === null ? null : meanMpp(slide.mpp);
  const { stain, info } = slide;
  const fit = checkModelFits(passport, { mpp: slideMpp, stain, icc: info.icc }, override);
  for (const text of fit.warnings) emit({ type: 'note', level: 'warning', text });
  const files: HeatmapFile[] = [];
  try {
    for (const network of networks)
      files.push(await openHeatmapFile(network.heatmapFile, headerFor(request, network, fit)));
    const heatmaps = files.map(({ heatmap }) => heatmap);
    const startMs = performance.now();
    const worker = await startBatchWorker(
      deps,
      {
        onnxFiles: networks.map(({ onnxFile }) => onnxFile),
        threads: request.threads,
        batchSize,
        sizePx: passport.sizePx,
        classCount: passport.classes.length,
        slide: { ...source, colour: fit.colour },
        downsample: fit.downsample,
      },
      signal,
    );
    try {
      // The worker loads its network while the mask is made.
      const mask = await deps.masks.get(source, slide.tissue, signal);
      const map = await deps.masks.map(source, signal);
      const shortest = heatmaps.reduce((a, b) => (b.rowsDone < a.rowsDone ? b : a));
      const { grid, settings } = shortest.header;
      const bands = bandsLeft(
        shortest,
        ({ column, row }) => tissueShare(mask, patchBox(grid, column, row)) >= Number(settings.leastTissue),
      );
      const patches = await predictBands(worker, bands, files, slide.id, emit, signal);
      const seconds = (performance.now() - startMs) / 1000;
      return {
        heatmaps,
        patches,
        seconds,
        warnings: fit.warnings,
        penOf: (box) => penShare(map, box, slide.tissue),
      };
    } finally {
      await worker.close();
    }
  } finally {
    for (const file of files) await file.close();
  }
}

function headerFor(
  { slide, passport, stride, override }: SlidePredictionRequest,
  { modelId, onnxSha256 }: PredictedNetwork,
  { downsample, colour }: ModelFit,
): HeatmapHeader {
  const patchLevel0 = passport.sizePx * downsample;
  return {
    slideId: slide.id,
    slideFingerprint: slide.info.fingerprint,
    modelId,
    modelSha256: onnxSha256,
    classes: passport.classes,
    grid: gridOver(slide.info, patchLevel0, stride ?? patchLevel0),
    mpp: slide.mpp,
    settings: {
      stride,
      downsample,
      colour,
      leastTissue: passport.learnsGlass ? 0 : leastTissue,
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
  files: readonly HeatmapFile[],
  slideId: string,
  emit: Emit,
  signal: AbortSignal,
): Promise<number> {
  const { grid, classes } = files[0]!.heatmap.header;
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
    const rowValues = grid.columns * classes.length;
    const rowsOf = files.map(() => new Float32Array(band.rows * rowValues).fill(Number.NaN));
    for (const { cells, answer } of batches) {
      const probabilities = await answer;
      for (const [n, rows] of rowsOf.entries()) {
        const own = probabilities.subarray(n * cells.length * classes.length);
        cells.forEach(({ column, row }, i) => {
          const at = ((row - band.fromRow) * grid.columns + column) * classes.length;
          rows.set(own.subarray(i * classes.length, (i + 1) * classes.length), at);
        });
      }
      done += cells.length;
      emit({ type: 'progress', stage: 'Predict', done, total, unit: 'patches', etaSeconds: eta.after(done, total) });
    }
    for (const [n, file] of files.entries()) {
      const had = Math.max(0, file.heatmap.rowsDone - band.fromRow);
      await file.appendRows(rowsOf[n]!.subarray(had * rowValues));
    }
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
