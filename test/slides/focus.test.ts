import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { defaultPatchRule } from '../../app/core/patch-quality.ts';
import { tissueShare } from '../../app/core/slide.ts';
import { tissueMaskOf } from '../../app/core/tissue-map.ts';
import { focusOf } from '../../app/slides/focus.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { readTissueMap } from '../../app/slides/tissue-map.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const data = process.env.EOSIN_DATA;
const needsData = data ? false : 'EOSIN_DATA is not set';
const { minFocus } = defaultPatchRule;

/** As focus-reference.py draws it. */
function drawn(kind: number, side: number): Uint8Array {
  const rgb = new Uint8Array(side * side * 3);
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const noise = (x * 7919 + y * 104729 + x * y * 31) % 97;
      const disc = (x - 20) ** 2 + (y - 26) ** 2 < 120 ? 90 : 0;
      const waves = (Math.floor((x * (kind + 1)) / 5) % 2) * 40 + (Math.floor((y * (kind + 2)) / 7) % 2) * 25;
      const shade = (x + 2 * y) * kind;
      rgb[at++] = 60 + ((noise * (kind % 2) + disc + waves) % 190);
      rgb[at++] = 40 + ((disc + waves * 2 + shade) % 200);
      rgb[at++] = 80 + ((Math.floor(noise / 2) + shade) % 170);
    }
  }
  return rgb;
}

test('the focus is 1 minus scikit-image’s blur effect', () => {
  const stored = readFileSync(new URL('focus-reference.json', import.meta.url), 'utf8');
  const { side, focus } = JSON.parse(stored) as { side: number; focus: number[] };
  for (const [kind, expected] of focus.entries()) {
    const found = focusOf(drawn(kind, side), side);
    assert.ok(Math.abs(found - expected) < 1e-4, `${kind}: ${found} for ${expected}`);
  }
});

test('a margin is not judged; where nothing can be in focus, nothing is out of it', () => {
  const inner = drawn(3, 48);
  const outer = new Uint8Array(64 * 64 * 3).map((_, i) => (i * 7919) % 256);
  for (let y = 0; y < 48; y++) outer.set(inner.subarray(y * 144, (y + 1) * 144), ((y + 8) * 64 + 8) * 3);
  assert.equal(focusOf(outer, 64, 8), focusOf(inner, 48));
  assert.notEqual(focusOf(outer, 64), focusOf(inner, 48));
  assert.equal(focusOf(new Uint8Array(32 * 32 * 3).fill(240), 32), 1);
  assert.equal(focusOf(new Uint8Array(12), 2), 1);
});

const sigmas = [1, 1.5, 2, 3, 4];

/** Focus of a picture as it is and blurred ever more, after JPEG as a scanner stores it. */
async function seriesOf(picture: ReturnType<typeof sharp>): Promise<number[]> {
  const scores: number[] = [];
  for (const sigma of [0, ...sigmas]) {
    const stored = await (sigma > 0 ? picture.clone().blur(sigma) : picture.clone()).jpeg({ quality: 85 }).toBuffer();
    const raw = await sharp(stored).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    scores.push(focusOf(raw.data, raw.info.width));
  }
  return scores;
}

function assertSeparates(series: readonly number[][]): void {
  for (const scores of series)
    for (let i = 1; i < scores.length; i++) assert.ok(scores[i]! < scores[i - 1]!, `falls with every blur: ${scores}`);
  const flagged = (at: number): number => series.filter((scores) => scores[at]! < minFocus).length / series.length;
  assert.equal(flagged(0), 0, 'a sharp patch is not flagged');
  assert.ok(flagged(4) > 0.98, `blurred by 3 px: ${flagged(4)}`);
  assert.equal(flagged(5), 1, 'blurred by 4 px');
}

test('real patches of three tissues: the score falls with every blur, and the default tells sharp from blurred', {
  skip: needsData,
}, async () => {
  const folder = join(data!, 'patches', 'lung3', 'train');
  const series: number[][] = [];
  for (const name of readdirSync(folder))
    for (const file of readdirSync(join(folder, name)).slice(0, 12))
      series.push(await seriesOf(sharp(join(folder, name, file))));
  assert.ok(series.length >= 36);
  assertSeparates(series);
});

test('patches of a real slide, those at the border of the glass too', { skip: needsData }, async (t) => {
  const slide = await openSlide(join(data!, 'slides', 'CMU-1-Small-Region.svs'), { cacheFolder: tempFolder(t) });
  t.after(() => slide.close());
  const mask = tissueMaskOf(await readTissueMap(slide));
  const series: number[][] = [];
  let border = 0;
  const side = 224;
  for (let y = 0; y + side <= slide.info.heightPx; y += side) {
    for (let x = 0; x + side <= slide.info.widthPx; x += side) {
      const tissue = tissueShare(mask, { x, y, width: side, height: side });
      if (tissue < 0.1) continue;
      if (tissue < 0.6) border++;
      const { data: rgb } = await slide.region({ x, y, widthPx: side, heightPx: side, downsample: 1 });
      series.push(await seriesOf(sharp(rgb, { raw: { width: side, height: side, channels: 3 } })));
    }
  }
  assert.ok(border > 5 && series.length > 40, `${border} of ${series.length}`);
  assertSeparates(series);
});
