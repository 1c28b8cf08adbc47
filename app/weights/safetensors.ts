/**
 * Reads `.safetensors`:
 *
 *     uint64 length of the header | header, JSON { name: { dtype, shape, data_offsets } } | bytes of the tensors
 */
import { z } from 'zod';
import { brokenWeights, elementCount, numberLimit, type StoredTensor, type StoredTensors } from './stored-tensor.ts';

const headerLimitBytes = 16 * 1024 * 1024;

const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const headerSchema = z.record(z.string(), z.unknown());

/** How a number is stored; integers and other kinds are counters and the like, and are left out. */
const kinds: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F16: { bytes: 2, read: (view, at) => half(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => brain(view.getUint16(at, true)) },
};

/** Float tensors by name, as float32. @throws EosinError `weights/broken` */
export function readSafetensors(bytes: Uint8Array): StoredTensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw brokenWeights('it is cut off');
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(headerLimitBytes, bytes.length - 8)))
    throw brokenWeights('its header is longer than it may be');
  const start = 8 + Number(length);
  const header = parseHeader(bytes.subarray(8, start));
  const tensors = new Map<string, StoredTensor>();
  let numbers = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const parsed = entrySchema.safeParse(entry);
    if (!parsed.success) throw brokenWeights(`tensor '${name}' is described wrongly`);
    const { dtype, shape, data_offsets: [from, to] } = parsed.data; // biome-ignore format: one line
    if (to < from || start + to > bytes.length) throw brokenWeights(`tensor '${name}' lies outside the file`);
    const kind = kinds[dtype];
    if (kind === undefined) continue;
    const count = elementCount(shape);
    numbers += count;
    if (!(numbers <= numberLimit)) throw brokenWeights('it says that it holds more than 2 GiB of numbers');
    if (count * kind.bytes !== to - from) throw brokenWeights(`tensor '${name}' has another size than its shape`);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = kind.read(view, start + from + i * kind.bytes);
    tensors.set(name, { shape, values });
  }
  return tensors;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw brokenWeights('its header is no JSON', cause);
  }
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));
/** The upper half of a float32. */
function brain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
