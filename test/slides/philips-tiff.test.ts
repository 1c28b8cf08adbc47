import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { openSlide } from '../../app/slides/open-slide.ts';
import { hasOpenSlide, openSlideProperties, openSlideRgb } from '../fixtures/openslide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { blocks, type Directory, type Field, levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

const skip = hasOpenSlide() ? false : 'python3-openslide is not installed';
const tilePx = 256;

function entry(name: string, value: string): string {
  return `<Attribute Name="${name}" Group="0x0008" Element="0x0070" PMSVR="IString">${value}</Attribute>`;
}

function array(name: string, objects: readonly string[]): string {
  return entry(name, `<Array>${objects.join('')}</Array>`);
}

function spacing(x: number, y: number): string {
  return entry('DICOM_PIXEL_SPACING', `&quot;${y}&quot; &quot;${x}&quot;`);
}

/** The description of a scan of so many levels, with a JPEG as label. */
function philipsXml(levels: number, x: number, y: number, label: Uint8Array): string {
  const representations = Array.from(
    { length: levels },
    (_, k) =>
      `<DataObject ObjectType="PixelDataRepresentation">${spacing(x * 2 ** k, y * 2 ** k)}${entry('PIIM_PIXEL_DATA_REPRESENTATION_NUMBER', `${k}`)}</DataObject>`,
  );
  const scan = `<DataObject ObjectType="DPScannedImage">${entry('PIM_DP_IMAGE_TYPE', 'WSI')}${spacing(x, y)}${array('PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE', representations)}</DataObject>`;
  const picture = `<DataObject ObjectType="DPScannedImage">${entry('PIM_DP_IMAGE_TYPE', 'LABELIMAGE')}${entry('PIM_DP_IMAGE_DATA', Buffer.from(label).toString('base64'))}</DataObject>`;
  return `<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">${entry('DICOM_MANUFACTURER', 'PHILIPS')}${entry('PIM_DP_UFS_BARCODE', 'QUJD')}${array('PIM_DP_SCANNED_IMAGES', [scan, picture])}</DataObject>`;
}

const software: Field = { tag: 305, type: 2, values: 'Philips DP v1.0' };

interface Scan {
  readonly xml?: string;
  /** Tiles by which a side is longer than needed. */
  readonly extraTiles?: number;
  readonly more?: readonly Directory[];
}

const sides = { widthPx: 5 * tilePx, heightPx: 3 * tilePx };
const label = await sharp({ create: { width: 30, height: 40, channels: 3, background: '#804020' } })
  .jpeg()
  .toBuffer();

/** Three levels, filled up to whole tiles with what the painter says there; tiles of level 0 are left out. */
async function writeScan(t: TestContext, { xml, extraTiles = 0, more = [] }: Scan = {}): Promise<string> {
  const description: Field = { tag: 270, type: 2, values: xml ?? philipsXml(3, 0.00025, 0.0002502, label) };
  const levels = [0, 1, 2].map((k) => {
    const whole = (side: number): number => (Math.ceil(side / 2 ** k / tilePx) + (k > 0 ? extraTiles : 0)) * tilePx;
    return levelDirectory({
      widthPx: whole(sides.widthPx),
      heightPx: whole(sides.heightPx),
      tilePx,
      compression: 'jpeg-with-tables',
      missing: k === 0 ? [2, 7] : [],
      paint: blocks,
      fields: k === 0 ? [description, software] : [{ tag: 254, type: 4, values: [1] }],
    });
  });
  const path = join(tempFolder(t), 'slide.tiff');
  writeFileSync(path, writeTiff([...(await Promise.all(levels)), ...more], { bigTiff: true }));
  return path;
}

async function open(t: TestContext, path: string) {
  const slide = await openSlide(path, { cacheFolder: tempFolder(t) });
  t.after(() => slide.close());
  return slide;
}

test('levels have their true size, whatever fills their tiles up', async (t) => {
  for (const extraTiles of [0, 1]) {
    const slide = await open(t, await writeScan(t, { extraTiles }));
    assert.deepEqual([slide.info.format, slide.info.vendor], ['philips', 'philips']);
    assert.deepEqual(
      slide.info.levels.map(({ widthPx, heightPx, downsample }) => [widthPx, heightPx, downsample]),
      [
        [1280, 768, 1],
        [640, 384, 2],
        [320, 192, 4],
      ],
    );
    const { data } = await slide.region({ x: 600, y: 600, widthPx: 20, heightPx: 20, downsample: 2 });
    const [red, green] = blocks(310, 310);
    assert.ok(Math.abs(data[(10 * 20 + 10) * 3]! - red) <= 2 && Math.abs(data[(10 * 20 + 10) * 3 + 1]! - green) <= 2);
    assert.ok(
      (await slide.region({ x: 1280, y: 0, widthPx: 9, heightPx: 9, downsample: 2 })).data.every((v) => v === 255),
    );
  }
});

test('scale by axis, properties, and the label that the XML holds', async (t) => {
  const slide = await open(t, await writeScan(t));
  const { x = 0, y = 0 } = slide.info.mpp ?? {};
  assert.ok(Math.abs(x - 0.25) < 1e-9 && Math.abs(y - 0.2502) < 1e-9);
  assert.equal(slide.info.properties['philips.DICOM_MANUFACTURER'], 'PHILIPS');
  assert.ok(!Object.keys(slide.info.properties).some((key) => /IMAGE_DATA|SEQUENCE|SCANNED|BARCODE/.test(key)));
  assert.deepEqual(slide.info.associated, ['label']);
  const picture = await slide.associated('label');
  assert.deepEqual([picture.widthPx, picture.heightPx], [30, 40]);
  assert.ok(Math.abs(picture.data[0]! - 0x80) <= 3);
});

test("pixels, sizes and scale are OpenSlide's, tiles left out too", { skip }, async (t) => {
  const path = await writeScan(t);
  const slide = await open(t, path);
  const theirs = openSlideProperties(path);
  assert.equal(theirs['openslide.vendor'], 'philips');
  assert.equal(Number(theirs['openslide.mpp-x']), slide.info.mpp?.x);
  assert.equal(Number(theirs['openslide.mpp-y']), slide.info.mpp?.y);
  for (const [level, { widthPx, heightPx, downsample }] of slide.info.levels.entries()) {
    assert.equal(Number(theirs[`openslide.level[${level}].width`]), widthPx);
    assert.equal(Number(theirs[`openslide.level[${level}].height`]), heightPx);
    assert.equal(Number(theirs[`openslide.level[${level}].downsample`]), downsample);
    const { data } = await slide.region({ x: 0, y: 0, widthPx, heightPx, downsample });
    const wanted = openSlideRgb(path, { level, x: 0, y: 0, width: widthPx, height: heightPx });
    assert.ok(wanted.equals(data), `level ${level}`);
  }
  assert.ok(openSlideRgb(path, { name: 'label' }).equals((await slide.associated('label')).data));
});

test('a macro in a directory of its own is no level', async (t) => {
  const macro = await levelDirectory({
    widthPx: 256,
    heightPx: 128,
    compression: 'jpeg',
    fields: [{ tag: 270, type: 2, values: 'Macro' }],
  });
  const slide = await open(t, await writeScan(t, { more: [macro] }));
  assert.equal(slide.info.levels.length, 3);
  assert.deepEqual([...slide.info.associated].sort(), ['label', 'macro']);
  assert.equal((await slide.associated('macro')).widthPx, 256);
});

test('a description that contradicts the file, or is hostile, is refused', async (t) => {
  const refused = async (xml: string) => {
    await assert.rejects(open(t, await writeScan(t, { xml })), { code: 'slide/structure' });
  };
  const sound = philipsXml(3, 0.00025, 0.00025, label);
  await refused(sound.replace('WSI', 'SOMETHING'));
  await refused(sound.replaceAll('0.0005&', '0.0001&'));
  await refused(sound.replace('<DataObject', '<!DOCTYPE DataObject SYSTEM "http://example.org/x"><DataObject'));
  await refused(sound.slice(0, -20));
});

test('a label that is no JPEG is left out, a damaged one is named', async (t) => {
  const withLabel = async (bytes: Uint8Array) =>
    open(t, await writeScan(t, { xml: philipsXml(3, 0.00025, 0.00025, bytes) }));
  assert.deepEqual((await withLabel(Buffer.from('<svg/>'))).info.associated, []);
  const cut = await withLabel(label.subarray(0, 60));
  await assert.rejects(cut.associated('label'), { code: 'slide/damaged-tile', fields: { picture: 'label' } });
});
