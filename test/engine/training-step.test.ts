/**
 * The self-test's stored numbers against a second implementation: plain loops in float64, gradients by central differences.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EXPECTED_LOSSES,
  STEP_EPSILON,
  STEP_LABELS,
  STEP_MEAN,
  STEP_RATE,
  STEP_SHAPES,
  STEP_VARIANCE,
  type StepTensor,
  startValue,
} from '../../app/engine/training-step.ts';

type Values = Record<StepTensor, number[]>;

function start(): Values {
  const names = Object.keys(STEP_SHAPES) as StepTensor[];
  const values = (name: StepTensor): number[] => {
    const count = STEP_SHAPES[name].reduce((a: number, b) => a * b, 1);
    return Array.from({ length: count }, (_, i) => startValue(name, i));
  };
  return Object.fromEntries(names.map((name) => [name, values(name)])) as Values;
}

/** Mean cross-entropy of the network that training-step.ts describes. */
function loss(v: Values): number {
  let total = 0;
  for (let picture = 0; picture < 4; picture++) {
    const normal = new Float64Array(4 * 4 * 6);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        for (let c = 0; c < 6; c++) {
          let sum = 0; // 'same' with stride 2 on 8 px pads nothing before and one after
          for (let u = 0; u < 3; u++) {
            for (let w = 0; w < 3; w++) {
              const [row, column] = [2 * y + u, 2 * x + w];
              if (row > 7 || column > 7) continue;
              for (let rgb = 0; rgb < 3; rgb++) {
                const pixel = v.pictures[((picture * 8 + row) * 8 + column) * 3 + rgb]!;
                sum += pixel * v.convolution[((u * 3 + w) * 3 + rgb) * 6 + c]!;
              }
            }
          }
          const scaled = ((sum - STEP_MEAN) / Math.sqrt(STEP_VARIANCE + STEP_EPSILON)) * v.scale[c]! + v.offset[c]!;
          normal[(y * 4 + x) * 6 + c] = Math.min(6, Math.max(0, scaled));
        }
      }
    }
    const features = new Float64Array(6);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        for (let c = 0; c < 6; c++) {
          let sum = 0;
          for (let u = -1; u <= 1; u++) {
            for (let w = -1; w <= 1; w++) {
              const [row, column] = [y + u, x + w];
              if (row < 0 || row > 3 || column < 0 || column > 3) continue;
              sum += normal[(row * 4 + column) * 6 + c]! * v.depthwise[((u + 1) * 3 + w + 1) * 6 + c]!;
            }
          }
          features[c] = features[c]! + Math.max(0, sum) / 16;
        }
      }
    }
    const logits = [0, 1, 2].map((k) => v.bias[k]! + features.reduce((sum, f, c) => sum + f * v.dense[c * 3 + k]!, 0));
    const logSum = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0));
    total += (logSum - logits[STEP_LABELS[picture]!]!) / 4;
  }
  return total;
}

test('the stored losses of the training step agree with plain arithmetic', () => {
  const values = start();
  const after = start();
  const h = 1e-6;
  for (const name of Object.keys(values) as StepTensor[]) {
    if (name === 'pictures') continue;
    for (let i = 0; i < values[name].length; i++) {
      const kept = values[name][i]!;
      values[name][i] = kept + h;
      const up = loss(values);
      values[name][i] = kept - h;
      const down = loss(values);
      values[name][i] = kept;
      after[name][i] = kept - (STEP_RATE * (up - down)) / (2 * h);
    }
  }
  const losses = [loss(values), loss(after)];
  assert.ok(losses[0]! - losses[1]! > 0.01, 'the step lowers the loss');
  losses.forEach((found, i) => {
    assert.ok(Math.abs(found - EXPECTED_LOSSES[i]!) < 1e-7, `${i}: ${found} against ${EXPECTED_LOSSES[i]}`);
  });
});
