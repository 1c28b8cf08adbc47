import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { type RgbImage, tissueShare } from '../../app/core/slide.ts';
import { maskDownsample, maskTissue } from '../../app/slides/tissue-mask.ts';

type Paint = (x: number, y: number) => readonly [number, number, number];

/** An overview with the noise of a camera on each channel. */
function overview(paint: Paint, noise = 3): RgbImage {
  const random = randomFor(1, 'overview');
  const [widthPx, heightPx] = [200, 150];
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < widthPx * heightPx; i++)
    for (const [c, value] of paint(i % widthPx, Math.floor(i / widthPx)).entries())
      data[i * 3 + c] = Math.min(255, Math.max(0, Math.round(value + noise * random.normal())));
  return { data, widthPx, heightPx };
}

const glass = [243, 242, 244] as const;
const pale = [232, 205, 222] as const;
const deep = [150, 70, 140] as const;
const share = (image: RgbImage) =>
  maskTissue(image, 16).data.reduce((sum, value) => sum + value / 255, 0) / (200 * 150);

test('tissue is told from glass', () => {
  const mask = maskTissue(
    overview((x) => (x < 80 ? deep : glass)),
    16,
  );
  const box = (x: number, width: number) => ({ x: x * 16, y: 0, width: width * 16, height: 150 * 16 });
  assert.ok(tissueShare(mask, box(0, 80)) > 0.99);
  assert.ok(tissueShare(mask, box(80, 120)) < 0.01);
  assert.ok(Math.abs(tissueShare(mask, box(40, 80)) - 0.5) < 0.02);
  assert.equal(tissueShare(mask, { x: 1e6, y: 0, width: 100, height: 100 }), 0);
});

test('pale tissue beside deep tissue is tissue', () => {
  const seen = share(overview((x) => (x < 60 ? deep : x < 100 ? pale : glass), 1));
  assert.ok(Math.abs(seen - 0.5) < 0.02, `${seen}`);
});

test('a slide of nothing but glass has no tissue, one of nothing but tissue no glass', () => {
  assert.ok(share(overview(() => glass, 2)) < 0.01);
  assert.ok(share(overview((x) => (x % 2 ? pale : deep), 1)) > 0.99);
  assert.equal(share(overview(() => [255, 255, 255], 0)), 0);
  assert.equal(share(overview(() => deep, 0)), 1);
});

test('black ink and black borders are no tissue', () => {
  assert.ok(share(overview((x) => (x < 50 ? [20, 20, 22] : x < 100 ? deep : glass), 1)) < 0.27);
});

test('a cell is about 8 µm, and coarser on a slide that would need too many', () => {
  const info = { widthPx: 20_000, heightPx: 10_000, mpp: { x: 0.25, y: 0.25 } } as Parameters<typeof maskDownsample>[0];
  assert.equal(maskDownsample(info), 32);
  assert.equal(maskDownsample({ ...info, mpp: null }), 16);
  assert.equal(maskDownsample({ ...info, widthPx: 204_800 }), 100);
});
