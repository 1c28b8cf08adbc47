/** The five files of a slide's prediction, each of which appears whole or not at all. */
import { basename, join } from 'node:path';
import { classLetters } from '../../core/class-letter.ts';
import { EosinError } from '../../core/errors.ts';
import type { Box } from '../../core/geometry.ts';
import { researchUseOnly } from '../../core/research-use.ts';
import type { SlideInfo } from '../../core/slide.ts';
import { writeWhole } from '../../files/write-whole.ts';
import type { Heatmap } from '../heatmap.ts';
import { summarize } from '../summary.ts';
import { heatmapTiff } from './heatmap-tiff.ts';
import { patchesCsv } from './patches-csv.ts';
import { previewPng } from './preview-png.ts';
import { regionsGeoJson } from './regions-geojson.ts';

export interface PredictionOutputs {
  readonly folder: string;
  /** Stem of the file names; a plain name without a folder. */
  readonly name: string;
  readonly heatmap: Heatmap;
  /** Share of a box on the slide that pen ink covers, 0..1; without it the table does not say it. */
  readonly penOf?: (box: Box) => number;
  readonly runId: string;
  /** The model's passport, stored whole. */
  readonly passport: { readonly id: string; readonly name: string };
  readonly slideInfo: Pick<SlideInfo, 'widthPx' | 'heightPx' | 'format' | 'fingerprint'>;
  /** Classes of the project, for their letters; by default each class gets one of its name. */
  readonly projectClasses?: readonly { readonly name: string; readonly letter: string }[];
  /** The whole slide, small; made by a decode process. */
  readonly thumbnailJpeg: Uint8Array;
  /** Stride, tissue threshold, overrides, engine, threads, warnings of the model guard. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Name -> version of what predicted; `eosin` is always there. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Absolute paths (bare names in a run's result), named as the command line names them. */
export interface PredictionFiles {
  readonly heatmap: string;
  readonly preview: string;
  readonly csv: string;
  readonly geojson: string;
  readonly json: string;
}

export function predictionFiles(folder: string, name: string): PredictionFiles {
  const file = (ending: string): string => join(folder, `${name}.${ending}`);
  return {
    heatmap: file('heatmap.tif'),
    preview: file('preview.png'),
    csv: file('patches.csv'),
    geojson: file('geojson'),
    json: file('json'),
  };
}

/** Writes all five; `name.json` last, so where it is, the others are. Throws `predict/no-cells`, `file/disk-full`, `file/not-written`. */
export async function writePredictionOutputs(request: PredictionOutputs): Promise<PredictionFiles> {
  const { heatmap, name, passport, slideInfo } = request;
  if (name === '' || name.startsWith('.') || basename(name) !== name || name.includes('\\')) {
    throw new RangeError(`${JSON.stringify(name)} is no plain file name`);
  }
  if (heatmap.header.grid.columns < 1 || heatmap.header.grid.rows < 1) {
    throw new EosinError('predict/no-cells', 'input', 'The slide is smaller than one patch of the model.', {
      remedy: 'Use a model with smaller patches, or a larger slide.',
      fields: { slide: name },
    });
  }
  const files = predictionFiles(request.folder, name);
  const summary = summarize(heatmap, request.runId);
  const words = { model: passport.name, slide: name, widthPx: slideInfo.widthPx, heightPx: slideInfo.heightPx };
  const eosin = `Eosin ${request.versions.eosin ?? ''}`.trim();
  const description = `Probabilities of ${passport.name} on ${name}. ${researchUseOnly}`;
  await writeWhole(files.heatmap, heatmapTiff(heatmap, { description, software: eosin }));
  const classNames = heatmap.header.classes.map((one) => one.name);
  const letters = classLetters(classNames, request.projectClasses);
  const previewWords = { slide: name, model: passport.name, slideWidthPx: slideInfo.widthPx, letters };
  await writeWhole(files.preview, await previewPng(heatmap, summary, request.thumbnailJpeg, previewWords));
  await writeWhole(files.csv, patchesCsv(heatmap, request.penOf));
  await writeWhole(files.geojson, regionsGeoJson(heatmap, words));
  const report = {
    researchUseOnly,
    // Field by field: a slide's properties may name a person and stay out of every export.
    slide: {
      name,
      format: slideInfo.format,
      widthPx: slideInfo.widthPx,
      heightPx: slideInfo.heightPx,
      mpp: heatmap.header.mpp,
      fingerprint: slideInfo.fingerprint,
    },
    run: request.runId,
    model: { id: passport.id, name: passport.name, onnxSha256: heatmap.header.modelSha256 },
    versions: request.versions,
    settings: { ...heatmap.header.settings, ...request.settings },
    grid: heatmap.header.grid,
    patches: summary.classes.reduce((sum, { patches }) => sum + patches, 0),
    classes: summary.classes,
    passport,
  };
  await writeWhole(files.json, `${JSON.stringify(report, null, 2)}\n`);
  return files;
}
