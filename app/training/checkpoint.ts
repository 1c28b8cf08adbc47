/**
 * Weights and the state of training as ONE file, so that it is whole or not there:
 *
 *     u32 length of the header | header JSON { schema, sha256 of the rest, data } | float32 values, one array after another
 *
 * `data` is plain; each Float32Array in it stands as { "$floats": [start, length] } and infinity as { "$number": "Infinity" }.
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
  readonly valLoss: number;
  readonly valAccuracy: number;
}

/** The best weights of a phase or the result of a rung. */
export interface WeightsCheckpoint {
  readonly origin: CheckpointOrigin;
  readonly weights: readonly WeightSnapshot[];
}

/** Everything within a phase that the next epoch depends on besides the weights. */
export interface FitState {
  readonly optimizer: OptimizerState;
  readonly stop: StopState;
  readonly plateau: PlateauState;
  /** Optimizer steps done in the phase. */
  readonly step: number;
  readonly lowestLoss: number;
  /** Epochs in a row with a training loss far over the lowest. */
  readonly divergingEpochs: number;
  /** How often the rate was halved because the loss was not a number. */
  readonly halvings: number;
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

/** The end of an epoch, complete: a run that goes on from here ends as if it had never stopped. */
export interface EpochCheckpoint extends WeightsCheckpoint {
  /** Layer groups below the head that `weights` reaches down to. */
  readonly reach: number;
  readonly state: FitState;
  readonly best: FitBest;
  /** The weights before the phase, for when it has to be undone. */
  readonly undo: readonly WeightSnapshot[];
  readonly before: KeptPhase | null;
  /** Rungs in a row that were undone before this phase. */
  readonly undone: number;
}

interface Header {
  readonly schema: 1;
  readonly sha256: string;
  readonly data: unknown;
}

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
  const payload = joined(arrays);
  const header = JSON.stringify({ schema: 1, sha256: await sha256(payload), data: 0 }).replace(/0}$/, `${plain}}`);
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(4 + json.length + payload.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(payload, 4 + json.length);
  return bytes;
}

/** @throws EosinError `train/broken-checkpoint` for bytes that are cut off or changed. */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<WeightsCheckpoint | EpochCheckpoint> {
  const { json, payload } = parts(bytes);
  const values = new Float32Array(payload.slice().buffer);
  const header = parsed(json, values);
  if ((await sha256(payload)) !== header.sha256) throw broken();
  return header.data as WeightsCheckpoint | EpochCheckpoint;
}

function parts(bytes: Uint8Array): { json: string; payload: Uint8Array } {
  const length = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const payload = bytes.subarray(4 + length);
  if (length === 0 || 4 + length > bytes.length || payload.length % 4 !== 0) throw broken();
  return { json: new TextDecoder().decode(bytes.subarray(4, 4 + length)), payload };
}

function parsed(json: string, values: Float32Array): Header {
  try {
    return JSON.parse(json, (_, value: { $floats?: [number, number]; $number?: string } | null) => {
      if (value?.$floats) return values.slice(value.$floats[0], value.$floats[0] + value.$floats[1]);
      return value?.$number ? Number(value.$number) : value;
    }) as Header;
  } catch (cause) {
    throw broken(cause);
  }
}

function broken(cause?: unknown): EosinError {
  return new EosinError('train/broken-checkpoint', 'input', 'A checkpoint of the run is damaged.', {
    remedy: 'Start the run anew.',
    cause,
  });
}

function joined(arrays: readonly Float32Array[]): Uint8Array {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return bytes;
}

/** SHA-256 in hex, by WebCrypto: there in Node and in a page. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
