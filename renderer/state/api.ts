/** The routes that the window uses, each as one typed function. A slide, a place or a run is an id or a handle, never a path. */
import type { Annotation, ChangeSet, RegionClass } from '../../app/core/annotation.ts';
import type { ErrorReport } from '../../app/core/errors.ts';
import type { Point } from '../../app/core/geometry.ts';
import type {
  ModelView,
  PatientPart,
  PredictionSummary,
  ProjectView,
  RunView,
  SlideView,
  SplitPart,
} from '../../app/core/project.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { PlanSummary, SequencedEvent } from '../../app/core/run.ts';
import { getJson, jsonLines, request, sendJson } from './http.ts';

export interface AppInfo {
  readonly version: string;
  readonly host: 'electron' | 'browser' | 'cli';
  readonly hasDialogs: boolean;
  readonly researchUseOnly: string;
  readonly recents: readonly { readonly handle: string; readonly name: string; readonly openedAt: string }[];
  readonly projectOpen: boolean;
}

export type PlaceKind = 'folder' | 'project' | 'slide' | 'annotations' | 'model' | 'file';
export interface Place {
  readonly handle: string;
  readonly name: string;
  readonly kind: PlaceKind;
  readonly bytes: number;
}
export interface Folder {
  readonly handle: string;
  readonly name: string;
  readonly parent: string | null;
  readonly entries: readonly Place[];
}
export type Chosen = readonly { readonly handle: string; readonly name: string }[];
export type DialogPurpose = 'slides' | 'project' | 'folder' | 'annotations';

export type ExampleEvent =
  | { type: 'progress'; stage: string; done: number; total: number; unit: string; etaSeconds: number | null }
  | { type: 'done'; project: ProjectView }
  | { type: 'cancelled' }
  | { type: 'failed'; error: ErrorReport };

export interface PatchPreview {
  readonly slideId: string;
  readonly x: number;
  readonly y: number;
  /** Side in level-0 px. */
  readonly sizePx: number;
  readonly downsample: number;
}
export interface ImportReport {
  readonly kept: number;
  readonly changed: number;
  readonly refused: readonly string[];
  readonly warnings: readonly string[];
}
export interface EngineView {
  readonly id: string;
  readonly kind: 'training' | 'inference';
  readonly usable: boolean;
  readonly reason?: string;
  readonly device?: string;
  readonly gradientError: number | null;
  readonly forwardPerSecond: number | null;
  readonly trainPerSecond: number | null;
}
export interface SlideEdit {
  name?: string;
  patient?: string;
  stain?: string;
  scanner?: string;
  mppUm?: number;
}
export type RunRequest =
  | { kind: 'train'; recipe: string | Recipe; engine?: string }
  | { kind: 'predict'; modelId: string; slideId: string; stride?: number };

const slide = (id: string): string => `/slides/${encodeURIComponent(id)}`;
const run = (id: string): string => `/runs/${encodeURIComponent(id)}`;

export const api = {
  app: () => getJson<AppInfo>('/app'),
  places: (at: string | null) => getJson<Folder>(at ? `/places?at=${encodeURIComponent(at)}` : '/places'),
  dialog: (purpose: DialogPurpose) => sendJson<{ chosen: Chosen }>('POST', '/places/dialog', { purpose }),
  engines: () => getJson<{ engines: EngineView[]; chosen: string }>('/engines'),

  project: () => getJson<ProjectView>('/project'),
  createProject: (name: string, folder: string | null) =>
    sendJson<ProjectView>('POST', '/project/create', folder ? { name, folder } : { name }),
  openProject: (handle: string) => sendJson<ProjectView>('POST', '/project/open', { handle }),
  closeProject: () => sendJson<unknown>('POST', '/project/close'),
  async *example(signal?: AbortSignal): AsyncGenerator<ExampleEvent> {
    yield* jsonLines<ExampleEvent>(await request('/project/example', { method: 'POST', body: {}, signal }));
  },
  putClasses: (classes: readonly RegionClass[]) => sendJson<{ classes: RegionClass[] }>('PUT', '/classes', { classes }),
  putSplit: (patient: string, part: SplitPart) =>
    sendJson<{ split: PatientPart[] }>('PUT', '/split', { patient, part }),

  addSlides: (handles: readonly string[]) =>
    sendJson<{ added: SlideView[]; refused: { name: string; error: ErrorReport }[] }>('POST', '/slides', { handles }),
  slide: (id: string) => getJson<{ slide: SlideView; properties: Record<string, string> }>(slide(id)),
  editSlide: (id: string, edit: SlideEdit) => sendJson<SlideView>('PATCH', slide(id), edit),
  removeSlide: (id: string) => sendJson<unknown>('DELETE', slide(id)),
  relink: (id: string, handle: string) => sendJson<SlideView>('POST', `${slide(id)}/relink`, { handle }),
  slidesCsv: async () => (await request('/slides.csv')).text(),
  putSlidesCsv: async (csv: string) =>
    (await (await request('/slides.csv', { method: 'PUT', body: csv, contentType: 'text/csv' })).json()) as {
      changed: number;
      refused: string[];
    },
  tissue: (id: string, signal?: AbortSignal) => request(`${slide(id)}/tissue`, { signal }),
  annotations: (id: string, signal?: AbortSignal) =>
    getJson<{ annotations: Annotation[] }>(`${slide(id)}/annotations`, signal),
  change: (id: string, change: ChangeSet) =>
    sendJson<{ annotations: Annotation[]; warnings: string[] }>('POST', `${slide(id)}/annotations`, { change }),
  exportRegions: async (id: string) => (await request(`${slide(id)}/annotations.geojson`)).blob(),
  importRegions: (id: string, handle: string) =>
    sendJson<ImportReport>('POST', `${slide(id)}/annotations/import`, { handle }),

  recipes: () => getJson<{ recipes: Recipe[] }>('/recipes'),
  plan: (recipe: string) => sendJson<PlanSummary>('POST', '/patches/plan', { recipe }),
  previewPatches: (classId: string, recipe: string, count: number) =>
    getJson<{ patches: PatchPreview[]; total: number }>(
      `/patches/preview?${new URLSearchParams({ classId, recipe, count: String(count) })}`,
    ),

  startRun: (asked: RunRequest) => sendJson<RunView>('POST', '/runs', asked),
  runs: () => getJson<{ runs: RunView[] }>('/runs'),
  run: (id: string) => getJson<RunView>(run(id)),
  cancelRun: (id: string) => sendJson<unknown>('POST', `${run(id)}/cancel`),
  async *events(id: string, after: number, signal: AbortSignal): AsyncGenerator<SequencedEvent> {
    yield* jsonLines<SequencedEvent>(await request(`${run(id)}/events?after=${after}`, { signal }));
  },
  prediction: (slideId: string, runId: string, signal?: AbortSignal) =>
    getJson<PredictionSummary>(`${slide(slideId)}/prediction?run=${encodeURIComponent(runId)}`, signal),
  probabilities: (runId: string, [x, y]: Point, signal?: AbortSignal) =>
    getJson<{ probabilities: number[] | null }>(
      `${run(runId)}/probabilities?x=${Math.floor(x)}&y=${Math.floor(y)}`,
      signal,
    ),
  runFile: async (runId: string, name: string) =>
    (await request(`${run(runId)}/files/${encodeURIComponent(name)}`)).blob(),
  report: async (runId: string) => (await request(`${run(runId)}/report`)).blob(),
  model: (id: string) =>
    getJson<{ model: ModelView; passport: Record<string, unknown> }>(`/models/${encodeURIComponent(id)}`),
};

export const pictures = {
  thumbnail: (slideId: string, side: number): string => `${slide(slideId)}/thumbnail?side=${side}`,
  tile: (slideId: string, level: number, x: number, y: number): string => `${slide(slideId)}/tiles/${level}/${x}/${y}`,
  /** `side` in level-0 px; the picture has side / downsample px. */
  region: (slideId: string, x: number, y: number, side: number, downsample: number): string => {
    const px = String(Math.max(1, Math.round(side / downsample)));
    const query = {
      x: String(Math.round(x)),
      y: String(Math.round(y)),
      width: px,
      height: px,
      downsample: String(downsample),
    };
    return `${slide(slideId)}/region?${new URLSearchParams(query)}`;
  },
  overlay: (runId: string, x: number, y: number, mode: 'class' | 'probability', classIndex: number): string =>
    `${run(runId)}/overlay/0/${x}/${y}?mode=${mode}&classIndex=${classIndex}`,
};
