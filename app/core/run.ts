/** What a job tells while it runs and when it ends. The viewer's curves, the command line and the run's record read the same words. */
import type { ErrorReport } from './errors.ts';
import type { QualitySummary } from './patch-quality.ts';

/** `choose-rung` makes a model of one rung of a training, `compare-rungs` looks at a slide with all of them. */
export type JobKind = 'train' | 'predict' | 'choose-rung' | 'compare-rungs';
export type JobState = 'queued' | 'running' | 'done' | 'cancelled' | 'failed';

/** One bar of the depth probe: cross-validated on the training patients, by patient where there are enough. */
export interface ProbeDepth {
  readonly group: string;
  readonly accuracy: number;
  readonly standardError: number;
  readonly loss: number;
}

/** Accuracy of one linear probe, cross-validated with folds by patient and with folds by patch. */
export interface Inflation {
  readonly byPatient: number;
  readonly byPatch: number;
  /** Mean of the paired differences, by patch - by patient, with its standard error. */
  readonly difference: number;
  readonly standardError: number;
  readonly patches: number;
  readonly patients: number;
}

/** What a learning-rate range test found for one phase. */
export interface RateRange {
  readonly phase: string;
  /** The rate that the recipe has. */
  readonly learningRate: number;
  /** Where half of the loss's fall is done; null where it hardly fell. */
  readonly suggested: number | null;
  /** Smoothed training loss as the rate rises. */
  readonly points: readonly { readonly rate: number; readonly loss: number }[];
}

/** An estimate with its interval; `unit` says over what the bootstrap drew. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly unit: 'patient' | 'patch-level, one patient' | 'patch-level, unknown patients';
}

export interface ClassMetrics {
  readonly name: string;
  readonly sensitivity: number | null;
  readonly specificity: number | null;
  readonly precision: number | null;
  readonly patches: number;
}

export interface Evaluation {
  readonly patches: number;
  readonly patients: number | null;
  readonly accuracy: Interval;
  readonly balancedAccuracy: Interval;
  readonly loss: number;
  readonly classes: readonly ClassMetrics[];
  /** confusion[truth][predicted], in the order of `classes`. */
  readonly confusion: readonly (readonly number[])[];
  /** Balanced accuracy of the colour-histogram classifier trained on the same training patches; null when there was none. */
  readonly colourBaseline: number | null;
}

export type JobEvent =
  | { type: 'plan'; summary: PlanSummary }
  | { type: 'progress'; stage: string; done: number; total: number; unit: string; etaSeconds: number | null }
  | { type: 'engine'; id: string; device: string; gradientError: number; threads: number }
  | { type: 'probe'; depths: ProbeDepth[]; attach: string; reason: string }
  | ({ type: 'inflation' } & Inflation)
  | ({ type: 'rates' } & RateRange)
  | {
      type: 'phase';
      name: string;
      index: number;
      count: number;
      groups: string[];
      learningRate: number;
      epochs: number;
    }
  | EpochEvent
  | RungEvent
  | { type: 'heatmap'; slideId: string; columns: number; rows: number; fromRow: number; toRow: number }
  | { type: 'note'; level: 'info' | 'warning'; text: string }
  | DivergingQuestion
  | { type: 'done'; result: Record<string, unknown> }
  | { type: 'cancelled' }
  /** Stopped to go on later, by a person or to wait for an answer; stored as cancelled. */
  | { type: 'paused' }
  | { type: 'failed'; error: ErrorReport };

/** The training loss has run away: the run stops where it is until a person decides. */
export interface DivergingQuestion {
  type: 'diverging';
  phase: string;
  /** Epochs of the phase that are done. */
  epoch: number;
  bestEpoch: number;
  /** At which the phase learns, before its schedule. */
  learningRate: number;
}

/** On as before; from the best weights at half the rate; or no further in this phase, whose best weights are kept. */
export const divergingAnswers = ['go-on', 'half-rate', 'keep-best'] as const;
export type DivergingAnswer = (typeof divergingAnswers)[number];

/** A phase was judged against the weights that were kept before it. */
export interface RungEvent {
  type: 'rung';
  phase: string;
  kept: boolean;
  reason: string;
  valLoss: number;
  valAccuracy: number;
  /** Absent in runs from before it was told as numbers. */
  fall?: LossFall;
}

/** Mean fall of the validation loss, patch by patch, with its standard error: positive is better. */
export interface LossFall {
  readonly mean: number;
  readonly standardError: number;
  /** Over what the error was taken. */
  readonly unit: 'patient' | 'patch';
}

export interface EpochEvent {
  type: 'epoch';
  phase: string;
  /** 1-based within the phase. */
  epoch: number;
  epochs: number;
  loss: number;
  accuracy: number;
  valLoss: number;
  valAccuracy: number;
  /** Of the epoch's last step, before layer-wise decay. */
  learningRate: number;
  seconds: number;
  imagesPerSecond: number;
  /** Share of the time of the epoch's training steps in which the engine waited for data; earlier versions did not measure it. */
  dataWaitShare?: number;
  /** True when these weights are the best so far and were put on disk. */
  best: boolean;
  etaSeconds: number | null;
}

/** An event as it is stored and streamed: `seq` grows by one, so a stream can be resumed with `?after=seq`. */
export type SequencedEvent = { seq: number; at: string } & JobEvent;

/** What a run would use, shown before the start and stored with it. */
export interface PlanSummary {
  readonly classes: readonly {
    readonly name: string;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly patients: number;
    /** Patients behind the patches of each part; absent in plans from before they were counted. */
    readonly patientsOf?: Readonly<Record<'train' | 'validation' | 'test', number>> | undefined;
  }[];
  readonly patients: {
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly known: boolean;
  };
  readonly slides: number;
  readonly sizePx: number;
  readonly mpp: number | null;
  readonly storeBytes: number;
  readonly warnings: readonly string[];
  /** Absent for loose pictures, and for plans from before patches were judged. */
  readonly quality?: QualitySummary | undefined;
}
