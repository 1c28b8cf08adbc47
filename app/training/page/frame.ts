/**
 * One message between a page and its job's process, as one body of a request:
 *
 *     u32 length of the header | header JSON, padded to 4 bytes | raw bytes
 *
 * The padding lets the bytes be read as float32 where they lie.
 */

export interface Frame {
  readonly header: unknown;
  readonly bytes: Uint8Array;
}

/** Files and rows go in parts of this size; a body may have eight times as much (main/guard.ts). */
export const partBytes = 8 * 1024 * 1024;

const noBytes = new Uint8Array(0);

export function encodeFrame(header: unknown, bytes: Uint8Array = noBytes): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 4 + Math.ceil(json.length / 4) * 4;
  const frame = new Uint8Array(start + bytes.length).fill(0x20, 4, start);
  new DataView(frame.buffer).setUint32(0, start - 4, true);
  frame.set(json, 4);
  frame.set(bytes, start);
  return frame;
}

/** @throws RangeError or SyntaxError for bytes that are no frame. */
export function decodeFrame(frame: Uint8Array): Frame {
  const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true);
  if (4 + length > frame.length) throw new RangeError('a frame is cut off');
  const header: unknown = JSON.parse(new TextDecoder().decode(frame.subarray(4, 4 + length)));
  return { header, bytes: frame.subarray(4 + length) };
}

/** The float32 values in `bytes`: a view where they are aligned, a copy otherwise. */
export function floatsIn(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / 4));
}

/** The bytes of `values`, without a copy. */
export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
