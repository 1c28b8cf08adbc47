import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { viridis } from '../../app/core/colormap.ts';
import type { EosinError } from '../../app/core/errors.ts';
import { createHeatmap } from '../../app/overlay/heatmap.ts';
import { overlayTile } from '../../app/overlay/overlay-tile.ts';
import { headerOf, heatmapOf } from './heatmap-fixture.ts';

async function pixels(png: Uint8Array): Promise<(x: number, y: number) => number[]> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.channels], [256, 256, 4]);
  return (x, y) => [...data.subarray((y * 256 + x) * 4, (y * 256 + x) * 4 + 4)];
}

const map = heatmapOf(['gs', '.g']);

test('class colours, transparent where nothing was predicted', async () => {
  const at = await pixels(await overlayTile(map, { level: 0, x: 0, y: 0, mode: 'class' }));
  assert.deepEqual(at(0, 0), [0x00, 0x72, 0xb2, 255]);
  assert.deepEqual(at(1, 0), [0xe6, 0x9f, 0x00, 255]);
  assert.equal(at(0, 1)[3], 0);
  assert.equal(at(2, 0)[3], 0, 'beyond the grid');
});

test('the probability of one class in viridis, with opacity', async () => {
  const at = await pixels(
    await overlayTile(map, { level: 0, x: 0, y: 0, mode: 'probability', classIndex: 1, opacity: 0.5 }),
  );
  assert.deepEqual(at(0, 0), [...viridis(Math.round(0.25 * 255) / 255), 128]);
  assert.deepEqual(at(1, 0), [...viridis(Math.round(0.75 * 255) / 255), 128]);
});

test('a further level is the mean over the cells that were predicted', async () => {
  const at = await pixels(await overlayTile(map, { level: 1, x: 0, y: 0, mode: 'probability', classIndex: 0 }));
  const mean = (0.75 + 0.25 + 0.75) / 3;
  assert.deepEqual(at(0, 0), [...viridis(Math.round(mean * 255) / 255), 255]);
  assert.equal(at(1, 0)[3], 0);
});

test('the tiles of a large grid lie side by side', async () => {
  const large = createHeatmap(headerOf({ columns: 300, rows: 2 }));
  large.values.set([0.1, 0.9], 256 * 2);
  const left = await pixels(await overlayTile(large, { level: 0, x: 0, y: 0, mode: 'class' }));
  const right = await pixels(await overlayTile(large, { level: 0, x: 1, y: 0, mode: 'class' }));
  assert.equal(left(255, 0)[3], 0);
  assert.deepEqual(right(0, 0), [0xe6, 0x9f, 0x00, 255]);
});

test('what is not there is refused with a code', async () => {
  const codeOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: EosinError) => error.code,
    );
  for (const [level, x, y] of [
    [0, 1, 0],
    [0, 0, 1],
    [0, -1, 0],
    [-1, 0, 0],
    [0, 0.5, 0],
    [99, 0, 0],
    [Number.NaN, 0, 0],
  ] as const) {
    assert.equal(
      await codeOf(overlayTile(map, { level, x, y, mode: 'class' })),
      'overlay/no-tile',
      `${level} ${x} ${y}`,
    );
  }
  assert.equal(
    await codeOf(overlayTile(map, { level: 0, x: 0, y: 0, mode: 'probability', classIndex: 2 })),
    'overlay/no-class',
  );
});
