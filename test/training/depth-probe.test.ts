import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDepth, type ProbedGroup } from '../../app/training/depth-probe.ts';

const count = 200;
const patches = Array.from({ length: count }, (_, i) => `${i}`);

/** A group that is right on all patches but `wrong` (the same ones as every other group, and then more). */
function group(name: string, wrong: number, loss = wrong / count): ProbedGroup {
  return {
    group: name,
    correct: Float32Array.from({ length: count }, (_, i) => (i < wrong ? 0 : 1)),
    losses: Float32Array.from({ length: count }, (_, i) => loss + 0.01 * Math.sin(i)),
  };
}

test('the last group stays where nothing gains more than one standard error', () => {
  const { attach, reason } = chooseDepth([group('a', 40), group('b', 19), group('last', 20)], patches);
  assert.equal(attach, 'last');
  assert.match(reason, /b gains only 0\.5 points/);
});

test('a clear gain leaves the last group for the one with the lowest loss', () => {
  const probed = [group('a', 60), group('b', 20, 0.12), group('c', 21, 0.1), group('last', 50)];
  const choice = chooseDepth(probed, patches);
  assert.equal(choice.attach, 'c', 'neither the shallowest that is about as good nor the one that is right most often');
  assert.match(choice.reason, /c has the lowest loss, and gains 14\.5 points/);
  assert.deepEqual(
    choice.depths.map(({ accuracy }) => Number(accuracy.toFixed(3))),
    [0.7, 0.9, 0.895, 0.75],
  );
});

test('the luckiest of many equal groups does not leave the last', () => {
  // Ten patches each way: the best gains 1.4 standard errors in accuracy; the loss falls by two.
  const noisy = (name: string, loss: number): ProbedGroup => ({
    group: name,
    correct: Float32Array.from({ length: count }, (_, i) => (i < (name === 'b' ? 10 : 16) ? 0 : 1)),
    losses: Float32Array.from({ length: count }, (_, i) => loss + (name === 'last' ? 0 : 0.141 * (i % 2 ? 1 : -1))),
  });
  const others = Array.from({ length: 16 }, (_, i) => group(`${i}`, 30, 0.5));
  const choose = (fall: number) => chooseDepth([...others, noisy('b', 0.3 - fall), noisy('last', 0.3)], patches);
  assert.equal(choose(0.02).attach, 'last');
  assert.match(choose(0.02).reason, /best of 17 groups would by chance/);
  assert.equal(choose(0.03).attach, 'b', 'three standard errors are more than chance');
});

test('copies of the same patient make no gain certain', () => {
  // All gains lie in one of five patients.
  const patients = patches.map((_, i) => `patient ${Math.floor(i / 40)}`);
  const best = group('b', 0);
  const last = group('last', 30);
  assert.equal(chooseDepth([best, last], patches).attach, 'b');
  assert.equal(chooseDepth([best, last], patients).attach, 'last');
});
