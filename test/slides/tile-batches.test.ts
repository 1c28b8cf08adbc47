import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TileAnswer } from '../../app/slides/decode-messages.ts';
import { createTileBatches, type TilePlace } from '../../app/slides/tile-batches.ts';

const place = (x: number): TilePlace => ({ level: 0, x, y: 0 });
const picture = (x: number) => ({ type: 'image/jpeg', picture: Uint8Array.of(x) });

/** Answers as `answerOf` says, and keeps what was asked for. */
function bench(answerOf: (x: number) => TileAnswer, lanes = 2) {
  const together: number[][] = [];
  const alone: number[] = [];
  const signals: AbortSignal[] = [];
  const tileOf = createTileBatches<string>({
    lanes,
    async together(_slide, places, signal) {
      together.push(places.map(({ x }) => x));
      signals.push(signal);
      return places.map(({ x }) => answerOf(x));
    },
    async alone(_slide, { x }) {
      alone.push(x);
      return { type: 'image/png', bytes: Uint8Array.of(x) };
    },
  });
  return { tileOf, together, alone, signals };
}

test('tiles of one moment are asked for together, a share for each process, and each gets its own picture', async () => {
  const { tileOf, together, alone } = bench(picture);
  const tiles = await Promise.all([0, 1, 2, 3, 4, 5].map((x) => tileOf('a', place(x))));
  assert.deepEqual(together, [
    [0, 1, 2],
    [3, 4, 5],
  ]);
  assert.deepEqual(
    tiles.map(({ bytes }) => bytes[0]),
    [0, 1, 2, 3, 4, 5],
  );
  assert.deepEqual(alone, []);
});

test('one alone, and those of another slide, are not put together', async () => {
  const { tileOf, together, alone } = bench(picture, 1);
  await Promise.all([tileOf('a', place(1)), tileOf('b', place(2))]);
  assert.deepEqual([together, alone], [[], [1, 2]]);
});

test('what the message leaves out is asked for alone; an error is of its own tile', async () => {
  const error = { code: 'slide/damaged-tile', kind: 'input', message: 'Bad.', remedy: 'Copy it.', fields: {} } as const;
  const { tileOf, alone } = bench((x) => (x === 1 ? null : x === 2 ? { error } : picture(x)), 1);
  const [first, second, third] = await Promise.allSettled([0, 1, 2].map((x) => tileOf('a', place(x))));
  assert.equal(first!.status, 'fulfilled');
  assert.equal(second!.status === 'fulfilled' && second!.value.type, 'image/png');
  assert.equal(third!.status === 'rejected' && third!.reason.code, 'slide/damaged-tile');
  assert.deepEqual(alone, [1]);
});

test('a batch that nobody wants any more is let go of; one that somebody wants goes on', async () => {
  const { tileOf, signals } = bench(picture, 1);
  const [one, other] = [new AbortController(), new AbortController()];
  const asked = [tileOf('a', place(1), one.signal), tileOf('a', place(2), other.signal)];
  await Promise.all(asked);
  one.abort();
  assert.equal(signals[0]!.aborted, false);
  other.abort();
  assert.equal(signals[0]!.aborted, true);
});
