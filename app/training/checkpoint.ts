/**
 * Weights and the state of training as ONE file, so that it is whole or not there:
 *
 *     SHA-256 of all that follows | u32 length of the JSON | JSON | float32 values, one array after another
 *
 * The JSON is plain data; each Float32Array in it stands as { "$floats": [start, length] } and infinity as { "$number": "Infinity" }.
 */
import { EosinError } from '../core/errors.ts';
import type { WeightSnapshot } from '../networks/split-network.ts';
import type { StopState } from './early-stopping.ts';
import type { FitBest } from './fit.ts';
import type { OptimizerState } from './optimizer.ts';
import type { PlateauState } from './schedules.ts';

/** What a checkpoint belongs to. */
export interface CheckpointOrigin {
  /** SHA-256 of patches, split and recipe. */
  readonly planHash: string;
  readonly appVersion: string;
  readonly engine: string;
  readonly attach: string;
  readonly phase: string;
  readonly phaseIndex: number;
  /** Epochs of the phase that are done. */
  readonly epoch: number;
  /** Of the last whole epoch; infinity before the first. */
  readonly valLoss: number;
  readonly valAccuracy: number;
}

/** The best weights of a phase or the result of a rung. */
export interface WeightsCheckpoint {
  readonly origin: CheckpointOrigin;
  readonly weights: readonly WeightSnapshot[];
}

/** Where an epoch stands after some of its batches. */
export interface EpochPosition {
  /** Batches that are done. */
  readonly batches: number;
  /** Loss summed over their pictures. */
  readonly lossSum: number;
  /** Pictures that were right. */
  readonly hits: number;
  /** Optimizer steps done in the phase. */
  readonly step: number;
}

/** What an epoch began with, for when its loss turns out to be no number. */
export interface EpochStart {
  readonly weights: readonly WeightSnapshot[];
  readonly optimizer: OptimizerState;
}

/** Everything within a phase that the next step depends on besides the weights and the optimizer. */
export interface PhaseState {
  readonly stop: StopState;
  readonly plateau: PlateauState;
  /** Optimizer steps that the phase's whole epochs have done. */
  readonly step: number;
  /** Lowest training loss of an epoch. */
  readonly lowestLoss: number;
  /** Epochs in a row with a training loss far over the lowest. */
  readonly divergingEpochs: number;
  /** How often the rate was halved because the loss was not a number. */
  readonly halvings: number;
}

export interface FitState extends PhaseState {
  readonly optimizer: OptimizerState;
  /** Null between epochs. */
  readonly middle: (EpochPosition & { readonly start: EpochStart }) | null;
}

/** The phase and epoch whose weights count so far. */
export interface KeptPhase {
  readonly phase: string;
  readonly epoch: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  /** The loss of each validation patch. */
  readonly losses: Float32Array;
}

/** The end of an epoch or a moment in it, complete: a run that goes on from here ends as if it had never stopped. */
export interface EpochCheckpoint extends WeightsCheckpoint {
  /** Grows by one from checkpoint to checkpoint of a run. */
  readonly serial: number;
  /** Layer groups below the head that `weights` reaches down to. */
  readonly reach: number;
  readonly state: FitState;
  /** Null before the first whole epoch of the phase. */
  readonly best: FitBest | null;
  /** The weights before the phase, for when it has to be undone. */
  readonly undo: readonly WeightSnapshot[];
  readonly before: KeptPhase | null;
  /** Rungs in a row that were undone before this phase. */
  readonly undone: number;
}

const hashBytes = 32;

/** `data` is plain: objects, arrays, texts, numbers, booleans, null and Float32Arrays. */
export async function encodeCheckpoint(data: WeightsCheckpoint | EpochCheckpoint): Promise<Uint8Array> {
  const arrays: Float32Array[] = [];
  let floats = 0;
  const plain = JSON.stringify(data, (_, value: unknown) => {
    if (value === Number.POSITIVE_INFINITY) return { $number: 'Infinity' };
    if (!(value instanceof Float32Array)) return value;
    arrays.push(value);
    floats += value.length;
    return { $floats: [floats - value.length, value.length] };
  });
  const json = new TextEncoder().encode(plain);
  const bytes = new Uint8Array(hashBytes + 4 + json.length + floats * 4);
  new DataView(bytes.buffer).setUint32(hashBytes, json.length, true);
  bytes.set(json, hashBytes + 4);
  let at = hashBytes + 4 + json.length;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  bytes.set(await digest(bytes.subarray(hashBytes)));
  return bytes;
}

/** @throws EosinError `train/broken-checkpoint` for bytes that are cut off or changed. */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<WeightsCheckpoint | EpochCheckpoint> {
  const body = bytes.subarray(hashBytes);
  if (body.length < 4 || hex(bytes.subarray(0, hashBytes)) !== (await sha256(body))) throw broken();
  const length = new DataView(body.buffer, body.byteOffset).getUint32(0, true);
  const json = new TextDecoder().decode(body.subarray(4, 4 + length));
  const values = new Float32Array(new Uint8Array(body.subarray(4 + length)).buffer);
  return JSON.parse(json, (_, value: { $floats?: [number, number]; $number?: string } | null) => {
    if (value?.$floats) return values.slice(value.$floats[0], value.$floats[0] + value.$floats[1]);
    return value?.$number ? Number(value.$number) : value;
  }) as WeightsCheckpoint | EpochCheckpoint;
}

function broken(): EosinError {
  return new EosinError('train/broken-checkpoint', 'input', 'A checkpoint of the run is damaged.', {
    remedy: 'Start the run anew.',
  });
}

/** SHA-256 in hex, by WebCrypto: there in Node and in a page. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(await digest(bytes));
}

async function digest(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
