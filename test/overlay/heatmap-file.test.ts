import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { EosinError } from '../../app/core/errors.ts';
import { openHeatmapFile, readHeatmapFile } from '../../app/overlay/heatmap-file.ts';
import { headerOf } from './heatmap-fixture.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eosin-heatmap-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const columns = 5;
const rows = 6;
const header = headerOf({ columns, rows });
/** Row `row` with values that tell their place; the middle cell was not predicted. */
const rowOf = (row: number): number[] =>
  Array.from({ length: columns * 2 }, (_, i) => (i >> 1 === 2 ? Number.NaN : Math.fround(row + i / 100)));
const block = (from: number, to: number): Float32Array =>
  Float32Array.from(Array.from({ length: to - from }, (_, i) => rowOf(from + i)).flat());

async function rejectsWith(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (error: EosinError) => error.code === code);
}

test('rows that were appended are there after reopening, and the map goes on below them', async () => {
  const file = join(folder, 'a', 'map.heat');
  const first = await openHeatmapFile(file, header);
  assert.equal(first.heatmap.rowsDone, 0);
  await first.appendRows(block(0, 2));
  await first.appendRows(block(2, 3));
  await first.close();
  const second = await openHeatmapFile(file, header);
  assert.equal(second.heatmap.rowsDone, 3);
  assert.deepEqual([...second.heatmap.values.subarray(0, 3 * columns * 2)], [...block(0, 3)]);
  assert.ok(Number.isNaN(second.heatmap.values[3 * columns * 2]!), 'rows to come are empty');
  await second.appendRows(block(3, 6));
  await second.close();
  const whole = await readHeatmapFile(file);
  assert.equal(whole.rowsDone, rows);
  assert.deepEqual([...whole.values], [...block(0, rows)]);
  assert.deepEqual(whole.header, header);
});

test('memory and file agree while the map grows', async () => {
  const file = join(folder, 'b.heat');
  const map = await openHeatmapFile(file, header);
  await map.appendRows(block(0, 4));
  const read = await readHeatmapFile(file);
  assert.equal(read.rowsDone, 4);
  assert.deepEqual([...read.values], [...map.heatmap.values]);
  await assert.rejects(map.appendRows(block(0, 3)), RangeError, 'more rows than the grid has');
  await assert.rejects(map.appendRows(new Float32Array(3)), RangeError, 'no whole row');
  await map.close();
});

test('cut at any byte, the file gives exactly the rows that were whole, and goes on to the same end', async () => {
  const source = join(folder, 'c.heat');
  const map = await openHeatmapFile(source, header);
  await map.appendRows(block(0, rows));
  await map.close();
  const bytes = await readFile(source);
  const rowBytes = columns * 2 * 4 + 4;
  const headBytes = bytes.length - rows * rowBytes;
  const file = join(folder, 'cut.heat');
  for (let length = headBytes; length <= bytes.length; length += 7) {
    await writeFile(file, bytes);
    await truncate(file, length);
    const again = await openHeatmapFile(file, header);
    const done = Math.floor((length - headBytes) / rowBytes);
    assert.equal(again.heatmap.rowsDone, done, `cut at ${length}`);
    await again.appendRows(block(done, rows));
    await again.close();
    assert.deepEqual(await readFile(file), bytes, `cut at ${length}`);
  }
});

test('a rotten row and all below it are dropped; zeros at the end, as a power cut leaves them, are no rows', async () => {
  const file = join(folder, 'd.heat');
  const map = await openHeatmapFile(file, header);
  await map.appendRows(block(0, rows));
  await map.close();
  const bytes = await readFile(file);
  const rowBytes = columns * 2 * 4 + 4;
  const spoilt = Buffer.from(bytes);
  spoilt[bytes.length - 3 * rowBytes + 5]! ^= 1;
  await writeFile(file, spoilt);
  assert.equal((await readHeatmapFile(file)).rowsDone, rows - 3);
  const zeroed = join(folder, 'e.heat');
  await writeFile(zeroed, bytes.subarray(0, bytes.length - 2 * rowBytes));
  await appendFile(zeroed, new Uint8Array(2 * rowBytes));
  const again = await openHeatmapFile(zeroed, header);
  assert.equal(again.heatmap.rowsDone, rows - 2);
  await again.close();
  assert.equal((await stat(zeroed)).size, bytes.length - 2 * rowBytes);
});

test('another prediction, a damaged header and a missing file are told apart', async () => {
  const file = join(folder, 'f.heat');
  await (await openHeatmapFile(file, header)).close();
  await rejectsWith(openHeatmapFile(file, { ...header, modelSha256: 'b'.repeat(64) }), 'heatmap/other');
  await rejectsWith(openHeatmapFile(file, { ...header, settings: { tissue: 0.4 } }), 'heatmap/other');
  await (await openHeatmapFile(file, header)).close();
  const bytes = await readFile(file);
  for (const broken of [
    Buffer.alloc(0),
    bytes.subarray(0, 20),
    Buffer.from(bytes).fill(7, 40, 41),
    Buffer.from('x'.repeat(200)),
  ]) {
    await writeFile(file, broken);
    await rejectsWith(readHeatmapFile(file), 'heatmap/broken');
    await rejectsWith(openHeatmapFile(file, header), 'heatmap/broken');
  }
  await rejectsWith(readHeatmapFile(join(folder, 'none.heat')), 'heatmap/missing');
});
