/** Are all weights of a model numbers? Asked of the bytes, before any tensor exists: TensorFlow.js loads NaN silently. */
import { Reader } from 'protobufjs/minimal.js';

/** Field numbers and type codes of onnx.proto3 (ONNX IR 8). */
const modelGraph = 7;
const graphInitializer = 5;
const tensorDataType = 2;
const tensorFloatData = 4;
const tensorRawData = 9;
const floatType = 1;

/**
 * Checks every float32 initializer of an ONNX file. Throws RangeError where the bytes are no ONNX file; returns false
 * for a weight that is NaN or infinite.
 */
export function onnxWeightsAreFinite(onnx: Uint8Array): boolean {
  let graphs = 0;
  const finite = everyMessage(onnx, modelGraph, (graph) => {
    graphs++;
    return everyMessage(graph, graphInitializer, tensorIsFinite);
  });
  if (graphs !== 1) throw new RangeError('no ONNX graph');
  return finite;
}

/** Calls `check` with the bytes of each length-delimited field `wanted`, until one says false. */
function everyMessage(bytes: Uint8Array, wanted: number, check: (message: Uint8Array) => boolean): boolean {
  const reader = Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === wanted && (tag & 7) === 2) {
      if (!check(bytesOf(reader))) return false;
    } else reader.skipType(tag & 7);
  }
  return true;
}

function tensorIsFinite(tensor: Uint8Array): boolean {
  const reader = Reader.create(tensor);
  let type = 0;
  const values: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === tensorDataType && (tag & 7) === 0) type = reader.int32();
    else if ((field === tensorRawData || field === tensorFloatData) && (tag & 7) === 2) values.push(bytesOf(reader));
    else reader.skipType(tag & 7);
  }
  return type !== floatType || values.every(floatsAreFinite);
}

function bytesOf(reader: Reader): Uint8Array {
  const length = reader.uint32();
  const start = reader.pos;
  if (start + length > reader.len) throw new RangeError('a field runs past the end');
  reader.skip(length);
  return (reader.buf as Uint8Array).subarray(start, start + length);
}

/** Little-endian float32: a number is finite unless all eight bits of its exponent are set. */
export function floatsAreFinite(bytes: Uint8Array): boolean {
  if (bytes.length % 4 !== 0) throw new RangeError('float32 values end in the middle of one');
  for (let i = 0; i < bytes.length; i += 4) {
    if ((bytes[i + 3]! & 0x7f) === 0x7f && (bytes[i + 2]! & 0x80) === 0x80) return false;
  }
  return true;
}

/** What of a TensorFlow.js weights manifest says where the numbers lie. */
export interface WeightSpec {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Bytes that the weights of a manifest take: the file must have exactly these. Throws RangeError for another dtype. */
export function weightBytes(specs: readonly WeightSpec[]): number {
  let bytes = 0;
  for (const { shape, dtype } of specs) {
    const width = dtype === 'float32' || dtype === 'int32' ? 4 : dtype === 'bool' || dtype === 'uint8' ? 1 : 0;
    if (width === 0) throw new RangeError(`weights of type ${dtype}`);
    bytes += width * shape.reduce((product, side) => product * side, 1);
  }
  return bytes;
}
