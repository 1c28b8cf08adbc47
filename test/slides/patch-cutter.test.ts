import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import { cutPatches } from '../../app/slides/patch-cutter.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type FixtureCompression, writeSlide } from '../fixtures/tiff-writer.ts';

async function openMade(t: TestContext, compression: FixtureCompression, { slidePx = 700, sizePx = 60 } = {}) {
  const patchBytes = sizePx * sizePx * 3;
  const folder = tempFolder(t);
  const path = join(folder, 'slide.tif');
  await writeSlide(path, [{ widthPx: slidePx, heightPx: slidePx, compression }]);
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  /** What was cut at these corners, as a file of that name holds it. */
  const cut = async (name: string, corners: readonly (readonly [number, number])[], downsample: number) => {
    const file = join(folder, name);
    const patches = corners.map(([x, y], i) => ({ x, y, offset: i * patchBytes }));
    await cutPatches(slide, { file, sizePx, downsample, patches });
    return readFileSync(file);
  };
  const region = async ([x, y]: readonly [number, number], downsample: number) =>
    Buffer.from((await slide.region({ x, y, widthPx: sizePx, heightPx: sizePx, downsample })).data);
  return { cut, region, patchBytes };
}

const corners = [
  [0, 0],
  [333, 21],
  [333, 21],
  [-20, 640],
  [5, 100],
  [690, 690],
  [-100, -100],
] as const;

for (const compression of ['jpeg', 'lzw'] as const)
  for (const downsample of [1, 2, 3, 1.3])
    test(`patches are the regions at their corners, inside the slide and beyond: ${compression} at ${downsample}`, async (t) => {
      const { cut, region, patchBytes } = await openMade(t, compression);
      // The second call works in the memory that the first one left full.
      await cut('first', [...corners].reverse(), downsample);
      const file = await cut('second', corners, downsample);
      for (const [i, corner] of corners.entries())
        assert.ok(
          file.subarray(i * patchBytes, (i + 1) * patchBytes).equals(await region(corner, downsample)),
          `${corner}`,
        );
    });

test('calls beside one another do not write into each other’s patches', async (t) => {
  // Larger than what is decoded at once, so that the calls take turns.
  const { cut, region } = await openMade(t, 'none', { slidePx: 1664, sizePx: 1600 });
  const places = [
    [0, 0],
    [60, 40],
  ] as const;
  const files = await Promise.all(places.map((corner, i) => cut(`${i}`, [corner], 1)));
  for (const [i, corner] of places.entries()) assert.ok(files[i]!.equals(await region(corner, 1)), `${corner}`);
});
