/** Collects nodes and constants of an ONNX graph under construction. */
import {
  encodeOnnx,
  FLOAT,
  INT64,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx-proto.ts';

type AttributeValue = number | string | readonly number[];

export class OnnxGraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxTensor>();

  /** Adds a node with one output and gives the output's name. Whole numbers and lists of them become INT and INTS, words STRING. */
  add(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, AttributeValue> = {},
  ): string {
    const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
    this.#nodes.push({ name: `${opType}:${output}`, opType, input: inputs, output: [output], attribute });
    return output;
  }

  /** A float32 constant; the same name twice is the same constant. */
  floats(name: string, values: ArrayLike<number>, dims: readonly number[] = [values.length]): string {
    this.#constants.set(name, { name, dims, dataType: FLOAT, rawData: bytesOf(Float32Array.from(values)) });
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const rawData = bytesOf(BigInt64Array.from(values, BigInt));
    this.#constants.set(name, { name, dims: [values.length], dataType: INT64, rawData });
    return name;
  }

  encode(name: string, input: readonly OnnxValue[], output: readonly OnnxValue[], operatorSet = 13): Uint8Array {
    const initializer = [...this.#constants.values()];
    return encodeOnnx({ name, node: this.#nodes, initializer, input, output }, operatorSet);
  }
}

function encodeAttribute(name: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value !== 'number') return { name, type: 7, ints: value };
  return Number.isInteger(value) ? { name, type: 2, i: value } : { name, type: 1, f: value };
}

function bytesOf(values: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
