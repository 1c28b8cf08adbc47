import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { blocks, type Directory, type Field, levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

const software: Field = { tag: 305, type: 2, values: 'PerkinElmer-QPI' };
const resolution: readonly Field[] = [
  { tag: 282, type: 5, values: [20_000, 1] },
  { tag: 283, type: 5, values: [20_000, 1] },
  { tag: 296, type: 3, values: [3] },
];

/** As the scanner writes it: it says UTF-16 and is not. */
function describe(type: string, more = ''): Field {
  const text = `<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription><DescriptionVersion>2</DescriptionVersion>
<AcquisitionSoftware>VectraScan 1.0.0</AcquisitionSoftware><ImageType>${type}</ImageType><Identifier>0d0e</Identifier>${more}
<Objective>20x</Objective><ScanProfile><Root><Magnification>x20</Magnification></Root></ScanProfile></PerkinElmer-QPI-ImageDescription>`;
  return { tag: 270, type: 2, values: text };
}

function picture(widthPx: number, heightPx: number, type: string, value: number): Directory {
  const numbers: readonly (readonly [number, 3 | 4, readonly number[]])[] = [
    [256, 4, [widthPx]],
    [257, 4, [heightPx]],
    [258, 3, [8, 8, 8]],
    [259, 3, [1]],
    [262, 3, [2]],
    [277, 3, [3]],
    [278, 4, [heightPx]],
  ];
  return {
    strips: true,
    pieces: [Buffer.alloc(widthPx * heightPx * 3, value)],
    fields: [...numbers.map(([tag, type, values]) => ({ tag, type, values })), software, describe(type)],
  };
}

function level(downsample: number, description: Field, more: readonly Field[] = []): Promise<Directory> {
  return levelDirectory({
    widthPx: 960 / downsample,
    heightPx: 640 / downsample,
    tilePx: 128,
    compression: 'jpeg-with-tables',
    fields: [software, description, ...resolution, ...more],
  });
}

async function scan(): Promise<Directory[]> {
  return [
    await level(1, describe('FullResolution')),
    picture(96, 64, 'Thumbnail', 90),
    await level(2, describe('ReducedResolution')),
    await level(4, describe('ReducedResolution')),
    picture(120, 80, 'ReducedResolution', 200),
    picture(50, 100, 'Overview', 120),
    picture(40, 40, 'Label', 150),
  ];
}

async function open(t: TestContext, directories: readonly Directory[]) {
  const path = join(tempFolder(t), 'slide.qptiff');
  writeFileSync(path, writeTiff(directories, { bigTiff: true }));
  const slide = await openSlide(path, { cacheFolder: tempFolder(t) });
  t.after(() => slide.close());
  return slide;
}

test('levels, scale, objective and the pictures beside the slide', async (t) => {
  const slide = await open(t, await scan());
  const { info } = slide;
  assert.deepEqual([info.format, info.vendor, info.objective], ['qptiff', 'perkinelmer', 20]);
  assert.deepEqual(info.mpp, { x: 0.5, y: 0.5 });
  assert.deepEqual(
    info.levels.map(({ widthPx, downsample, compression }) => [widthPx, downsample, compression]),
    [
      [960, 1, 'jpeg'],
      [480, 2, 'jpeg'],
      [240, 4, 'jpeg'],
    ],
  );
  assert.deepEqual([...info.associated].sort(), ['label', 'macro', 'thumbnail']);
  assert.equal((await slide.associated('label')).data[0], 150);
  assert.equal((await slide.associated('macro')).heightPx, 100);
  assert.equal(info.properties['perkinelmer.AcquisitionSoftware'], 'VectraScan 1.0.0');
  for (const downsample of [1, 2, 4]) {
    const { data } = await slide.region({ x: 0, y: 0, widthPx: 230, heightPx: 150, downsample });
    for (const [x, y] of [
      [0, 0],
      [200, 100],
      [229, 149],
    ] as const)
      for (const [c, value] of blocks(x, y).entries())
        assert.ok(Math.abs(data[(y * 230 + x) * 3 + c]! - value) <= 2, `${downsample} ${x} ${y}`);
  }
});

test('a scan of several channels is refused with their names', async (t) => {
  const grey: readonly Field[] = [
    { tag: 258, type: 3, values: [8] },
    { tag: 262, type: 3, values: [1] },
    { tag: 277, type: 3, values: [1] },
  ];
  const channel = (name: string) => level(1, describe('FullResolution', `<Name>${name}</Name>`), grey);
  await assert.rejects(open(t, [await channel('DAPI'), await channel('Opal 520')]), {
    code: 'slide/unsupported',
    message: /multi-channel QPTIFF \(2 channels.*only RGB is read/,
    fields: { channels: 2, samples: 1, names: 'DAPI, Opal 520' },
  });
});

test('a file that names no full picture, or is hostile, is refused', async (t) => {
  await assert.rejects(open(t, [await level(1, describe('ReducedResolution'))]), { code: 'slide/structure' });
  await assert.rejects(open(t, [await level(1, describe('FullResolution', '<!ENTITY a "b">'))]), {
    code: 'slide/structure',
  });
  await assert.rejects(open(t, [await level(1, describe('FullResolution', '<a>'))]), { code: 'slide/structure' });
});
