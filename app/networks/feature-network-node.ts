/** The network whose activations are asked for: a pretrained backbone, or that of a finished model. Entry file: reads the folder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Preprocessing } from './backbone.ts';
import { backboneUpTo } from './layer-groups.ts';
import { decodeLayersModel, WEIGHTS_FILE } from './layers-model-files.ts';
import { mobileNetV2 } from './mobilenet-v2.ts';
import { readMobileNetV2Weights } from './mobilenet-v2-node.ts';

export interface FeatureNetwork {
  readonly model: tf.LayersModel;
  readonly preprocessing: Preprocessing;
  /** The layer of the model that was asked for, by its own name. */
  readonly layer: string;
  readonly channels: number;
}

/**
 * @param asked `modelFolder` null takes MobileNetV2 as it was pretrained; `layer` is a group or a layer, null the topmost group.
 * @throws EosinError `network/no-such-layer`
 */
export async function featureNetwork(
  engine: typeof tf,
  asked: { readonly modelFolder: string | null; readonly layer: string | null; readonly sizePx: number },
): Promise<FeatureNetwork> {
  const { modelFolder, sizePx } = asked;
  const model =
    modelFolder === null
      ? await mobileNetV2.build(engine, await readMobileNetV2Weights(), sizePx)
      : await decodeLayersModel(engine, {
          modelJson: await readFile(path.join(modelFolder, 'model.json')),
          weights: await readFile(path.join(modelFolder, WEIGHTS_FILE)),
        });
  const names = new Set(model.layers.map(({ name }) => name));
  const groups = mobileNetV2.groups.filter(({ output }) => names.has(output));
  const layer = layerOf(asked.layer, groups, names);
  const shape = model.getLayer(layer).outputShape as number[];
  return { model, preprocessing: mobileNetV2.preprocessing, layer, channels: shape.at(-1)! };
}

function layerOf(asked: string | null, groups: typeof mobileNetV2.groups, names: ReadonlySet<string>): string {
  const group = asked === null ? backboneUpTo(groups, 'last').at(-1) : groups.find(({ name }) => name === asked);
  if (group) return group.output;
  if (asked !== null && names.has(asked)) return asked;
  throw new EosinError('network/no-such-layer', 'usage', `The network has no layer '${asked}'.`, {
    remedy: `Use one of its groups: ${groups.map(({ name }) => name).join(', ')}; or a layer's name.`,
    fields: { layer: asked },
  });
}
