/**
 * The routes that the window uses, through Hono's typed client: what is sent and what comes back is inferred from
 * app/api. A slide, a place or a run is an id or a handle, never a path.
 */

import { type ClientResponse, hc } from 'hono/client';
import type { Api } from '#api';
import type { ChangeSet, RegionClass } from '../../app/core/annotation.ts';
import type { Point } from '../../app/core/geometry.ts';
import type { PatchRule } from '../../app/core/patch-quality.ts';
import type { PredictionSummary, SlideView, SplitPart } from '../../app/core/project.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { DivergingAnswer } from '../../app/core/run.ts';
import type { SlideLook } from '../../app/core/slide.ts';
import type { TissueMap } from '../../app/core/tissue-map.ts';
import { jsonLines, request } from './http.ts';

const routes = hc<Api>('/', { fetch: request }).api;
const oneSlide = routes.slides[':id'];
const oneRun = routes.runs[':id'];

const tile = (level: number, x: number, y: number) => ({ level: String(level), x: String(x), y: String(y) });
const of = (id: string) => ({ param: { id } });
const until = (signal: AbortSignal | undefined) => ({ init: { signal: signal ?? null } });
const sent = (contentType: string, body: string) => ({ init: { headers: { 'content-type': contentType }, body } });

async function json<T>(answer: Promise<{ json(): Promise<T> }>): Promise<T> {
  return (await answer).json();
}
async function* lines<T>(answer: Promise<ClientResponse<T, 200, 'ndjson'>>): AsyncGenerator<T> {
  yield* jsonLines<T>(await answer);
}
const blob = async (answer: Promise<{ blob(): Promise<Blob> }>): Promise<Blob> => (await answer).blob();

/** Scores are the picture's red, pen its green. */
async function tissueMapFrom(response: { headers: Headers; blob(): Promise<Blob> }): Promise<TissueMap> {
  const rest = JSON.parse(response.headers.get('x-tissue-map')!) as Pick<
    TissueMap,
    'downsample' | 'cellUm' | 'automatic'
  >;
  // As they are stored: a screen's colour profile must not move a score.
  const picture = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  const { width: widthPx, height: heightPx } = picture;
  const ctx = new OffscreenCanvas(widthPx, heightPx).getContext('2d', { willReadFrequently: true })!;
  ctx.drawImage(picture, 0, 0);
  picture.close();
  const { data } = ctx.getImageData(0, 0, widthPx, heightPx);
  const scores = new Uint8Array(widthPx * heightPx);
  const pen = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < scores.length; i++) {
    scores[i] = data[i * 4]!;
    pen[i] = data[i * 4 + 1]!;
  }
  return { ...rest, scores, pen, widthPx, heightPx };
}

export const api = {
  app: () => json(routes.app.$get()),
  places: (at: string | null) => json(routes.places.$get({ query: at ? { at } : {} })),
  dialog: (purpose: DialogPurpose) => json(routes.places.dialog.$post({ json: { purpose } })),
  engines: (refresh: boolean) => json(routes.engines.$get({ query: { refresh: String(refresh) } })),
  nativeEngine: () => json(routes.engines.native.$get()),
  installNative: (build: NativeBuild, from: string | undefined, signal: AbortSignal) =>
    lines(routes.engines.native.$post({ json: { build, ...(from === undefined ? {} : { from }) } }, until(signal))),
  removeNative: () => json(routes.engines.native.$delete()),

  /** What the host wants of this window's GPU. */
  trainerOrders: (ticket: string | null) =>
    lines(routes['trainer-pages'].orders.$get({ query: ticket === null ? {} : { ticket } })),

  project: () => json(routes.project.$get()),
  createProject: (name: string, folder: string | null) =>
    json(routes.project.create.$post({ json: folder ? { name, folder } : { name } })),
  openProject: (handle: string) => json(routes.project.open.$post({ json: { handle } })),
  closeProject: () => json(routes.project.close.$post()),
  example: (signal?: AbortSignal) => lines(routes.project.example.$post({}, until(signal))),
  putClasses: (classes: readonly RegionClass[]) => json(routes.classes.$put({ json: { classes: [...classes] } })),
  putSplit: (patient: string, part: SplitPart) => json(routes.split.$put({ json: { patient, part } })),

  importSlides: (handles: readonly string[], signal: AbortSignal) =>
    lines(routes.slides.import.$post({ json: { handles: [...handles] } }, until(signal))),
  relinkAll: (folder: string, signal: AbortSignal) =>
    lines(routes.slides.relink.$post({ json: { folder } }, until(signal))),
  checkSlides: () => json(routes.slides.check.$post()),
  checkSlide: (id: string) => json(oneSlide.check.$post(of(id))),
  otherFile: (id: string) => json(oneSlide.other.$get(of(id))),
  prepare: (id: string, signal: AbortSignal) => lines(oneSlide.prepare.$post(of(id), until(signal))),
  stopPreparing: (id: string) => json(oneSlide.prepare.$delete(of(id))),
  slide: (id: string, properties: 'technical' | 'all') => json(oneSlide.$get({ ...of(id), query: { properties } })),
  copyWithoutNames: (id: string, folder: string, name: string, signal: AbortSignal) =>
    lines(oneSlide.copy.$post({ ...of(id), json: { folder, name } }, until(signal))),
  editSlide: (id: string, edit: SlideEdit) => json(oneSlide.$patch({ ...of(id), json: edit })),
  removeSlide: (id: string) => json(oneSlide.$delete(of(id))),
  relink: (id: string, handle: string) => json(oneSlide.relink.$post({ ...of(id), json: { handle } })),
  slidesCsv: async () => (await routes['slides.csv'].$get()).text(),
  putSlidesCsv: (csv: string) => json(routes['slides.csv'].$put({}, sent('text/csv', csv))),
  tissue: async (id: string, signal?: AbortSignal): Promise<TissueMap> =>
    tissueMapFrom(await oneSlide.tissue.$get(of(id), until(signal))),
  annotations: (id: string, signal?: AbortSignal) => json(oneSlide.annotations.$get(of(id), until(signal))),
  change: (id: string, change: ChangeSet) => json(oneSlide.annotations.$post({ ...of(id), json: { change } })),
  exportRegions: (id: string) => blob(oneSlide['annotations.geojson'].$get(of(id))),
  importRegions: (id: string, handle: string) =>
    json(oneSlide.annotations.import.$post(of(id), sent('application/json', JSON.stringify({ handle })))),

  recipes: () => json(routes.recipes.$get()),
  saveRecipe: (recipe: Recipe) => json(routes.recipes.$put({ json: recipe })),
  removeRecipe: (name: string) => json(routes.recipes[':name'].$delete({ param: { name: encodeURIComponent(name) } })),
  backbones: () => json(routes.backbones.$get()),
  networkMap: (backbone: string, sizePx: number) =>
    json(
      routes.backbones[':name'].map.$get({
        param: { name: encodeURIComponent(backbone) },
        query: { sizePx: String(sizePx) },
      }),
    ),
  variations: (recipe: string | Recipe, rule: PatchRule, patches: number, views: number, signal: AbortSignal) =>
    blob(routes.patches.variations.$post({ json: { recipe, rule, patches, views } }, until(signal))),
  plan: (recipe: string, rule: PatchRule) => json(routes.patches.plan.$post({ json: { recipe, rule } })),
  measureFocus: (recipe: string, signal: AbortSignal) =>
    lines(routes.patches.measure.$post({ json: { recipe } }, until(signal))),
  previewPatches: (classId: string, recipe: string, count: number, show: PatchesShown, rule: PatchRule) => {
    const limits = { maxPen: String(rule.maxPen), minFocus: String(rule.minFocus) };
    return json(routes.patches.preview.$get({ query: { classId, recipe, count: String(count), show, ...limits } }));
  },

  startRun: (asked: RunRequest) => json(routes.runs.$post({ json: asked })),
  run: (id: string) => json(oneRun.$get(of(id))),
  rungs: (trainingId: string) => json(oneRun.rungs.$get(of(trainingId))),
  rungsOnSlide: (comparisonId: string) => json(oneRun['rungs-on-slide'].$get(of(comparisonId))),
  trainings: () => json(routes.runs.trainings.$get()),
  pauseRun: (id: string) => json(oneRun.pause.$post(of(id))),
  cancelRun: (id: string) => json(oneRun.cancel.$post(of(id))),
  resumeRun: (id: string, answer?: DivergingAnswer) =>
    json(oneRun.resume.$post({ ...of(id), query: answer ? { answer } : {} })),
  events: (id: string, after: number, signal: AbortSignal) =>
    lines(oneRun.events.$get({ ...of(id), query: { after: String(after) } }, until(signal))),
  prediction: (slideId: string, runId: string, signal?: AbortSignal) =>
    json(oneSlide.prediction.$get({ ...of(slideId), query: { run: runId } }, until(signal))),
  probabilities: (runId: string, rung: string | undefined, [x, y]: Point, signal?: AbortSignal) => {
    const query = { x: String(Math.floor(x)), y: String(Math.floor(y)), ...(rung === undefined ? {} : { rung }) };
    return json(oneRun.probabilities.$get({ ...of(runId), query }, until(signal)));
  },
  runFile: (runId: string, name: string) =>
    // The client puts parameters into the address as they are.
    blob(oneRun.files[':name'].$get({ param: { id: runId, name: encodeURIComponent(name) } })),
  report: (runId: string) => blob(oneRun.report.$get(of(runId))),
};

/** Addresses of pictures, for `request`. */
export const pictures = {
  thumbnail: (slideId: string, side: number): string =>
    oneSlide.thumbnail.$path({ ...of(slideId), query: { side: String(side) } }),
  /** A label or macro picture by its name. */
  associated: (slideId: string, name: string): string =>
    oneSlide.associated[':name'].$path({ param: { id: slideId, name: encodeURIComponent(name) } }),
  /** Of the file that the slide's info describes; refused when another one stands there. */
  tile: (
    { id, info }: Pick<SlideView, 'id' | 'info'>,
    level: number,
    x: number,
    y: number,
    { focalPlane, colour }: SlideLook = {},
  ): string =>
    oneSlide.tiles[':level'][':x'][':y'].$path({
      param: { id, ...tile(level, x, y) },
      query: {
        file: info.fingerprint,
        ...(focalPlane === undefined ? {} : { plane: String(focalPlane) }),
        ...(colour === undefined ? {} : { colour }),
      },
    }),
  /** `side` in level-0 px; the picture has side / downsample px. */
  region: (slideId: string, x: number, y: number, side: number, downsample: number): string => {
    const px = String(Math.max(1, Math.round(side / downsample)));
    const corner = { x: String(Math.round(x)), y: String(Math.round(y)) };
    const query = { ...corner, width: px, height: px, downsample: String(downsample) };
    return oneSlide.region.$path({ ...of(slideId), query });
  },
  overlay: (
    { runId, rung }: Pick<PredictionSummary, 'runId' | 'rung'>,
    x: number,
    y: number,
    mode: 'class' | 'probability',
    classIndex: number,
  ): string =>
    oneRun.overlay[':level'][':x'][':y'].$path({
      param: { id: runId, ...tile(0, x, y) },
      query: { mode, classIndex: String(classIndex), ...(rung === undefined ? {} : { rung }) },
    }),
};

type Sent<T extends (...words: never[]) => unknown> = Parameters<T>[0] extends { json: infer Body } ? Body : never;
type Streamed<T extends (...words: never[]) => unknown> = ReturnType<T> extends AsyncGenerator<infer E> ? E : never;
type Got<T extends (...words: never[]) => unknown> = Awaited<ReturnType<T>>;

export type PatchesShown = 'all' | 'pen' | 'blurred';
export type DialogPurpose = Sent<typeof routes.places.dialog.$post>['purpose'];
export type SlideEdit = Sent<typeof oneSlide.$patch>;
export type ImportEvent = Streamed<typeof api.importSlides>;
export type InstallEvent = Streamed<typeof api.installNative>;
export type NativeBuild = Sent<typeof routes.engines.native.$post>['build'];
export type NativeState = Got<typeof api.nativeEngine>;
export type Backbone = Got<typeof api.backbones>['backbones'][number];
export type RunRequest = Sent<typeof routes.runs.$post>;
export type EngineId = Engines['chosen'];
export type AppInfo = Got<typeof api.app>;
export type Folder = Got<typeof api.places>;
export type Place = Folder['entries'][number];
export type PatchPreview = Got<typeof api.previewPatches>['patches'][number];
export type Engines = Got<typeof api.engines>;
