import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EarlyStopping } from '../../app/core/recipe-phase.ts';
import { initialStop, judgeEpoch } from '../../app/training/early-stopping.ts';
import { kerasNumbers } from '../reference/training-keras.ts';

/** The epochs that ran and the best one, as keras.callbacks.EarlyStopping counts them (source of Keras 3, on_epoch_end). */
function run(values: number[], config: Partial<EarlyStopping>): { ran: number; best: number | null } {
  const full: EarlyStopping = {
    monitor: 'val-loss',
    minDelta: 0,
    patience: 2,
    warmUp: 0,
    restoreBest: true,
    ...config,
  };
  let state = initialStop;
  let ran = 0;
  for (const [epoch, value] of values.entries()) {
    state = judgeEpoch(full, state, epoch, { loss: value, accuracy: value, valLoss: value, valAccuracy: value });
    ran++;
    if (state.stop) break;
  }
  return { ran, best: state.bestEpoch };
}

// Worked by hand from Keras' source: wait += 1 each judged epoch, reset on an improvement, stop when wait >= patience.
const table: [string, number[], Partial<EarlyStopping>, { ran: number; best: number | null }][] = [
  ['falls all the way', [5, 4, 3, 2, 1], {}, { ran: 5, best: 4 }],
  ['rises from the start', [1, 2, 3, 4], {}, { ran: 3, best: 0 }],
  ['patience 0 stops at the first epoch without gain', [1, 2, 3], { patience: 0 }, { ran: 2, best: 0 }],
  ['patience 1', [1, 2, 0.5], { patience: 1 }, { ran: 2, best: 0 }],
  ['an equal value is no gain', [1, 1, 1, 1], {}, { ran: 3, best: 0 }],
  ['a gain below minDelta is none', [1, 0.95, 0.9, 0.85], { minDelta: 0.2 }, { ran: 3, best: 0 }],
  ['small gains add up against the best', [1, 0.95, 0.85, 0.8], { minDelta: 0.1 }, { ran: 4, best: 2 }],
  ['a gain resets the wait', [3, 4, 2, 4, 1, 4, 4], {}, { ran: 7, best: 4 }],
  ['epochs before warmUp are not judged', [0, 9, 5, 6, 7], { warmUp: 2 }, { ran: 5, best: 2 }],
  ['accuracy rises', [0.5, 0.7, 0.6, 0.6], { monitor: 'val-accuracy' }, { ran: 4, best: 1 }],
  ['warmUp longer than the phase judges nothing', [3, 2, 1], { warmUp: 5 }, { ran: 3, best: null }],
  ['NaN is no gain', [1, Number.NaN, Number.NaN], {}, { ran: 3, best: 0 }],
];

for (const [name, values, config, expected] of table) {
  test(`early stopping: ${name}`, () => assert.deepEqual(run(values, config), expected));
}

test('twelve curves under five settings end at the epoch, and with the best epoch, that Keras gives', () => {
  assert.equal(kerasNumbers.stopping.length, 60);
  for (const { curve, patience, min_delta, start_from_epoch, mode, ...expected } of kerasNumbers.stopping) {
    const values = curve.map((value) => value ?? Number.NaN);
    const monitor = mode === 'min' ? 'val-loss' : 'val-accuracy';
    const config = { monitor, patience, minDelta: min_delta, warmUp: start_from_epoch } as const;
    assert.deepEqual(run(values, config), expected, JSON.stringify({ values, config }));
  }
});
