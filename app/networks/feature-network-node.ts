/** The network whose activations are asked for: a pretrained backbone, or that of a finished model. Entry file: reads the folder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Backbone, BackboneWeights, LayerGroup, Preprocessing } from './backbone.ts';
import { backboneUpTo } from './layer-groups.ts';
import { decodeLayersModel, WEIGHTS_FILE } from './layers-model-files.ts';

export interface FeatureNetwork {
  readonly model: tf.LayersModel;
  readonly preprocessing: Preprocessing;
  /** The layer of the model that was asked for, by its own name. */
  readonly layer: string;
  readonly channels: number;
}

/** The layers model of a finished model. */
export interface ModelNetwork {
  readonly folder: string;
  readonly preprocessing: Preprocessing;
  /** Of its backbone. */
  readonly groups: readonly LayerGroup[];
}

/**
 * @param layer a group or a layer; null is the topmost group.
 * @throws EosinError `network/no-such-layer`
 */
export async function featureNetwork(
  engine: typeof tf,
  from:
    | ({ readonly kind: 'model' } & ModelNetwork)
    | { readonly kind: 'backbone'; readonly backbone: Backbone; readonly weights: BackboneWeights },
  layer: string | null,
  sizePx: number,
): Promise<FeatureNetwork> {
  const { preprocessing, groups } = from.kind === 'model' ? from : from.backbone;
  const model =
    from.kind === 'backbone'
      ? await from.backbone.build(engine, from.weights, sizePx)
      : await decodeLayersModel(engine, {
          modelJson: await readFile(path.join(from.folder, 'model.json')),
          weights: await readFile(path.join(from.folder, WEIGHTS_FILE)),
        });
  const names = new Set(model.layers.map(({ name }) => name));
  const present = groups.filter(({ output }) => names.has(output));
  const chosen = layerOf(layer, present, names);
  const shape = model.getLayer(chosen).outputShape as number[];
  return { model, preprocessing, layer: chosen, channels: shape.at(-1)! };
}

function layerOf(asked: string | null, groups: readonly LayerGroup[], names: ReadonlySet<string>): string {
  const group = asked === null ? backboneUpTo(groups, 'last').at(-1) : groups.find(({ name }) => name === asked);
  if (group) return group.output;
  if (asked !== null && names.has(asked)) return asked;
  throw new EosinError('network/no-such-layer', 'usage', `The network has no layer '${asked}'.`, {
    remedy: `Use one of its groups: ${groups.map(({ name }) => name).join(', ')}; or a layer's name.`,
    fields: { layer: asked },
  });
}
