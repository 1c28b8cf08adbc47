import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { readSafetensors } from '../../app/weights/safetensors.ts';
import { safetensors } from '../fixtures/safetensors-writer.ts';

const raw = (header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array => {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  return Uint8Array.from([...new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer), ...text, ...data]);
};

test('float32 as written', () => {
  const found = readSafetensors(
    safetensors({ a: { shape: [2, 2], values: [1, -2, 3.5, 0] }, b: { shape: [1], values: [9] } }),
  );
  assert.deepEqual([...found.get('a')!.values], [1, -2, 3.5, 0]);
  assert.deepEqual(found.get('b')!.shape, [1]);
});

test('half, brain and double floats become float32; counters are left out', () => {
  const data = new DataView(new ArrayBuffer(4 * 2 + 2 * 2 + 8 + 8));
  for (const [i, bits] of [0x3c00, 0xc000, 0x0001, 0x7c00, 0x3f80, 0xbfc0].entries()) data.setUint16(2 * i, bits, true);
  data.setFloat64(12, 0.1, true);
  const found = readSafetensors(
    raw(
      {
        __metadata__: { format: 'pt' },
        half: { dtype: 'F16', shape: [4], data_offsets: [0, 8] },
        brain: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
        double: { dtype: 'F64', shape: [1], data_offsets: [12, 20] },
        batches: { dtype: 'I64', shape: [], data_offsets: [20, 28] },
      },
      new Uint8Array(data.buffer),
    ),
  );
  assert.deepEqual([...found.keys()], ['half', 'brain', 'double']);
  assert.deepEqual([...found.get('half')!.values], [1, -2, 2 ** -24, Number.POSITIVE_INFINITY]);
  assert.deepEqual([...found.get('brain')!.values], [1, -1.5]);
  assert.equal(found.get('double')!.values[0], Math.fround(0.1));
});

describe('refused', () => {
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const four = new Uint8Array(4);
  const broken: Readonly<Record<string, Uint8Array>> = {
    nothing: new Uint8Array(),
    'a header longer than the file': Uint8Array.from([255, 0, 0, 0, 0, 0, 0, 0, 0x7b]),
    'a header of 2^63 bytes': Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b, 0x7d]),
    'no JSON': raw('{"a":'),
    'a list': raw('[1]'),
    'no UTF-8': raw({}).with(8, 0xff),
    'a tensor outside the file': raw({ a: { ...entry, data_offsets: [0, 8], shape: [2] } }, four),
    'a tensor that ends before it begins': raw({ a: { ...entry, data_offsets: [4, 0] } }, four),
    'another size than its shape': raw({ a: { ...entry, shape: [2] } }, four),
    'a negative length': raw({ a: { ...entry, shape: [-1] } }, four),
    'lengths whose product overflows': raw({ a: { ...entry, shape: [2 ** 40, 2 ** 40] } }, four),
    'a field that nobody knows': raw({ a: { ...entry, code: 'x' } }, four),
  };
  for (const [name, bytes] of Object.entries(broken)) {
    test(name, () => {
      assert.throws(
        () => readSafetensors(bytes),
        (error) => error instanceof EosinError && error.code === 'weights/broken',
      );
    });
  }
});
