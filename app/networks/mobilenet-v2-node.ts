/** Entry file: reads the MobileNetV2 that npm `nsfwjs` carries, without running any of its code that loads models. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { BackboneWeights } from './backbone.ts';

const MODEL_FOLDER = 'models/mobilenet_v2';

/**
 * The weights (uint8 as stored, with their scales) of nsfwjs' MobileNetV2; the hash is that of the stored weight bytes.
 *
 * @throws EosinError `network/weights-missing` when the package is not installed.
 */
export async function readMobileNetV2Weights(): Promise<BackboneWeights> {
  const require = createRequire(import.meta.url);
  try {
    const folder = join(dirname(require.resolve('nsfwjs/core')), '..', MODEL_FOLDER);
    const stored = require(join(folder, 'model.min.js')) as {
      weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
    };
    const shard = require(join(folder, 'group1-shard1of1.min.js')) as string | { default: string };
    const bytes = Buffer.from(typeof shard === 'string' ? shard : shard.default, 'base64');
    return {
      specs: stored.weightsManifest.flatMap((group) => group.weights),
      data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  } catch (cause) {
    throw new EosinError('network/weights-missing', 'config', 'The MobileNetV2 weights are not installed.', {
      remedy: "Run 'npm ci' in Eosin's folder: the package nsfwjs 4.4.0 carries them.",
      cause,
    });
  }
}
