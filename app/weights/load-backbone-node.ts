/** Entry file: a backbone with its weights, for a job worker. What was stored is checked before it is used. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { architectures } from '../networks/architectures.ts';
import { type Backbone, type BackboneWeights, backboneOf } from '../networks/backbone.ts';
import { mobileNetV2, mobileNetV2Keras } from '../networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../networks/mobilenet-v2-node.ts';
import type { BackboneSource } from './backbone-library.ts';
import { manifestFile, manifestSchema, numberBytes, numbersFile } from './weights-manifest.ts';

export interface LoadedBackbone {
  readonly backbone: Backbone;
  readonly weights: BackboneWeights;
  /** The name of its architecture, one of networks/architectures.ts. */
  readonly architecture: string;
}

/** @throws EosinError `weights/changed` when the stored numbers are not those that were imported, `network/weights-missing`. */
export async function loadBackbone({ folder }: Pick<BackboneSource, 'folder'>): Promise<LoadedBackbone> {
  if (folder === null) {
    return { backbone: mobileNetV2, weights: await readMobileNetV2Weights(), architecture: mobileNetV2Keras.name };
  }
  const manifest = manifestSchema.parse(JSON.parse(await readFile(path.join(folder, manifestFile), 'utf8')));
  const bytes = await readFile(path.join(folder, numbersFile));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const architecture = architectures.find(({ name }) => name === manifest.architecture);
  if (architecture === undefined || sha256 !== manifest.sha256 || bytes.length !== numberBytes(manifest.weights)) {
    throw new EosinError(
      'weights/changed',
      'input',
      `The stored weights of ${manifest.name} were changed or are damaged.`,
      {
        remedy: `Remove them (eosin models remove ${manifest.name}) and import them again.`,
        fields: { backbone: manifest.name },
      },
    );
  }
  const { name, preprocessing } = manifest;
  const provenance = `${manifest.provenance}. Licence: ${manifest.licence}.`;
  const specs = manifest.weights.map((weight) => ({ ...weight, dtype: 'float32' as const }));
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const backbone = backboneOf(architecture, { name, provenance, preprocessing });
  return { backbone, weights: { specs, data, sha256 }, architecture: architecture.name };
}
