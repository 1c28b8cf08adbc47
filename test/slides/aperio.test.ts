import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import { hasOpenSlide, openSlideProperties, openSlideRgb } from '../fixtures/openslide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type Directory, type FixtureLevel, levelDirectory, type Painter, writeTiff } from '../fixtures/tiff-writer.ts';

const needsOpenSlide = hasOpenSlide() ? false : 'python3-openslide is not installed';

async function open(t: TestContext, description: string, levels: readonly FixtureLevel[]) {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.svs');
  const directories = await Promise.all(
    levels.map((level) =>
      levelDirectory({
        ...level,
        fields: [...(level.fields ?? []), { tag: 270, type: 2, values: `Aperio Image Library v12\r\n${description}` }],
      }),
    ),
  );
  writeFileSync(path, writeTiff(directories));
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  return { path, slide };
}

const flat =
  (value: number): Painter =>
  () => [value, value, value];
const size = { widthPx: 512, heightPx: 256 };
const at = (downsample: number) => ({
  widthPx: size.widthPx / downsample,
  heightPx: size.heightPx / downsample,
});

test('scale and objective as OpenSlide reads them, with a comma, or not at all', {
  skip: needsOpenSlide,
}, async (t) => {
  for (const [text, mpp, objective] of [
    ['512x256|AppMag = 40|MPP = 0,2527', 0.2527, 40],
    ['512x256|AppMag = 20|MPP = 0.4990|Left = 25.691574', 0.499, 20],
    ['512x256|AppMag = 20', null, 20],
    ['512x256|MPP = none', null, null],
    ['512x256|MPP = 0', null, null],
    ['512x256', null, null],
  ] as const) {
    const { path, slide } = await open(t, text, [size]);
    assert.deepEqual(slide.info.mpp, mpp === null ? null : { x: mpp, y: mpp }, text);
    assert.equal(slide.info.objective, objective, text);
    const theirs = openSlideProperties(path);
    const stated = (key: string): number | null => (Number(theirs[key]) > 0 ? Number(theirs[key]) : null);
    assert.equal(stated('openslide.mpp-x'), mpp, text);
    assert.equal(stated('openslide.objective-power'), objective, text);
  }
});

test('a scale that is missing leaves the resolution tags alone: they state the printer, not the microscope', async (t) => {
  const fields = [
    { tag: 282, type: 5, values: [20000, 1] },
    { tag: 283, type: 5, values: [20000, 1] },
    { tag: 296, type: 3, values: [3] },
  ] as const;
  const { slide } = await open(t, '512x256|AppMag = 20', [{ ...size, fields }]);
  assert.equal(slide.info.mpp, null);
});

for (const compression of ['deflate', 'jpeg-with-tables'] as const) {
  test(`a tile left out is drawn from the finer level, and so is what was made of it: ${compression}`, async (t) => {
    const { slide } = await open(t, '512x256|MPP = 0.5', [
      { ...size, compression, paint: flat(40) },
      { ...at(2), compression, paint: flat(80), missing: [1] },
      { ...at(4), compression, paint: flat(160) },
    ]);
    const seen = async (level: number, x: number, y: number) => {
      const { downsample } = slide.info.levels[level]!;
      const one = { widthPx: 1, heightPx: 1, downsample };
      return (await slide.region({ x: x * downsample, y: y * downsample, ...one })).data[0]!;
    };
    assert.equal(await seen(1, 63, 10), 80);
    assert.equal(await seen(1, 64, 10), 40);
    assert.equal(await seen(1, 127, 63), 40);
    assert.equal(await seen(1, 128, 10), 80);
    assert.equal(await seen(1, 64, 64), 80);
    // Level 2's first tile was made of it: drawn from level 1, which is drawn from level 0 there.
    assert.equal(await seen(2, 10, 10), 80);
    assert.equal(await seen(2, 40, 10), 40);
    assert.equal(await seen(2, 70, 10), 160);
    assert.equal(await storedTile(slide, 1, 1, 0), null);
    assert.equal(await storedTile(slide, 2, 0, 0), null);
    assert.equal((await storedTile(slide, 2, 1, 0)) === null, compression === 'deflate');
  });
}

test("filled tiles look like OpenSlide's", { skip: needsOpenSlide }, async (t) => {
  const soft: Painter = (x, y) => [x & 255, y & 255, (x + y) >> 2];
  const halved: Painter = (x, y) => soft(x * 2, y * 2);
  const { path, slide } = await open(t, '512x256|MPP = 0.5', [
    { ...size, paint: soft, missing: [] },
    { ...at(2), paint: halved, missing: [0, 5] },
  ]);
  const { data } = await slide.region({ x: 0, y: 0, ...at(2), downsample: 2 });
  const theirs = openSlideRgb(path, { level: 1, x: 0, y: 0, width: 256, height: 128 });
  // Cairo blends four px where we take their mean; at the wrap of the ramp that differs.
  let far = 0;
  for (const [i, value] of theirs.entries()) if (Math.abs(value - data[i]!) > 2) far++;
  assert.ok(far < theirs.length / 100, `${far} of ${theirs.length}`);
});

test('a tile left out at level 0 is white, and white is what is made of it above', async (t) => {
  const { slide } = await open(t, '512x256|MPP = 0.5', [
    { ...size, paint: flat(40), missing: [0, 1, 8, 9] },
    { ...at(2), paint: flat(80) },
  ]);
  const level = await slide.region({ x: 0, y: 0, ...at(2), downsample: 2 });
  assert.deepEqual([level.data[0], level.data[63 * 3], level.data[64 * 3]], [255, 255, 80]);
});

test('label and macro of a scanner that does not name them are known by their type', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.svs');
  const text = (rest: string) =>
    ({ tag: 270, type: 2, values: `Aperio Leica Biosystems GT450 v1.0.1 \r\n${rest}` }) as const;
  const level = (rest: string, downsample: number) =>
    levelDirectory({ ...at(downsample), fields: [text(rest)], compression: 'jpeg-with-tables' });
  const picture = async (value: number, type: number): Promise<Directory> => {
    const { fields } = await levelDirectory({ widthPx: 40, heightPx: 30 });
    return {
      strips: true,
      pieces: [Buffer.alloc(40 * 30 * 3, value)],
      fields: [
        ...fields.filter(({ tag }) => tag !== 322 && tag !== 323),
        { tag: 254, type: 4, values: [type] },
        { tag: 278, type: 4, values: [30] },
        text('512x256'),
      ],
    };
  };
  const directories = [
    await level('512x256|MPP = 0.5', 1),
    await picture(10, 0),
    await level('512x256 -> 128x64', 4),
    await picture(20, 1),
    await picture(30, 9),
  ];
  writeFileSync(path, writeTiff(directories));
  const slide = await openSlide(path, { cacheFolder: folder });
  t.after(() => slide.close());
  assert.deepEqual([...slide.info.associated].sort(), ['label', 'macro', 'thumbnail']);
  for (const [name, value] of [
    ['thumbnail', 10],
    ['label', 20],
    ['macro', 30],
  ] as const)
    assert.equal((await slide.associated(name)).data[0], value);
});
