import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { readTorchPickle } from '../../app/weights/torch-pickle.ts';
import { global, tensorCode, torchFile, torchWeights } from '../fixtures/torch-writer.ts';

const sound = torchWeights({
  'a.weight': { shape: [2, 3], strides: [3, 1], storage: [1, 2, 3, 4, 5, 6] },
  'b.weight': { shape: [3, 2], strides: [1, 3], offset: 1, storage: [0, 1, 2, 3, 4, 5, 6] },
  'c.scalar': { shape: [], strides: [], storage: [7] },
});

test('tensors are read row by row, whatever their strides', () => {
  const found = readTorchPickle(sound);
  assert.deepEqual(
    [...found].map(([name, { shape, values }]) => [name, [...shape], [...values]]),
    [
      ['a.weight', [2, 3], [1, 2, 3, 4, 5, 6]],
      ['b.weight', [3, 2], [1, 4, 2, 5, 3, 6]],
      ['c.scalar', [], [7]],
    ],
  );
});

describe('what is no tensor is refused, and nothing of it is run', () => {
  const text = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...new TextEncoder().encode(value)];
  const hostile: Readonly<Record<string, readonly number[]>> = {
    'a call of os.system': [...global('os', 'system'), ...text('touch /tmp/eosin-was-here'), 0x85, 0x52],
    'the global eval': global('__builtin__', 'eval'),
    'a global of an allowed module': global('torch', 'load'),
    'a global with a dotted name': global('collections', 'OrderedDict.__init__'),
    STACK_GLOBAL: [...text('os'), ...text('system'), 0x93],
    INST: [0x28, 0x69, ...new TextEncoder().encode('os\nsystem\n')],
    OBJ: [0x28, ...global('collections', 'OrderedDict'), 0x6f],
    NEWOBJ: [...global('collections', 'OrderedDict'), 0x29, 0x81],
    'an extension code': [0x82, 1],
    'a persistent id by text': [0x50, ...new TextEncoder().encode('storage\n')],
    'attributes of an object': [...global('collections', 'OrderedDict'), 0x7d, 0x62],
    'a persistent id that is no storage': [...text('file'), 0x85, 0x51],
    'a call of a dictionary with arguments': [...global('collections', 'OrderedDict'), 0x5d, 0x85, 0x52],
    'a storage type as a function': [...global('torch', 'FloatStorage'), 0x4b, 9, 0x85, 0x52],
    'a list instead of a dictionary': [0x5d],
    'a dictionary with a number in it': [0x7d, ...text('a'), 0x4b, 1, 0x73],
    'a tensor with eight and more axes': tensorCode('0', {
      shape: Array(9).fill(1),
      strides: Array(9).fill(1),
      storage: [1],
    }),
    'a tensor with a negative stride': tensorCode('0', { shape: [2], strides: [-1], storage: [1, 2] }),
  };
  for (const [name, code] of Object.entries(hostile)) {
    test(name, () => {
      const message = /os\.system|eval|global/.test(name) ? /it asks for / : /more than tensors/;
      assert.throws(() => readTorchPickle(torchFile(code, { 0: [1, 2] })), { code: 'weights/not-tensors', message });
    });
  }
});

describe('a broken file is refused', () => {
  const broken: Readonly<Record<string, Uint8Array>> = {
    'larger than its storage': torchWeights({ a: { shape: [2, 2], strides: [2, 1], storage: [1, 2, 3] } }),
    'strides beyond the storage': torchWeights({ a: { shape: [2, 2], strides: [1e9, 1], storage: [1, 2, 3, 4] } }),
    'a thousand million numbers of one': torchWeights({ a: { shape: [32000, 32000], strides: [0, 0], storage: [1] } }),
    'a memo that was never filled': torchFile([0x68, 3]),
    'more taken than given': torchFile([0x85]),
    'no mark': torchFile([0x4b, 1, 0x74]),
    'another protocol': Uint8Array.from([0x80, 4, 0x2e]),
    'another magic': Uint8Array.from([0x80, 2, 0x4b, 1, 0x2e]),
    nothing: new Uint8Array(),
  };
  for (const [name, bytes] of Object.entries(broken)) {
    test(name, () => {
      assert.throws(() => readTorchPickle(bytes), { code: 'weights/broken' });
    });
  }

  test('cut off anywhere, or with any byte changed, it is refused or read, never worse', () => {
    const typed = (bytes: Uint8Array): boolean => {
      try {
        readTorchPickle(bytes);
        return false;
      } catch (error) {
        assert.ok(error instanceof EosinError && error.code.startsWith('weights/'), String(error));
        return true;
      }
    };
    for (let length = 0; length < sound.length; length++)
      assert.ok(typed(sound.subarray(0, length)), `${length} bytes`);
    for (let at = 0; at < sound.length; at++) {
      for (const value of [0, 0x28, 0x52, 0x63, 0xff]) typed(sound.with(at, value));
    }
  });
});
