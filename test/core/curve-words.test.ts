import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curveWords } from '../../app/core/curve-words.ts';

/** Epochs of one phase. */
function phase(name: string, pairs: readonly (readonly [loss: number, valLoss: number])[], epochs = 10) {
  return pairs.map(([loss, valLoss], i) => ({ phase: name, epoch: i + 1, epochs, loss, valLoss }));
}
const memorising = phase('fine-tune', [
  [0.9, 0.8],
  [0.7, 0.7],
  [0.5, 0.6],
  [0.4, 0.55],
  [0.3, 0.5],
  [0.2, 0.56],
  [0.1, 0.63],
  [0.05, 0.7],
]);

test('memorising is said with the epoch in which it began, live and at the end', () => {
  const live = 'Training loss falls but validation loss rises since epoch 6 of fine-tune: the network is memorising';
  assert.equal(curveWords(memorising), `${live}.`);
  assert.equal(curveWords(memorising, { phase: 'fine-tune', epoch: 5 }), `${live}; stopped, best epoch 5 kept.`);
  assert.equal(curveWords(memorising.slice(0, 6))?.includes('memorising'), false, 'one worse epoch is chance');
});

test('a run that used all its epochs was not stopped', () => {
  const whole = memorising.map((epoch) => ({ ...epoch, epochs: 8 }));
  assert.match(curveWords(whole, { phase: 'fine-tune', epoch: 5 })!, /memorising; best epoch 5 kept\.$/);
});

test('losses that fall, rest, stand still or rise together', () => {
  const falling = phase('head', [
    [1, 1],
    [0.8, 0.85],
    [0.6, 0.7],
    [0.5, 0.6],
  ]);
  assert.match(curveWords(falling)!, /^Validation loss still falls in head/);
  const resting = phase('head', [
    [1, 1],
    [0.6, 0.5],
    [0.5, 0.4],
    [0.45, 0.4],
    [0.43, 0.401],
    [0.42, 0.402],
  ]);
  assert.equal(curveWords(resting), 'Validation loss is at rest since epoch 3 of head.');
  const still = phase('head', [
    [1, 1],
    [0.999, 1],
    [0.998, 0.999],
    [0.998, 0.999],
  ]);
  assert.match(curveWords(still)!, /^Neither loss has moved in head: the learning rate may be too low/);
  const learned = phase('head', [
    [0.004, 0.003],
    [0.003, 0.002],
    [0.002, 0.001],
    [0.001, 0.0005],
  ]);
  assert.match(curveWords(learned)!, /there is nothing left to learn/, 'thousandths are not a fall');
  const rising = phase('head', [
    [1, 1],
    [1.2, 1.3],
    [1.6, 1.9],
    [2, 2.4],
  ]);
  assert.match(curveWords(rising)!, /both rise since epoch 2 of head: the learning rate may be too high/);
});

test('the last phase speaks; what was kept may be of another', () => {
  const two = [
    ...phase('head', [
      [1, 0.5],
      [0.8, 0.4],
    ]),
    ...phase('rung', [[0.5, 0.6]]),
  ];
  assert.equal(
    curveWords(two, { phase: 'head', epoch: 2 }),
    'One epoch of rung: too few to tell; stopped, best epoch 2 of head kept.',
  );
  assert.equal(curveWords(two, null), 'One epoch of rung: too few to tell; stopped.');
  assert.equal(curveWords([]), null);
  assert.equal(curveWords(phase('head', [[Number.NaN, 1]])), 'The loss is not a number.');
});
