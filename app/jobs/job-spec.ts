/** The process boundary of a job as types: a frozen spec goes in, events come out, bulk bytes travel in files. */

import type { ErrorReport } from '../core/errors.ts';
import type { Recipe } from '../core/recipe.ts';
import type { DivergingAnswer, Evaluation, JobEvent, LossFall } from '../core/run.ts';
import type { EngineId } from '../engine/engine.ts';
import type { PredictInput } from '../inference/predict-loop.ts';
import type { ModelNetwork } from '../networks/feature-network-node.ts';
import type { PlannedPatch } from '../training/ports.ts';
import type { BackboneSource } from '../weights/backbone-library.ts';
import type { ImportReport, ImportRequest } from '../weights/import-weights-node.ts';

/** A packed patch store (patches/patch-store-format.ts) by its absolute path; `count` patches of `sizePx` with a margin of `contextPx`. */
export interface PatchStoreRef {
  readonly file: string;
  readonly count: number;
  readonly sizePx: number;
  readonly contextPx: number;
}

export interface DivergingChoice {
  /** To the question that the run was paused with. */
  readonly answer: DivergingAnswer | null;
  /** Whether a person can be asked: the run is paused then. */
  readonly ask: boolean;
}

/** What learning itself needs to know, wherever it happens: no path is in it. */
export interface LearningSpec {
  /** `find-rate` tries learning rates on the same data and leaves no model. */
  readonly kind: 'train' | 'find-rate';
  readonly recipe: Recipe;
  readonly classes: readonly { readonly name: string; readonly colour: string }[];
  readonly patches: readonly PlannedPatch[];
  readonly mpp: number | null;
  /** Null: the best usable rung of the ladder. */
  readonly engine: EngineId | null;
  readonly threads: number;
  readonly patientsKnown: boolean;
  readonly appVersion: string;
  /** SHA-256 of patches, split, recipe and imported weights: what a checkpoint must agree with. */
  readonly planHash: string;
  /** Pictures that may be in an engine's memory at once, where it ran out of it before; absent: what the estimate says. */
  readonly mostAtOnce?: number;
  /** The longest stretch of training between two checkpoints in milliseconds; absent: five minutes. */
  readonly checkpointEveryMs?: number;
  /** What to do when the loss runs away; absent: the phase ends with its best weights. */
  readonly diverging?: DivergingChoice;
}

export interface TrainSpec extends LearningSpec {
  /** An absolute folder of the run: cache, checkpoints and `model/` are written below it. */
  readonly runFolder: string;
  /** Where the recipe's backbone lies. */
  readonly backbone: BackboneSource;
  readonly store: PatchStoreRef;
}

export interface PredictSpec extends PredictInput {
  readonly kind: 'predict';
}

/** Pooled activations of one layer. */
export interface FeaturesSpec {
  readonly kind: 'features';
  /** A finished model, or a pretrained backbone. */
  readonly network:
    | ({ readonly kind: 'model' } & ModelNetwork)
    | { readonly kind: 'backbone'; readonly source: BackboneSource };
  /** A layer group or a layer; null is the last before the head. */
  readonly layer: string | null;
  readonly sizePx: number;
  readonly threads: number;
  /** `count` pictures [sizePx, sizePx, rgb] uint8, one after another. */
  readonly pictureFile: string;
  readonly count: number;
}

/** A rung of a training: the phases whose weights it has, in the order in which they learned; none is the linear probe. */
export interface RungOrder {
  readonly id: string;
  readonly chain: readonly string[];
}

/** Rungs of a training that is over become finished networks. */
export interface RungsSpec {
  readonly kind: 'rungs';
  /** The training as it was; its store holds the patches that it was planned with. */
  readonly training: TrainSpec;
  /** The files of its first phase, which say where the head stands. */
  readonly first: string;
  readonly rungs: readonly RungOrder[];
  /** The colour baseline as well. */
  readonly withColour: boolean;
  /** Judged on the test part as well as on validation. */
  readonly withTest: boolean;
}

/** What became of a rung: its files lie in `rungs/<id>/` of the run. */
export interface RungOutcome {
  readonly id: string;
  /** SHA-256 of its model.onnx. */
  readonly sha256: string;
  readonly validation: Evaluation;
  readonly test: Evaluation | null;
  /** Against the rung that it stands on, where that was made in the same call. */
  readonly fall: LossFall | null;
  /** Null for the colour baseline, which is no network. */
  readonly model: TrainOutcome | null;
}

/** A file of weights becomes a backbone. */
export interface ImportSpec extends ImportRequest {
  readonly kind: 'import';
}

export type JobSpec = TrainSpec | RungsSpec | PredictSpec | FeaturesSpec | ImportSpec;

/** Host to worker. */
export type ToWorker =
  | { type: 'start'; spec: JobSpec }
  | { type: 'batch'; slot: number; id: number; count: number }
  | { type: 'finish' }
  | { type: 'cancel' }
  /** As cancel, but training puts on disk where it stands. */
  | { type: 'pause' };

/** Worker to host. What goes to a page that it is lent (page-messages.ts) ends in `lendPages`. */
export type FromWorker =
  | { type: 'event'; event: JobEvent }
  /** probabilities [networks, count, classes] row by row, as base64 of float32: small beside the pixels. */
  | { type: 'batch-done'; id: number; slot: number; probabilities: string }
  | { type: 'trained'; outcome: TrainOutcome }
  /** One vector a picture, in the order of the file. */
  | { type: 'features'; layer: string; values: number[][] }
  | { type: 'imported'; report: ImportReport }
  | { type: 'rungs'; outcomes: readonly RungOutcome[] }
  /** Every batch of a prediction was answered. */
  | { type: 'finished' }
  /** `waits`: for the answer to a question that it has told. */
  | { type: 'cancelled'; waits?: boolean }
  | { type: 'failed'; error: ErrorReport };

/** What a training run leaves in `runFolder/model/`, with the numbers for the passport. */
export interface TrainOutcome {
  readonly attach: string;
  readonly bestPhase: string;
  readonly bestEpoch: number;
  readonly backbone: { readonly name: string; readonly sha256: string; readonly provenance: string };
  readonly preprocessing: {
    readonly channels: 'rgb' | 'bgr';
    readonly mean: readonly number[];
    readonly scale: readonly number[];
  };
  readonly validation: Evaluation | null;
  readonly test: Evaluation | null;
  /** Largest difference of a probability between model.onnx and the layers model on golden patches. */
  readonly parity: number;
  readonly engine: {
    readonly id: EngineId;
    readonly device: string;
    readonly threads: number;
    /** Of its self-test. */
    readonly gradientError: number;
    /** Pictures at once, where its memory had no room for more. */
    readonly mostAtOnce?: number;
  };
  /** Files written, with their SHA-256. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}
