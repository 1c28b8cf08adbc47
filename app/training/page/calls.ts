/**
 * What a page may ask the process of its job for: one question, one answer, raw bytes beside each (frame.ts).
 *
 *     begin                                      what to do, and on what
 *     patches  views                             the packed store, by number: as it is, or varied
 *     cache-open  cache-write  cache-read  cache-close     rows of float32
 *     runner-open  runner-run  runner-close      onnxruntime
 *     upload  put        get  download           files of the run, in parts
 *     event  finish                              what is told
 *
 * Nothing here is a path: a page names its own job's patches by number and its files by their names below the run's folder.
 */
import type { ErrorReport } from '../../core/errors.ts';
import type { JobEvent } from '../../core/run.ts';
import type { EngineReport } from '../../engine/engine.ts';
import type { LearningSpec, TrainOutcome } from '../../jobs/job-spec.ts';
import type { BackboneWeights, Preprocessing } from '../../networks/backbone.ts';
import type { ViewsRequest } from '../ports.ts';

/** The backbone as data: which of our architectures, and weights to `download`. */
export interface PageBackbone {
  readonly architecture: string;
  readonly name: string;
  readonly provenance: string;
  readonly preprocessing: Preprocessing;
  readonly specs: BackboneWeights['specs'];
  readonly sha256: string;
  readonly weights: Download;
}

/** Bytes that are fetched part by part. */
export interface Download {
  readonly download: number;
  readonly bytes: number;
}

export type PageStart = {
  /** Only in tests: an adapter that computes on the processor is taken, too. */
  readonly allowSoftware: boolean;
  readonly backbone: PageBackbone;
} & (
  | { readonly kind: 'examine' }
  | {
      readonly kind: 'learn';
      readonly spec: LearningSpec;
      readonly source: { readonly count: number; readonly sizePx: number; readonly contextPx: number };
    }
);

/** How a page's work ended; a cancel ends the page itself. */
export type PageResult =
  | { readonly type: 'trained'; readonly outcome: TrainOutcome }
  | { readonly type: 'finished' }
  | { readonly type: 'examined'; readonly report: EngineReport }
  | { readonly type: 'failed'; readonly error: ErrorReport };

/** Name of a call -> what is asked with it and what comes back; bytes are named where there are any. */
export interface PageCalls {
  begin: { ask: object; answer: PageStart };
  /** Answer bytes: the patches with their margins, one after another. */
  patches: { ask: { indexes: readonly number[] }; answer: object };
  /** Answer bytes: the views, one after another. */
  views: { ask: ViewsRequest; answer: object };
  'cache-open': { ask: { name: string; rows: number; rowLength: number }; answer: { cache: number } };
  /** Bytes: float32 rows from `row` on. */
  'cache-write': { ask: { cache: number; row: number }; answer: object };
  /** Answer bytes: float32 rows in the order asked for. */
  'cache-read': { ask: { cache: number; rows: readonly number[] }; answer: object };
  'cache-close': { ask: { cache: number }; answer: object };
  'runner-open': { ask: { upload: number; threads: number }; answer: { runner: number } };
  /** Bytes: uint8 pictures. Answer bytes: float32 of each output, one after another. */
  'runner-run': {
    ask: { runner: number; count: number };
    answer: { outputs: readonly { readonly name: string; readonly length: number }[] };
  };
  'runner-close': { ask: { runner: number }; answer: object };
  /** Bytes: the next part of an upload that is `bytes` long in all. */
  upload: { ask: { upload: number; bytes: number }; answer: object };
  put: { ask: { name: string; upload: number }; answer: object };
  get: { ask: { name: string }; answer: { file: Download | null } };
  /** Answer bytes: at most one part from `from` on. */
  download: { ask: { download: number; from: number }; answer: object };
  event: { ask: { event: JobEvent }; answer: object };
  finish: { ask: { result: PageResult }; answer: object };
}

export type PageCallName = keyof PageCalls;

/** Sends one call and waits for its answer. Throws what the other side threw, as EosinError. */
export type PageCall = <N extends PageCallName>(
  name: N,
  ask: PageCalls[N]['ask'],
  bytes?: Uint8Array,
) => Promise<{ readonly answer: PageCalls[N]['answer']; readonly bytes: Uint8Array }>;
