import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { assertRefused, type Bench, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  for (const [name, background] of [
    ['pink', '#e696b4'],
    ['violet', '#643c96'],
  ] as const) {
    await sharp({ create: { width: 224, height: 224, channels: 3, background } })
      .png()
      .toFile(bench.file(`${name}.png`));
  }
});
after(() => bench.close());

interface Line {
  readonly file: string;
  readonly layer: string;
  readonly values: readonly number[];
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('a line a picture, in their order: as many values as the layer has channels, the same for the same picture', async () => {
  const outcome = await bench.eosin('features', 'mobilenet-v2', 'pink.png', 'violet.png', 'pink.png', '--json');
  assert.equal(outcome.code, 0, outcome.stderr);
  const lines = linesOf(outcome.stdout);
  assert.deepEqual(
    lines.map(({ file, values }) => [file, values.length]),
    [
      ['pink.png', 1280],
      ['violet.png', 1280],
      ['pink.png', 1280],
    ],
  );
  assert.deepEqual(lines[0]!.values, lines[2]!.values);
  assert.notDeepEqual(lines[0]!.values, lines[1]!.values);
  const [early] = linesOf(
    (await bench.eosin('features', 'mobilenet-v2', 'pink.png', '--layer', 'block_3', '--json')).stdout,
  );
  assert.equal(early!.values.length, 32);
});

test('a layer that is not there, no picture and a file that is none are refused', async () => {
  assertRefused(
    await bench.eosin('features', 'mobilenet-v2', 'pink.png', '--layer', 'nope'),
    64,
    'network/no-such-layer',
  );
  assertRefused(await bench.eosin('features', 'mobilenet-v2'), 64, 'cli/usage');
  const none = await bench.eosin('features', 'mobilenet-v2', 'none.png');
  assert.equal(none.code, 65, none.stderr);
  assertRefused(await bench.eosin('features', 'nowhere', 'pink.png'), 65, 'model/missing');
});
