/** The map between slide and screen, there and back, with rotation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { affineFrom, scaleOf, toScreen, toSlide, visibleBox } from '../../../renderer/viewer/affine.ts';

test('a turned and scaled view maps there and back, and its scale is the length of a step', () => {
  const turn = Math.PI / 6;
  const scale = 0.25;
  const step = (x: number, y: number): [number, number] => [
    40 + scale * (x * Math.cos(turn) - y * Math.sin(turn)),
    60 + scale * (x * Math.sin(turn) + y * Math.cos(turn)),
  ];
  const camera = affineFrom(step(0, 0), step(4000, 0), step(0, 3000), 4000, 3000);
  const [x, y] = toScreen(camera, [1234, 567]);
  assert.ok(Math.hypot(x - step(1234, 567)[0], y - step(1234, 567)[1]) < 1e-9);
  const back = toSlide(camera, [x, y]);
  assert.ok(Math.hypot(back[0] - 1234, back[1] - 567) < 1e-9);
  assert.ok(Math.abs(scaleOf(camera) - scale) < 1e-12);
  const seen = visibleBox(camera, 800, 600);
  for (const corner of [
    [0, 0],
    [800, 0],
    [0, 600],
    [800, 600],
  ] as const) {
    const [cx, cy] = toSlide(camera, corner);
    assert.ok(
      cx >= seen.x - 1e-9 &&
        cx <= seen.x + seen.width + 1e-9 &&
        cy >= seen.y - 1e-9 &&
        cy <= seen.y + seen.height + 1e-9,
    );
  }
});
