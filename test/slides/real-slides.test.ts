import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tissueMaskOf } from '../../app/core/tissue-map.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { readTissueMap } from '../../app/slides/tissue-map.ts';
import { hasOpenSlide, openSlideProperties, openSlideRgb } from '../fixtures/openslide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';

const data = process.env.EOSIN_DATA;
const needsData = data ? false : 'EOSIN_DATA is not set';
const needsOpenSlide = needsData || (hasOpenSlide() ? false : 'python3-openslide is not installed');

async function open(t: TestContext, name: string) {
  const path = join(data!, name);
  const slide = await openSlide(path, { cacheFolder: join(tmpdir(), 'eosin-test-unused') });
  t.after(() => slide.close());
  return { path, slide };
}

for (const name of ['slides/CMU-1-Small-Region.svs', 'slides/small.svs', 'slides/boxes.tiff', 'mosaic/lung-A.tif']) {
  test(`pixels of every stored level equal OpenSlide's: ${name}`, { skip: needsOpenSlide }, async (t) => {
    const { path, slide } = await open(t, name);
    const stored = slide.info.levels.filter(({ compression }) => compression !== 'made');
    for (const [level, { widthPx, heightPx, downsample }] of stored.entries()) {
      const { data } = await slide.region({ x: 0, y: 0, widthPx, heightPx, downsample });
      const wanted = openSlideRgb(path, { level, x: 0, y: 0, width: widthPx, height: heightPx });
      assert.ok(wanted.equals(data), `level ${level}`);
    }
    for (const picture of slide.info.associated) {
      const { data } = await slide.associated(picture);
      assert.ok(openSlideRgb(path, { name: picture }).equals(data), picture);
    }
  });
}

test("scale, objective and properties are OpenSlide's", { skip: needsOpenSlide }, async (t) => {
  const { path, slide } = await open(t, 'slides/CMU-1-Small-Region.svs');
  const theirs = openSlideProperties(path);
  assert.deepEqual(slide.info.mpp, { x: 0.499, y: 0.499 });
  assert.equal(slide.info.mpp?.x, Number(theirs['openslide.mpp-x']));
  assert.equal(slide.info.objective, Number(theirs['openslide.objective-power']));
  for (const [key, value] of Object.entries(theirs))
    if (key.startsWith('aperio.')) assert.equal(slide.info.properties[key], value, key);
});

test("an RGB JPEG tile handed on undecoded shows the slide's colours", { skip: needsData }, async (t) => {
  const { slide } = await open(t, 'slides/CMU-1-Small-Region.svs');
  const region = await slide.region({ x: 480, y: 720, widthPx: 240, heightPx: 240, downsample: 1 });
  const stored = await storedTile(slide, 0, 2, 3);
  assert.ok(stored);
  const { bytes } = await slide.tile(0, 2, 3);
  assert.deepEqual(bytes, stored.bytes);
  assert.ok(Buffer.from((await decodeRgb(bytes)).data).equals(region.data));
});

test('about a third of CMU-1-Small-Region is tissue', { skip: needsData }, async (t) => {
  const { slide } = await open(t, 'slides/CMU-1-Small-Region.svs');
  const mask = tissueMaskOf(await readTissueMap(slide));
  const share = mask.data.reduce((sum, value) => sum + value / 255, 0) / mask.data.length;
  assert.ok(share > 0.3 && share < 0.45, `${share}`);
});
