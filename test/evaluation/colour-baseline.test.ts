import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import {
  colourBaselineAccuracy,
  colourFeatureCount,
  colourFeatures,
  trainColourBaseline,
} from '../../app/evaluation/colour-baseline.ts';

test('a histogram knows colours and nothing of where they are', () => {
  const one = Uint8Array.from([250, 10, 10, 250, 10, 10, 10, 10, 250, 0, 0, 0]);
  const moved = Uint8Array.from([0, 0, 0, 250, 10, 10, 10, 10, 250, 250, 10, 10]);
  const features = new Float32Array(2 * colourFeatureCount);
  colourFeatures(one, features);
  colourFeatures(moved, features, colourFeatureCount);
  assert.deepEqual(features.subarray(0, colourFeatureCount), features.subarray(colourFeatureCount));
  const squares = features.subarray(0, colourFeatureCount).reduce((sum, value) => sum + value * value, 0);
  assert.ok(Math.abs(squares - 1) < 1e-6);
  assert.ok(Math.abs(features[7 * 64]! - Math.SQRT1_2) < 1e-6);
});

const data = process.env.EOSIN_DATA;

test('lung3: colour alone goes far', { skip: data ? false : 'EOSIN_DATA is not set' }, async () => {
  const classes = ['adenocarcinoma', 'benign', 'squamous'];
  const load = async (part: string): Promise<{ features: Float32Array; labels: number[] }> => {
    const files = classes.flatMap((name, label) => {
      const folder = join(data!, 'patches', 'lung3', part, name);
      return readdirSync(folder)
        .sort()
        .map((file) => ({ file: join(folder, file), label }));
    });
    const features = new Float32Array(files.length * colourFeatureCount);
    for (const [i, { file }] of files.entries()) {
      colourFeatures(await sharp(file).removeAlpha().raw().toBuffer(), features, i * colourFeatureCount);
    }
    return { features, labels: files.map(({ label }) => label) };
  };
  const train = await load('train');
  const model = trainColourBaseline(train.features, train.labels, classes.length);
  const val = await load('val');
  const accuracy = colourBaselineAccuracy(model, val.features, val.labels);
  assert.ok(accuracy >= 0.85 && accuracy < 1, `balanced accuracy ${accuracy}`);
});
