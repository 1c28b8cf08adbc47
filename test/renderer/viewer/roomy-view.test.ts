/** The first view of a slide: all of it, and nothing behind the tools, the overview or the scale bar. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overviewPx, roomyView } from '../../../renderer/viewer/roomy-view.ts';

const stages = [
  [686, 758],
  [1327, 1038],
  [1920, 1038],
] as const;
const slides = [
  { widthPx: 8192, heightPx: 6144 },
  { widthPx: 40_000, heightPx: 9000 },
  { widthPx: 3000, heightPx: 21_000 },
];

/** One focal plane, no profile. */
const plain = { focalPlanes: { offsetsUm: [0], shown: 0 }, icc: null };

for (const [width, height] of stages) {
  for (const slide of slides) {
    test(`${slide.widthPx} x ${slide.heightPx} on a stage of ${width} x ${height}`, () => {
      const view = roomyView({ info: { ...slide, ...plain }, mppSource: null }, width, height);
      const scale = width / view.width;
      assert.ok(Math.abs(height / view.height - scale) < 1e-9, 'the view has the shape of the stage');
      const left = -view.x * scale;
      const top = -view.y * scale;
      const right = left + slide.widthPx * scale;
      const bottom = top + slide.heightPx * scale;
      assert.ok(left >= 50 && bottom <= height - 45 && right <= width && top >= 0, `${left} ${top} ${right} ${bottom}`);
      const behindOverview = right > width - overviewPx - 10 && top < overviewPx + 10;
      assert.ok(!behindOverview, `${right} ${top}`);
      // As large as the room allows.
      assert.ok(right - left > (width - 240) * 0.99 || bottom - top > (height - 240) * 0.99);
    });
  }
}

test('the control of the focus and notes below the scale bar have their room', () => {
  const [width, height] = [1327, 1038];
  for (const slide of slides) {
    const info = {
      ...slide,
      focalPlanes: { offsetsUm: [0, 3], shown: 0 },
      icc: { description: 'Scanner', bytes: 500 },
    };
    const view = roomyView({ info, mppSource: 'hand' }, width, height);
    const scale = width / view.width;
    const [right, bottom] = [(slide.widthPx - view.x) * scale, (slide.heightPx - view.y) * scale];
    assert.ok(right <= width - 78 && bottom <= height - 80, `${right} ${bottom}`);
  }
});

test('a stage smaller than its tools shows the slide all the same', () => {
  const info = { widthPx: 100, heightPx: 50, ...plain };
  assert.deepEqual(roomyView({ info, mppSource: null }, 40, 40), { x: 0, y: 0, width: 100, height: 50 });
});
