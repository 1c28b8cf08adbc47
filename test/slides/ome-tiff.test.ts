import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import type { TiffSlide } from '../../app/slides/tiff-slide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import {
  coordinates,
  type Directory,
  type FileForm,
  type FixtureLevel,
  levelDirectory,
  writeTiff,
} from '../fixtures/tiff-writer.ts';

const size = { widthPx: 300, heightPx: 210 };

/** OME-XML as Bio-Formats writes it, with one or several pictures. */
function omeXml(images: readonly string[], more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><!-- Warning: this comment is an OME-XML metadata block. -->
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" Creator="OME Bio-Formats 7.1.0">${more}
<Instrument ID="Instrument:0"><Objective ID="Objective:0:0" NominalMagnification="40.0"/></Instrument>${images.join('\n')}</OME>`;
}

interface Described {
  readonly name?: string;
  readonly ifd?: number;
  readonly attributes?: string;
  readonly sizes?: string;
}

function image({
  name = 'scan',
  ifd = 0,
  attributes = mpp('0.25'),
  sizes = 'SizeC="3" SizeT="1" SizeZ="1"',
}: Described) {
  return `<Image ID="Image:${ifd}" Name="${name}"><Pixels BigEndian="true" DimensionOrder="XYCZT" ID="Pixels:0" Interleaved="true"
 ${attributes} SizeX="300" SizeY="210" ${sizes} Type="uint8"><Channel ID="Channel:0:0" SamplesPerPixel="3"/>
 <TiffData FirstC="0" FirstT="0" FirstZ="0" IFD="${ifd}" PlaneCount="1"/></Pixels></Image>`;
}

function mpp(value: string, unit = ''): string {
  const units = unit === '' ? '' : ` PhysicalSizeXUnit="${unit}" PhysicalSizeYUnit="${unit}"`;
  return `PhysicalSizeX="${value}" PhysicalSizeY="${value}"${units}`;
}

async function pyramid(xml: string | null, level: Partial<FixtureLevel> = {}): Promise<Directory> {
  const fields = xml === null ? [] : [{ tag: 270, type: 2 as const, values: xml }];
  const reduced = [{ tag: 254, type: 4 as const, values: [1] }];
  const below = [2, 4].map((downsample) =>
    levelDirectory({
      compression: 'deflate',
      ...level,
      widthPx: size.widthPx / downsample,
      heightPx: Math.floor(size.heightPx / downsample),
      fields: reduced,
    }),
  );
  const top = await levelDirectory({ compression: 'deflate', ...level, ...size, fields });
  return { ...top, subIfds: await Promise.all(below) };
}

async function open(t: TestContext, directories: readonly Directory[], form: FileForm = {}): Promise<TiffSlide> {
  const folder = tempFolder(t);
  const path = join(folder, 'slide.ome.tif');
  writeFileSync(path, writeTiff(directories, form));
  const slide = await openSlide(path, { cacheFolder: folder });
  t.after(() => slide.close());
  return slide;
}

async function assertCoordinates(slide: TiffSlide, downsample: number): Promise<void> {
  const region = { x: 64 * downsample, y: 32 * downsample, widthPx: 10, heightPx: 20, downsample };
  const { data } = await slide.region(region);
  for (let y = 0; y < 20; y++)
    for (let x = 0; x < 10; x++)
      assert.deepEqual([...data.subarray((y * 10 + x) * 3, (y * 10 + x) * 3 + 3)], coordinates(64 + x, 32 + y));
}

for (const [name, form] of [
  ['little endian', {}],
  ['big endian', { bigEndian: true }],
  ['BigTIFF', { bigTiff: true }],
  ['BigTIFF, big endian', { bigTiff: true, bigEndian: true }],
] as const) {
  test(`levels lie in SubIFDs, every px where it belongs: ${name}`, async (t) => {
    const slide = await open(t, [await pyramid(omeXml([image({})]))], form);
    const { info } = slide;
    assert.deepEqual(
      [info.format, info.vendor, info.objective, info.mpp],
      ['ome-tiff', 'ome', 40, { x: 0.25, y: 0.25 }],
    );
    assert.deepEqual(
      info.levels.map(({ downsample, widthPx }) => [downsample, widthPx]),
      [
        [1, 300],
        [2, 150],
        [4, 75],
      ],
    );
    for (const downsample of [1, 2]) await assertCoordinates(slide, downsample);
    assert.equal(info.properties['ome.Creator'], 'OME Bio-Formats 7.1.0');
    assert.equal(info.properties['ome.Image.Name'], 'scan');
  });
}

test('long tables of a big-endian pyramid are read as such', async (t) => {
  const slide = await open(t, [await pyramid(omeXml([image({})]), { tilePx: 16 })], { bigEndian: true, bigTiff: true });
  await assertCoordinates(slide, 1);
  await assertCoordinates(slide, 2);
});

test('sizes come in units', async (t) => {
  const mppOf = async (attributes: string) =>
    (await open(t, [await pyramid(omeXml([image({ attributes })]))])).info.mpp?.x ?? null;
  for (const [value, unit] of [
    ['0.25', ''],
    ['0.25', 'µm'],
    ['0.25', 'μm'],
    ['250', 'nm'],
    ['0.00025', 'mm'],
    ['2.5E-5', 'cm'],
    ['2500', 'Å'],
  ] as const) {
    const read = await mppOf(mpp(value, unit));
    assert.ok(read !== null && Math.abs(read - 0.25) < 1e-12, `${value} ${unit}: ${read}`);
  }
  for (const attributes of [mpp('0.25', 'pixel'), mpp('0.25', 'reference frame'), mpp('1', 'm'), mpp('x'), mpp('0')])
    assert.equal(await mppOf(attributes), null, attributes);
  assert.equal(await mppOf('PhysicalSizeX="0.25"'), null);
});

test('where the XML states no size, the resolution tags do', async (t) => {
  const top = await pyramid(omeXml([image({ attributes: '' })]));
  const resolution = [
    { tag: 282, type: 5, values: [20000, 1] },
    { tag: 283, type: 5, values: [20000, 1] },
    { tag: 296, type: 3, values: [3] },
  ] as const;
  const slide = await open(t, [{ ...top, fields: [...top.fields, ...resolution] }]);
  assert.deepEqual(slide.info.mpp, { x: 0.5, y: 0.5 });
});

test('the largest picture is the slide, wherever it lies; the others keep their names', async (t) => {
  const xml = omeXml([
    image({ name: 'Label Image', ifd: 0 }),
    image({ name: 'Series_0', ifd: 1 }),
    image({ name: 'macro image', ifd: 2 }),
  ]);
  const small = (widthPx: number, text?: string) =>
    levelDirectory({
      widthPx,
      heightPx: 40,
      fields: text === undefined ? [] : [{ tag: 270, type: 2, values: text }],
    });
  const slide = await open(t, [await small(48, xml), await pyramid(null), await small(120)], { bigTiff: true });
  assert.deepEqual([slide.info.widthPx, slide.info.levels.length], [300, 3]);
  assert.deepEqual(slide.info.associated, ['label', 'macro']);
  assert.equal((await slide.associated('macro')).widthPx, 120);
  await assertCoordinates(slide, 2);
});

test('a pyramid in the chain, as programs before SubIFDs wrote it', async (t) => {
  const { subIfds = [], ...top } = await pyramid(omeXml([image({})]));
  const slide = await open(t, [top, ...subIfds]);
  assert.equal(slide.info.levels.length, 3);
  await assertCoordinates(slide, 2);
});

/** The same directory with its colours in planes of their own, not compressed. */
function inPlanes(directory: Directory): Directory {
  const plane = (colour: number) => directory.pieces.map((piece) => piece?.filter((_, i) => i % 3 === colour) ?? null);
  return {
    ...directory,
    fields: [...directory.fields.filter(({ tag }) => tag !== 284), { tag: 284, type: 3, values: [2] }],
    pieces: [...plane(0), ...plane(1), ...plane(2)],
    subIfds: (directory.subIfds ?? []).map(inPlanes),
  };
}

test('colours in planes of their own are put together', async (t) => {
  const top = inPlanes(await pyramid(omeXml([image({})]), { compression: 'none' }));
  const slide = await open(t, [top], { bigEndian: true });
  assert.equal(slide.info.levels.length, 3);
  await assertCoordinates(slide, 1);
  await assertCoordinates(slide, 2);
  assert.equal(await storedTile(slide, 0, 0, 0), null);
});

test('what is not read is named with its numbers', async (t) => {
  const refused = async (xml: string, what: RegExp, level: Partial<FixtureLevel> = {}) => {
    const top = await pyramid(xml, level);
    await assert.rejects(open(t, [top]), (thrown: Error & { code?: string; remedy?: string }) => {
      assert.equal(thrown.code, 'slide/unsupported');
      assert.match(thrown.message, what);
      return (thrown.remedy ?? '').length > 20;
    });
  };
  const sized = (sizes: string) => omeXml([image({ sizes })]);
  await refused(sized('SizeC="7" SizeT="1" SizeZ="1"'), /multi-channel OME-TIFF \(7 channels.*only RGB is read/);
  await refused(sized('SizeC="3" SizeT="1" SizeZ="5"'), /5 focal planes/);
  await refused(sized('SizeC="3" SizeT="9" SizeZ="1"'), /9 points in time/);
  await refused(omeXml([image({})]).replace('uint8', 'uint16'), /type uint16/);
  await refused(omeXml([], '<BinaryOnly MetadataFile="a.ome" UUID="urn:uuid:1"/>'), /another file/);
});

test('an OME-TIFF whose XML is hostile is refused', async (t) => {
  const bomb = `<!DOCTYPE lolz [<!ENTITY a "lol">]>${omeXml([image({})])}`;
  await assert.rejects(open(t, [await pyramid(`<OME>${bomb}`)]), { code: 'slide/structure' });
  await assert.rejects(open(t, [await pyramid(omeXml([image({ ifd: 77 })]))]), { code: 'slide/structure' });
  await assert.rejects(open(t, [await pyramid(omeXml([image({})]).slice(0, 300))]), { code: 'slide/structure' });
});
