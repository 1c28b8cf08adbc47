/**
 * A pretrained backbone as layer groups, from the input up:
 *
 *     input -> [stem] -> [block_1] -> ... -> [block_16] -> [top] -> pooling -> head
 *               groups[0]                     groups[n-1]
 *
 * A backbone attached at group g ends there: what lies above g is not part of the model.
 */
import type * as tf from '@tensorflow/tfjs';

export interface LayerGroup {
  readonly name: string;
  /** The layer whose output is the group's output; a clean cut: nothing above reads anything below it. */
  readonly output: string;
  /** Names of all layers of the group. */
  readonly layers: readonly string[];
  readonly channels: number;
}

/** value_in = (pixel - mean) / scale for a pixel of 0..255, in the given channel order. */
export interface Preprocessing {
  readonly channels: 'rgb' | 'bgr';
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
}

export interface BackboneWeights {
  /** Name of the layer's weight -> values, float32. */
  readonly topology: unknown;
  readonly specs: tf.io.WeightsManifestEntry[];
  readonly data: ArrayBuffer;
  readonly sha256: string;
}

export interface Backbone {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  /** Where the weights are from and what to know about them; goes into the passport. */
  readonly provenance: string;
  readonly minSizePx: number;
  readonly groups: readonly LayerGroup[];
  /** The layers model from `[n, size, size, rgb]` (preprocessed float32) up to and with the last group; the caller disposes it. */
  build(engine: typeof tf, weights: BackboneWeights, sizePx: number): Promise<tf.LayersModel>;
}
