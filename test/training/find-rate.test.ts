import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JobEvent } from '../../app/core/run.ts';
import { findRates } from '../../app/training/find-rate.ts';
import { applySettings } from '../../app/training/recipe-book.ts';
import { engine, ofType, ports, smallPatches, smallRecipe, specOf } from './fixtures/train-bench.ts';

after(() => engine.close());

test('each phase and the first rung get a curve of rising rates, a suggestion, and leave nothing behind', async () => {
  const ladder = { groups: 3, epochs: 1, learningRate: 1e-4 };
  const recipe = applySettings(smallRecipe, ['head.start=random', `ladder=${JSON.stringify(ladder)}`]);
  const given = ports(smallPatches.source);
  const events: JobEvent[] = [];
  const spec = { ...specOf(recipe, smallPatches.patches), kind: 'find-rate' as const };
  await findRates(spec, given, (event) => events.push(event), new AbortController().signal);
  const ranges = ofType(events, 'rates');
  assert.deepEqual(
    ranges.map(({ phase, learningRate }) => [phase, learningRate]),
    [
      ['head', 1e-3],
      ['fine-tune', 1e-3],
      ['rung-1-block_3', 1e-4],
    ],
  );
  for (const { points, suggested } of ranges) {
    assert.ok(points.length > 30 && points.length <= 100, `${points.length} points`);
    assert.ok(points.every(({ rate }, i) => i === 0 || rate > points[i - 1]!.rate));
    assert.ok(points.every(({ loss }) => Number.isFinite(loss)));
    const best = points.reduce((least, point) => (point.loss < least.loss ? point : least));
    assert.ok(best.loss < 0.9 * points[0]!.loss, 'a random head learns somewhere');
    assert.ok(suggested! > 1e-5 && suggested! < best.rate, `${suggested}, lowest loss at ${best.rate}`);
  }
  // The second phase begins from the weights that the first one found, not from where its test ended.
  assert.ok(Math.abs(ranges[0]!.points[14]!.loss / ranges[1]!.points[14]!.loss - 1) < 0.25);
  assert.equal(given.sink.files.size, 0);
  assert.equal(given.caches.open, 0);
  assert.equal(engine.tf.memory().numTensors, 0);
});
