/**
 * Weights and the state of training as ONE file, so that it is whole or not there:
 *
 *     u32 length of the header | header JSON (names, lengths, sha256 of the rest, and what it belongs to) | float32 values
 */
import { EosinError } from '../core/errors.ts';
import type { WeightSnapshot } from '../networks/split-network.ts';
import type { StopState } from './early-stopping.ts';
import type { OptimizerState } from './optimizer.ts';
import type { PlateauState } from './schedules.ts';

/** What a checkpoint belongs to; a resume with another `planHash` is refused. */
export interface CheckpointOrigin {
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

/** Everything that the next epoch depends on; absent in a checkpoint that only keeps the best weights. */
export interface FitState {
  readonly optimizer: OptimizerState;
  readonly stop: StopState;
  readonly plateau: PlateauState;
  /** Optimizer steps done in the phase. */
  readonly step: number;
  readonly lowestLoss: number;
  /** Epochs in a row with a training loss over ten times the lowest. */
  readonly divergingEpochs: number;
}

export interface Checkpoint {
  readonly origin: CheckpointOrigin;
  readonly weights: readonly WeightSnapshot[];
  readonly state: FitState | null;
}

interface Header {
  readonly schema: 1;
  readonly sha256: string;
  readonly origin: CheckpointOrigin;
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly state: (Omit<FitState, 'optimizer'> & { optimizer: { step: number; names: readonly string[] } }) | null;
}

export async function encodeCheckpoint({ origin, weights, state }: Checkpoint): Promise<Uint8Array> {
  const arrays = [
    ...weights.map(({ values }) => values),
    ...(state?.optimizer.moments ?? []).flatMap(({ first, second }) => [first, second]),
  ];
  const payload = joined(arrays);
  const header: Header = {
    schema: 1,
    sha256: await sha256(payload),
    origin,
    weights: weights.map(({ name, shape }) => ({ name, shape })),
    state: state && {
      ...state,
      optimizer: { step: state.optimizer.step, names: state.optimizer.moments.map(({ name }) => name) },
    },
  };
  // Infinity (a best value before the first epoch) has no JSON form.
  const text = JSON.stringify(header, (_, value: unknown) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value));
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + json.length + payload.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(payload, 4 + json.length);
  return bytes;
}

/** @throws EosinError `train/broken-checkpoint` for bytes that are cut off or changed. */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const { header, payload } = parts(bytes);
  if ((await sha256(payload)) !== header.sha256) throw broken();
  const values = new Float32Array(payload.slice().buffer);
  let at = 0;
  const take = (length: number): Float32Array => {
    at += length;
    return values.slice(at - length, at);
  };
  const weights = header.weights.map(({ name, shape }) => ({ name, shape, values: take(sizeOf(shape)) }));
  if (header.state === null) return { origin: header.origin, weights, state: null };
  const sizes = new Map(weights.map(({ name, values: own }) => [name, own.length]));
  const { step, names } = header.state.optimizer;
  const moments = names.map((name) => ({
    name,
    first: take(sizes.get(name) ?? 0),
    second: take(sizes.get(name) ?? 0),
  }));
  return { origin: header.origin, weights, state: { ...header.state, optimizer: { step, moments } } };
}

function parts(bytes: Uint8Array): { header: Header; payload: Uint8Array } {
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const json = new TextDecoder().decode(bytes.subarray(4, 4 + length));
    const header = JSON.parse(json, (_, value: unknown) =>
      value === 'Infinity' ? Number.POSITIVE_INFINITY : value,
    ) as Header;
    return { header, payload: bytes.subarray(4 + length) };
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

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** SHA-256 in hex, by WebCrypto: there in Node and in a page. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
