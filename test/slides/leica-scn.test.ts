import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import { hasOpenSlide, openSlideProperties, openSlideRgb } from '../fixtures/openslide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import {
  blocks,
  type Directory,
  type Field,
  levelDirectory,
  type Painter,
  writeTiff,
} from '../fixtures/tiff-writer.ts';

const skip = hasOpenSlide() ? false : 'python3-openslide is not installed';
const nmPerPx = 250;

interface Region {
  /** In level-0 px of the glass. */
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly paint: Painter;
  readonly source?: string;
  readonly nmPerPx?: number;
}

const glass = { widthPx: 2400, heightPx: 1600 };
const other: Painter = (x, y) => [200, ((x >> 4) * 8) & 255, ((y >> 4) * 8) & 255];
const regions: readonly Region[] = [
  { x: 400, y: 200, widthPx: 640, heightPx: 480, paint: blocks },
  { x: 1200, y: 1000, widthPx: 320, heightPx: 256, paint: other },
];

function imageXml(
  size: { widthPx: number; heightPx: number },
  levels: readonly string[],
  view: string,
  source: string,
) {
  return `<image name="image" uuid="urn:uuid:2"><creationDate>2011-06-17T09:23:25.69Z</creationDate><device model="Leica SCN400;Leica SCN" version="1.4"/>
<pixels sizeX="${size.widthPx}" sizeY="${size.heightPx}">${levels.join('')}</pixels><view ${view} spacingZ="0"/>
<scanSettings><objectiveSettings><objective>40</objective></objectiveSettings><illuminationSettings><numericalAperture>0.65</numericalAperture>
<illuminationSource>${source}</illuminationSource></illuminationSettings></scanSettings></image>`;
}

function dimension(size: { widthPx: number; heightPx: number }, r: number, ifd: number, z = ''): string {
  return `<dimension sizeX="${size.widthPx}" sizeY="${size.heightPx}" r="${r}" ifd="${ifd}"${z}/>`;
}

function shrink({ widthPx, heightPx }: { widthPx: number; heightPx: number }, by: number) {
  return { widthPx: Math.floor(widthPx / by), heightPx: Math.floor(heightPx / by) };
}

/** Directory 0 is the macro picture; then two levels for each region. */
function scnXml(all: readonly Region[]): string {
  const whole = `sizeX="${glass.widthPx * nmPerPx}" sizeY="${glass.heightPx * nmPerPx}"`;
  const small = shrink(glass, 10);
  const macro = imageXml(small, [dimension(small, 0, 0)], `${whole} offsetX="0" offsetY="0"`, 'brightfield');
  const images = all.map((region, i) => {
    const scale = region.nmPerPx ?? nmPerPx;
    const view = `sizeX="${region.widthPx * scale}" sizeY="${region.heightPx * scale}" offsetX="${region.x * nmPerPx}" offsetY="${region.y * nmPerPx}"`;
    const levels = [
      dimension(shrink(region, 4), 1, 2 + 2 * i, ' z="0"'),
      dimension(region, 0, 1 + 2 * i, ' z="0"'),
      dimension(region, 0, 0, ' z="1"'),
    ];
    return imageXml(region, levels, view, region.source ?? 'brightfield');
  });
  return `<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01" uuid="urn:uuid:0"><collection name="0" uuid="urn:uuid:1" ${whole}>
<barcode>QUJD</barcode>${macro}${images.join('')}</collection></scn>`;
}

async function open(t: TestContext, all: readonly Region[] = regions, xml = scnXml(all)) {
  const resolution: Field[] = [
    { tag: 282, type: 5, values: [40000, 1] },
    { tag: 283, type: 5, values: [40000, 1] },
    { tag: 296, type: 3, values: [3] },
  ];
  const level = (size: { widthPx: number; heightPx: number }, paint: Painter, fields: readonly Field[] = []) =>
    levelDirectory({ ...size, tilePx: 128, compression: 'jpeg', paint, fields: [...resolution, ...fields] });
  const directories: Directory[] = [await level(shrink(glass, 10), blocks, [{ tag: 270, type: 2, values: xml }])];
  for (const region of all)
    directories.push(await level(region, region.paint), await level(shrink(region, 4), region.paint));
  const path = join(tempFolder(t), 'slide.scn');
  writeFileSync(path, writeTiff(directories, { bigTiff: true }));
  const slide = await openSlide(path, { cacheFolder: tempFolder(t) });
  t.after(() => slide.close());
  return { path, slide };
}

test('the slide is the whole glass; regions lie where they were scanned, glass between them', async (t) => {
  const { slide } = await open(t);
  const { info } = slide;
  assert.deepEqual([info.format, info.vendor, info.widthPx, info.heightPx], ['scn', 'leica', 2400, 1600]);
  assert.deepEqual([info.objective, info.mpp, info.associated], [40, { x: 0.25, y: 0.25 }, ['macro']]);
  assert.deepEqual(
    info.levels.map(({ widthPx, heightPx, downsample }) => [widthPx, heightPx, downsample]),
    [
      [2400, 1600, 1],
      [600, 400, 4],
    ],
  );
  assert.equal(info.properties['leica.regions'], '2');
  assert.ok(!JSON.stringify(info.properties).includes('QUJD'));
  const { data } = await slide.region({ x: 0, y: 0, ...glass, downsample: 1 });
  const check = (x: number, y: number, [red, green, blue]: readonly number[]): void => {
    const at = (y * 2400 + x) * 3;
    for (const [c, value] of [red!, green!, blue!].entries())
      assert.ok(Math.abs(data[at + c]! - value) <= 2, `${x} ${y} ${c}: ${data[at + c]} ${value}`);
  };
  for (const { x, y, widthPx, heightPx, paint } of regions) {
    for (const [dx, dy] of [
      [0, 0],
      [130, 140],
      [widthPx - 1, heightPx - 1],
    ] as const)
      check(x + dx, y + dy, paint(dx, dy));
    check(x - 1, y, [255, 255, 255]);
    check(x + widthPx, y + heightPx - 1, [255, 255, 255]);
    check(x, y + heightPx, [255, 255, 255]);
  }
  assert.ok((await slide.tile(1, 4, 3)).bytes.length > 100);
  assert.equal((await slide.associated('macro')).widthPx, 240);
});

/** A stack of one region: three planes of two levels, the last of which lacks its overview. */
async function openStack(t: TestContext, spacingNm: number, focalPlane?: number) {
  const region = { x: 400, y: 200, widthPx: 640, heightPx: 480 };
  const ifds = [[0, 1], [2, 3], [4, 5], [6]];
  const levels = ifds.flatMap((own, z) =>
    own.map((ifd, r) => dimension(shrink(region, r === 0 ? 1 : 4), r, 1 + ifd, ` z="${z}"`)),
  );
  const view = `sizeX="${region.widthPx * nmPerPx}" sizeY="${region.heightPx * nmPerPx}" offsetX="${region.x * nmPerPx}" offsetY="${region.y * nmPerPx}"`;
  const image = imageXml(region, levels, view, 'brightfield').replace('spacingZ="0"', `spacingZ="${spacingNm}"`);
  const xml = scnXml([]).replace('</collection>', `${image}</collection>`);
  const level = (r: number, plane: number, fields: readonly Field[] = []) =>
    levelDirectory({
      ...shrink(region, r === 0 ? 1 : 4),
      tilePx: 128,
      compression: 'jpeg',
      paint: () => [200, plane * 50, 100],
      fields,
    });
  const directories: Directory[] = [await level(0, 0, [{ tag: 270, type: 2, values: xml }])];
  for (const [z, own] of ifds.entries()) for (const r of own.keys()) directories.push(await level(r, z));
  const path = join(tempFolder(t), 'stack.scn');
  writeFileSync(path, writeTiff(directories, { bigTiff: true }));
  const slide = await openSlide(path, { cacheFolder: tempFolder(t), ...(focalPlane !== undefined && { focalPlane }) });
  t.after(() => slide.close());
  return slide;
}

test('a stack shows its plane 0, and any plane that has all levels', async (t) => {
  const shown = await openStack(t, 1500);
  assert.deepEqual(shown.info.focalPlanes, { offsetsUm: [0, 1.5, 3], shown: 0 });
  for (const focalPlane of [undefined, 0, 1, 2]) {
    const slide = await openStack(t, 1500, focalPlane);
    assert.equal(slide.info.fingerprint, shown.info.fingerprint);
    for (const downsample of [1, 4]) {
      const { data } = await slide.region({ x: 480, y: 280, widthPx: 8, heightPx: 8, downsample });
      assert.ok(Math.abs(data[1]! - (focalPlane ?? 0) * 50) <= 3, `plane ${focalPlane} at ${downsample}: ${data[1]}`);
    }
  }
  assert.deepEqual((await openStack(t, 0)).info.focalPlanes, { offsetsUm: [null, null, null], shown: 0 });
  await assert.rejects(openStack(t, 1500, 3), { code: 'slide/no-such-part' });
});

test("pixels, sizes and scale are OpenSlide's on both levels", { skip }, async (t) => {
  const { path, slide } = await open(t);
  const theirs = openSlideProperties(path);
  assert.equal(theirs['openslide.vendor'], 'leica');
  assert.equal(Number(theirs['openslide.mpp-x']), slide.info.mpp?.x);
  assert.equal(Number(theirs['openslide.objective-power']), slide.info.objective);
  for (const [level, { widthPx, heightPx, downsample }] of slide.info.levels.entries()) {
    assert.equal(Number(theirs[`openslide.level[${level}].width`]), widthPx);
    assert.equal(Number(theirs[`openslide.level[${level}].height`]), heightPx);
    assert.equal(Number(theirs[`openslide.level[${level}].downsample`]), downsample);
    const { data } = await slide.region({ x: 0, y: 0, widthPx, heightPx, downsample });
    const wanted = openSlideRgb(path, { level, x: 0, y: 0, width: widthPx, height: heightPx });
    assert.ok(wanted.equals(data), `level ${level}`);
  }
  const { data } = await slide.associated('macro');
  assert.ok(openSlideRgb(path, { name: 'macro' }).equals(data));
});

test('a region that reaches beyond the glass is cut, one over another hides it', async (t) => {
  const [a, b] = regions;
  const { slide } = await open(t, [
    { ...a!, x: 2000, y: 1400 },
    { ...b!, x: 2100, y: 1450 },
  ]);
  const { data } = await slide.region({ x: 2096, y: 1400, widthPx: 320, heightPx: 210, downsample: 1 });
  const at = (x: number, y: number) => data[(y * 320 + x) * 3];
  assert.ok(Math.abs(at(4, 50)! - 200) <= 2 && at(303, 199) !== 255 && at(304, 199) === 255 && at(10, 200) === 255);
  assert.ok(Math.abs(at(2, 60)! - blocks(98, 60)[0]) <= 2);
});

test('fluorescence regions beside a brightfield one are left out; alone they are refused', async (t) => {
  const dark = { ...regions[1]!, source: 'fluorescence' };
  const { slide } = await open(t, [regions[0]!, dark]);
  assert.equal(slide.info.properties['leica.regions'], '1');
  await assert.rejects(open(t, [dark]), { code: 'slide/unsupported' });
});

test('what cannot be placed is refused', async (t) => {
  const coarse = { ...regions[1]!, nmPerPx: 500 };
  await assert.rejects(open(t, [regions[0]!, coarse]), { code: 'slide/unsupported' });
  const sound = scnXml(regions);
  for (const xml of [
    sound.replaceAll('ifd="3"', 'ifd="33"'),
    sound.replaceAll('ifd="3"', ''),
    sound.replaceAll(/offsetX="100000"[^>]*/g, ''),
    sound.replaceAll(`sizeX="${640 * nmPerPx}"`, 'sizeX="1"'),
    sound.replaceAll(`sizeX="${glass.widthPx * nmPerPx}"`, 'sizeX="999999999999"'),
    sound.replace('<scn', '<!DOCTYPE scn [<!ENTITY a "b">]><scn'),
    sound.replaceAll(/<image [\s\S]*<\/image>/g, ''),
  ]) {
    if (xml === sound) assert.fail('nothing was changed');
    await assert.rejects(open(t, regions, xml), (thrown: Error & { code?: string }) =>
      /^slide\/(structure|unsupported)$/.test(thrown.code ?? ''),
    );
  }
});
