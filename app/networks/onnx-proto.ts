/** The part of ONNX' protobuf schema (onnx.proto3, IR version 8) that an exported network needs, and its encoder. */
import { Writer } from 'protobufjs/minimal.js';

/** Element types of a tensor. */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT64 = 7;

export interface OnnxAttribute {
  readonly name: string;
  /** FLOAT 1, INT 2, STRING 3, INTS 7. */
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  /** UTF-8. */
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Little-endian. */
  readonly rawData: Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly elemType: number;
  /** A string is a free dimension. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly OnnxValue[];
  readonly output: readonly OnnxValue[];
}

type Scalar = 'int32' | 'int64' | 'float' | 'string' | 'bytes';
type MessageName = keyof typeof messages;
/** Number, type, and whether it stands once for each item of a list. */
type Field = readonly [id: number, type: Scalar | string, repeated?: 'repeated'];

/** In the order of their numbers. */
const messages = {
  ModelProto: {
    irVersion: [1, 'int64'],
    producerName: [2, 'string'],
    graph: [7, 'GraphProto'],
    opsetImport: [8, 'OperatorSetIdProto', 'repeated'],
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  GraphProto: {
    node: [1, 'NodeProto', 'repeated'],
    name: [2, 'string'],
    initializer: [5, 'TensorProto', 'repeated'],
    input: [11, 'ValueInfoProto', 'repeated'],
    output: [12, 'ValueInfoProto', 'repeated'],
  },
  NodeProto: {
    input: [1, 'string', 'repeated'],
    output: [2, 'string', 'repeated'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'AttributeProto', 'repeated'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    ints: [8, 'int64', 'repeated'],
    type: [20, 'int32'],
  },
  TensorProto: {
    dims: [1, 'int64', 'repeated'],
    dataType: [2, 'int32'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
  },
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'] },
  TypeProto: { tensorType: [1, 'TensorTypeProto'] },
  TensorTypeProto: { elemType: [1, 'int32'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, 'Dimension', 'repeated'] },
  Dimension: { dimValue: [1, 'int64'], dimParam: [2, 'string'] },
} as const satisfies Record<string, Record<string, Field>>;

const varint = 0;
const lengthDelimited = 2;
const fixed32 = 5;
const wireTypes: Readonly<Record<Scalar, number>> = {
  int32: varint,
  int64: varint,
  float: fixed32,
  string: lengthDelimited,
  bytes: lengthDelimited,
};

/** The bytes of an `.onnx` file. */
export function encodeOnnx(graph: OnnxGraph, operatorSet: number): Uint8Array {
  const model = {
    irVersion: 8,
    producerName: 'Eosin',
    opsetImport: [{ domain: '', version: operatorSet }],
    graph: { ...graph, input: graph.input.map(valueInfo), output: graph.output.map(valueInfo) },
  };
  const writer = Writer.create();
  writeMessage(writer, 'ModelProto', model);
  return writer.finish();
}

/**
 * By protobufjs' writer alone: its own messages are compiled from text, which no page allows (content security policy).
 * As the third version of the language has it: lists of numbers are packed, and 0 and '' are not written.
 */
function writeMessage(writer: Writer, name: MessageName, message: Readonly<Record<string, unknown>>): void {
  for (const [key, [id, type, repeated]] of Object.entries<Field>(messages[name])) {
    const value = message[key];
    if (value === undefined || value === 0 || value === '') continue;
    const items = repeated ? (value as readonly unknown[]) : [value];
    if (type in messages) {
      for (const item of items) {
        writer.uint32(tag(id, lengthDelimited)).fork();
        writeMessage(writer, type as MessageName, item as Readonly<Record<string, unknown>>);
        writer.ldelim();
      }
      continue;
    }
    const scalar = type as Scalar;
    const write = (item: unknown): unknown => (writer[scalar] as (value: unknown) => Writer).call(writer, item);
    const packed = repeated && wireTypes[scalar] !== lengthDelimited;
    if (packed && items.length > 0) {
      writer.uint32(tag(id, lengthDelimited)).fork();
      for (const item of items) write(item);
      writer.ldelim();
    } else if (!packed) {
      for (const item of items) {
        writer.uint32(tag(id, wireTypes[scalar]));
        write(item);
      }
    }
  }
}

function tag(id: number, wireType: number): number {
  return (id << 3) | wireType;
}

function valueInfo({ name, elemType, dims }: OnnxValue): object {
  const dim = dims.map((length) => (typeof length === 'string' ? { dimParam: length } : { dimValue: length }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
