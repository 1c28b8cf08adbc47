import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { type RgbImage, tissueShare } from '../../app/core/slide.ts';
import { penShare, tissueMaskOf } from '../../app/core/tissue-map.ts';
import { background } from '../../app/demo/demo-classes.ts';
import { demoSlideSpecs } from '../../app/demo/demo-slides.ts';
import { renderSlide, truthOf } from '../../app/demo/draw-slide.ts';
import { maskDownsample, scoreTissue } from '../../app/slides/tissue-map.ts';
import { drawOverview, overlap, type Scene } from '../fixtures/drawn-overview.ts';

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
const maskOf = (image: RgbImage) => tissueMaskOf(scoreTissue(image, 16));
const share = (image: RgbImage) => maskOf(image).data.reduce((sum, value) => sum + value / 255, 0) / (200 * 150);

test('tissue is told from glass', () => {
  const mask = maskOf(overview((x) => (x < 80 ? deep : glass)));
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
  const seen = share(overview((x) => (x < 50 ? [20, 20, 22] : x < 100 ? deep : glass), 1));
  assert.ok(Math.abs(seen - 0.25) < 0.02, `${seen}`);
});

/** What lies on slides besides tissue, and how well the mask must agree with the drawing (intersection over union). */
const scenes: Record<string, Scene & { least?: number }> = {
  'clean glass': {},
  'pale stain': { depths: [0.25, 0.18, 0.12] },
  'grey glass': { glass: [205, 205, 206] },
  'yellowish glass': { glass: [240, 234, 216] },
  'white glass': { glass: [254, 254, 254] },
  'blue pen': { pen: [30, 60, 160], penOverTissue: true },
  'light blue pen': { pen: [60, 120, 210], penOverTissue: true },
  'green pen': { pen: [20, 140, 60], penOverTissue: true },
  'black pen': { pen: [35, 32, 40], penOverTissue: true },
  'red pen': { pen: [225, 30, 45], penOverTissue: true },
  dust: { dust: 250 },
  'grey-brown debris': { pen: [122, 106, 92] },
  'black padding': { padding: { columns: 60, colour: [0, 0, 0] } },
  'white padding beside yellowish glass': {
    glass: [240, 234, 216],
    depths: [0.5, 0.2, 0.2],
    padding: { columns: 200, colour: [255, 255, 255] },
  },
  'DAB brown': { stain: [130, 85, 55] },
  'blood red': { stain: [190, 60, 75] },
  'haematoxylin alone': { stain: [75, 65, 145] },
  'all at once': {
    pen: [30, 60, 160],
    penOverTissue: true,
    dust: 250,
    glass: [240, 236, 224],
    depths: [0.5, 0.3, 0.2],
    padding: { columns: 40, colour: [255, 255, 255] },
  },
};

for (const [name, { least = 0.97, ...scene }] of Object.entries(scenes)) {
  test(`the mask agrees with the drawing: ${name}`, () => {
    const drawn = drawOverview(scene);
    const iou = overlap(maskOf(drawn).data, drawn);
    assert.ok(iou >= least, `IoU ${iou.toFixed(3)}`);
  });
}

test('coloured ink is found where it is and nowhere else; black ink, stains and dust are none', () => {
  for (const pen of [
    [30, 60, 160],
    [53, 80, 170],
    [20, 140, 60],
    [225, 30, 45],
  ] as const) {
    const drawn = drawOverview({ pen, penOverTissue: true });
    const map = scoreTissue(drawn, 16);
    let both = 0;
    let either = 0;
    for (let i = 0; i < drawn.ink.length; i++) {
      both += map.pen[i]! & drawn.ink[i]!;
      either += map.pen[i]! | drawn.ink[i]!;
    }
    assert.ok(both / either > 0.9, `ink of ${pen}: ${(both / either).toFixed(3)}`);
  }
  for (const scene of [
    {},
    { dust: 250 },
    { stain: [75, 65, 145] },
    { stain: [190, 60, 75] },
    { stain: [130, 85, 55] },
  ] as const)
    assert.equal(scoreTissue(drawOverview(scene), 16).pen.indexOf(1), -1, JSON.stringify(scene));
});

test('the share of a box that ink covers is said; where pen is said to be tissue there is none', () => {
  const map = scoreTissue(drawOverview({ pen: [20, 140, 60], penOverTissue: true }), 16);
  const box = { x: 100 * 16, y: 85 * 16, width: 40 * 16, height: 20 * 16 };
  assert.ok(penShare(map, box) > 0.95);
  assert.equal(penShare(map, { ...box, y: 140 * 16 }), 0);
  assert.equal(penShare(map, { ...box, x: 1e6 }), 0);
  const penIsTissue = { threshold: null, penIsTissue: true };
  assert.equal(penShare(map, box, penIsTissue), 0);
  assert.equal(tissueShare(tissueMaskOf(map), box), 0);
  assert.equal(tissueShare(tissueMaskOf(map, penIsTissue), box), 1);
});

test('what reaches the border is no speck and no hole: a tiny slide keeps its tissue', () => {
  // 48 cells of tissue are less than a speck may have, 96 of glass less than a hole.
  const side = 12;
  const scores = new Uint8Array(side * side).map((_, i) => (i % side < 4 ? 90 : 5));
  const cells = { widthPx: side, heightPx: side, downsample: 16, cellUm: 8, automatic: 12 };
  const mask = tissueMaskOf({ scores, pen: new Uint8Array(side * side), ...cells });
  assert.deepEqual(
    [...mask.data],
    [...scores].map((score) => (score > 12 ? 255 : 0)),
  );
});

test('a higher threshold takes less for tissue, a lower one more; the automatic one is what is said', () => {
  const map = scoreTissue(drawOverview(), 16);
  const cells = (threshold: number | null): number => {
    const mask = tissueMaskOf(map, { threshold, penIsTissue: false });
    assert.equal(mask.threshold, threshold ?? map.automatic);
    return mask.data.reduce((sum, value) => sum + value / 255, 0);
  };
  const automatic = cells(null);
  assert.equal(cells(map.automatic), automatic);
  assert.ok(cells(60) < 0.8 * automatic && cells(60) > 0);
  assert.ok(cells(0) > automatic);
  assert.equal(cells(255), 0);
});

test('specks are dropped and small holes filled by their area in µm², whatever the cells are', () => {
  const widthPx = 60;
  const heightPx = 40;
  const scores = new Uint8Array(widthPx * heightPx);
  const fill = (x: number, y: number, side: number, value: number): void => {
    for (let j = y; j < y + side; j++) for (let i = x; i < x + side; i++) scores[j * widthPx + i] = value;
  };
  fill(2, 2, 7, 100); // 3,136 µm² at 8 µm a cell: a speck
  fill(20, 2, 36, 100);
  fill(24, 6, 8, 0); // 4,096 µm²: a lumen
  fill(36, 16, 19, 0); // 23,104 µm²: open glass
  const map = {
    scores,
    pen: new Uint8Array(scores.length),
    widthPx,
    heightPx,
    downsample: 16,
    cellUm: 8,
    automatic: 12,
  };
  const at = (mask: { data: Uint8Array }, x: number, y: number): number => mask.data[y * widthPx + x]!;
  const fine = tissueMaskOf(map);
  assert.deepEqual([at(fine, 4, 4), at(fine, 22, 4), at(fine, 27, 9), at(fine, 40, 20)], [0, 255, 255, 0]);
  const coarse = tissueMaskOf({ ...map, cellUm: 16 });
  assert.deepEqual([at(coarse, 4, 4), at(coarse, 22, 4), at(coarse, 27, 9), at(coarse, 40, 20)], [255, 255, 255, 0]);
});

test('on a slide of the example, the mask is its tissue', () => {
  const spec = { ...demoSlideSpecs[0]!, widthPx: 3072, heightPx: 1792 };
  const truth = truthOf(spec);
  const overviewPx = { widthPx: spec.widthPx / 16, heightPx: spec.heightPx / 16 };
  const mask = maskOf({ ...overviewPx, data: reduced(renderSlide(spec), spec.widthPx, 16) });
  let agree = 0;
  for (let y = 0; y < mask.heightPx; y++)
    for (let x = 0; x < mask.widthPx; x++) {
      const place = (value: number): number => Math.floor(((value + 0.5) * 16) / truth.downsample);
      const glassy = truth.data[place(y) * truth.widthPx + place(x)] === background;
      if (glassy === (mask.data[y * mask.widthPx + x] === 0)) agree++;
    }
  assert.ok(agree / mask.data.length > 0.95, `${agree / mask.data.length}`);
});

/** Means of squares of `by` px. */
function reduced(rgb: Uint8Array, widthPx: number, by: number): Uint8Array {
  const columns = widthPx / by;
  const sums = new Float64Array(rgb.length / by / by);
  for (let i = 0; i < rgb.length; i++) {
    const px = Math.floor(i / 3);
    const cell = Math.floor(Math.floor(px / widthPx) / by) * columns + Math.floor((px % widthPx) / by);
    sums[cell * 3 + (i % 3)]! += rgb[i]!;
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / by / by));
}

test('a cell is about 8 µm, and coarser on a slide that would need too many', () => {
  const info = { widthPx: 20_000, heightPx: 10_000, mpp: { x: 0.25, y: 0.25 } } as Parameters<typeof maskDownsample>[0];
  assert.equal(maskDownsample(info), 32);
  assert.equal(maskDownsample({ ...info, mpp: null }), 16);
  assert.equal(maskDownsample({ ...info, widthPx: 204_800 }), 100);
});
