import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Schedule, scheduleSchema } from '../../app/core/recipe-phase.ts';
import { afterEpoch, initialPlateau, type PlateauState, rateAt } from '../../app/training/schedules.ts';
import { kerasNumbers, oneCycles } from '../reference/training-keras.ts';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

/** One epoch of `steps` steps. */
const steps = (stepsPerEpoch: number) => ({ stepsPerEpoch, epochs: 1 });
const afterLoss = (schedule: Schedule, state: PlateauState, valLoss: number): PlateauState =>
  afterEpoch(schedule, 1, state, { loss: 0, accuracy: 0, valLoss, valAccuracy: 0 });

test('a constant rate warms up in equal steps from nothing', () => {
  const schedule = scheduleSchema.parse({ kind: 'constant', warmUpSteps: 4 });
  assert.deepEqual(
    [0, 1, 2, 3, 4, 100].map((step) => rateAt(schedule, 0.8, step, steps(200))),
    [0, 0.2, 0.4, 0.6000000000000001, 0.8, 0.8],
  );
});

test('cosine starts at the full rate after warm-up, passes the middle half way and ends at the floor', () => {
  const schedule = scheduleSchema.parse({ kind: 'cosine', warmUpSteps: 50, floor: 0.1 });
  near(rateAt(schedule, 1, 50, steps(150)), 1);
  near(rateAt(schedule, 1, 100, steps(150)), 0.55);
  near(rateAt(schedule, 1, 150, steps(150)), 0.1);
  near(rateAt(schedule, 1, 75, steps(150)), 0.1 + 0.9 * 0.5 * (1 + Math.SQRT1_2));
});

test('cosine shorter than its warm-up stays finite', () => {
  const schedule = scheduleSchema.parse({ kind: 'cosine', warmUpSteps: 50 });
  near(rateAt(schedule, 1, 10, steps(10)), 0.2);
  assert.ok(Number.isFinite(rateAt(schedule, 1, 60, steps(10))));
});

test('reduce on plateau counts as Keras: min delta, patience, minimum', () => {
  const schedule = scheduleSchema.parse({
    kind: 'reduce-on-plateau',
    factor: 0.1,
    patience: 3,
    minDelta: 0.01,
    minLearningRate: 0.005,
  });
  // 0.995 is no improvement on 1 by 0.01; three such epochs in a row reduce once, three more once again, down to the minimum.
  const losses = [1, 0.995, 0.995, 0.995, 0.98, 0.98, 0.98, 0.98];
  const rates: number[] = [];
  let state = initialPlateau;
  for (const loss of losses) {
    state = afterLoss(schedule, state, loss);
    rates.push(rateAt(schedule, 1, 0, steps(1), state));
  }
  assert.deepEqual(
    rates.map((rate) => Number(rate.toFixed(6))),
    [1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01],
  );
  for (let i = 0; i < 3; i++) state = afterLoss(schedule, state, 2);
  near(rateAt(schedule, 1, 0, steps(1), state), 0.005);
});

test('reduce on plateau follows Keras over its twelve curves: cooldown, minimum, either direction', () => {
  assert.equal(kerasNumbers.plateau.length, 36);
  for (const { curve, rates, mode, min_delta, min_lr, ...settings } of kerasNumbers.plateau) {
    const schedule = scheduleSchema.parse({
      kind: 'reduce-on-plateau',
      monitor: mode === 'min' ? 'val-loss' : 'val-accuracy',
      minDelta: min_delta,
      minLearningRate: min_lr,
      ...settings,
    });
    let state = initialPlateau;
    for (const [epoch, value] of curve.entries()) {
      const seen = value ?? Number.NaN;
      state = afterEpoch(schedule, 1, state, { loss: 0, accuracy: 0, valLoss: seen, valAccuracy: seen });
      const rate = rateAt(schedule, 1, 0, steps(1), state);
      const about = `${JSON.stringify(settings)} ${curve} at ${epoch}: ${rate}, Keras ${rates[epoch]}`;
      assert.ok(Math.abs(rate - rates[epoch]!) < 1e-6, about);
    }
  }
});

test("every step's rate is that of Keras' schedules, and of PyTorch's one-cycle", () => {
  const { stepsPerEpoch, epochs, schedules } = kerasNumbers;
  assert.equal(schedules.length + oneCycles.length, 8);
  for (const { schedule, rates } of [...schedules, ...oneCycles]) {
    const parsed = scheduleSchema.parse(schedule);
    assert.equal(rates.length, stepsPerEpoch * epochs);
    for (const [step, rate] of rates.entries()) {
      const own = rateAt(parsed, 0.01, step, { stepsPerEpoch, epochs });
      assert.ok(Math.abs(own - rate) < 2e-8, `${JSON.stringify(schedule)} at ${step}: ${own}, reference ${rate}`);
    }
  }
});
