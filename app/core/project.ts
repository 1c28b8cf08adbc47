/** The project as the renderer and the command line see it: ids and names, never a path. */
import type { RegionClass } from './annotation.ts';
import type { Mpp } from './pyramid.ts';
import type { Evaluation, JobKind, JobState, PlanSummary } from './run.ts';
import type { SlideInfo } from './slide.ts';
import type { TissueChoice } from './tissue-map.ts';

export type SplitPart = 'train' | 'validation' | 'test';

export interface SlideView {
  readonly id: string;
  readonly name: string;
  /** Empty when nobody has said yet: the slide then counts as a patient of its own, with a warning. */
  readonly patient: string;
  readonly stain: string;
  readonly scanner: string;
  /** From the file, or set by hand; null asks for it. */
  readonly mpp: Mpp | null;
  readonly mppSource: 'file' | 'hand' | null;
  /** Where tissue begins on this slide. */
  readonly tissue: TissueChoice;
  readonly info: Omit<SlideInfo, 'properties'>;
  /** `missing`: the file is not where it was; relink. `changed`: another file stands there. */
  readonly status: 'ready' | 'missing' | 'changed';
  readonly regions: number;
  readonly part: SplitPart | null;
}

export interface ModelView {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly runId: string | null;
  readonly classes: readonly string[];
  readonly sizePx: number;
  readonly mpp: number | null;
  readonly validation: Evaluation | null;
  readonly test: Evaluation | null;
}

export interface RunView {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly title: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly modelId: string | null;
  readonly slideId: string | null;
  readonly plan: PlanSummary | null;
  /** What `done` gave, or the error's report. */
  readonly result: Record<string, unknown> | null;
}

/** A patient's place in the split; stored, and never moved by adding slides. */
export interface PatientPart {
  readonly patient: string;
  readonly part: SplitPart;
  /** True when a person put the patient there. */
  readonly pinned: boolean;
}

export interface ProjectView {
  readonly id: string;
  readonly name: string;
  readonly classes: readonly RegionClass[];
  readonly slides: readonly SlideView[];
  readonly split: readonly PatientPart[];
  readonly models: readonly ModelView[];
  readonly runs: readonly RunView[];
}

/** Predicted patches against the labelled regions of their slide. */
export interface SlideAgreement {
  /** Patches with a label. */
  readonly patches: number;
  readonly accuracy: number;
  /** Mean over the classes that are labelled. */
  readonly balancedAccuracy: number;
}

/** A slide's prediction summed up: patches and area a class. */
export interface PredictionSummary {
  readonly slideId: string;
  readonly runId: string;
  readonly modelId: string;
  /** Of a comparison of rungs: which one. */
  readonly rung?: string | undefined;
  readonly columns: number;
  readonly rows: number;
  /** Top-left corner of the grid and size of a cell, level-0 px. */
  readonly grid: { readonly x: number; readonly y: number; readonly strideX: number; readonly strideY: number };
  readonly classes: readonly {
    readonly name: string;
    readonly colour: string;
    readonly patches: number;
    readonly areaUm2: number | null;
  }[];
}
