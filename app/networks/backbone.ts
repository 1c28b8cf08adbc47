/**
 * A pretrained backbone as layer groups, from the input up:
 *
 *     input -> [stem] -> [block_1] -> ... -> [block_16] -> [top] -> pooling -> head
 *               groups[0]                     groups[n-1]
 *
 * A backbone attached at group g ends there: what lies above g is not part of the model.
 */
import type * as tf from '@tensorflow/tfjs';
import { buildBlueprint, type GroupPlan, groupsOf, type LayerPlan } from './blueprint.ts';
import { assertInputSize } from './input-size.ts';

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
  /** `layer/weight`, shape and how it is stored; their bytes lie one after another in `data`. */
  readonly specs: readonly tf.io.WeightsManifestEntry[];
  readonly data: ArrayBuffer;
  readonly sha256: string;
}

/** The plan of a network whose weights may come from several places. */
export interface Architecture {
  /** As a recipe names it: `resnet50`. */
  readonly name: string;
  /** For people: `ResNet50`. */
  readonly title: string;
  readonly minSizePx: number;
  /** From the input up. */
  readonly plan: readonly GroupPlan[];
  /** The network's own layers above the last group, up to but without its classifier; empty where it has none worth keeping. */
  readonly ownHead: readonly LayerPlan[];
  /** What weights of the usual source want; a file of weights may say otherwise. */
  readonly preprocessing: Preprocessing;
}

export interface Backbone {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  /** Where the weights are from and what to know about them; goes into the passport. */
  readonly provenance: string;
  readonly minSizePx: number;
  readonly groups: readonly LayerGroup[];
  /** Layers that `build` adds above the last group when asked to; see `Architecture`. */
  readonly ownHead: readonly LayerPlan[];
  /**
   * The layers model from `[n, size, size, channels]` (preprocessed float32) up to and with the last group, or its own head;
   * the caller disposes it.
   *
   * @throws EosinError `network/input-size`, `network/weights-incomplete`, `network/weight-shape`
   */
  build(
    engine: typeof tf,
    weights: BackboneWeights,
    sizePx: number,
    options?: { readonly ownHead: boolean },
  ): Promise<tf.LayersModel>;
}

/** An architecture with weights of one source: `name` is what a recipe names, `provenance` what the passport says. */
export function backboneOf(
  architecture: Architecture,
  source: { readonly name?: string; readonly provenance: string; readonly preprocessing?: Preprocessing },
): Backbone {
  const { title, minSizePx, plan, ownHead, preprocessing } = architecture;
  return {
    name: source.name ?? architecture.name,
    preprocessing: source.preprocessing ?? preprocessing,
    provenance: source.provenance,
    minSizePx,
    groups: groupsOf(plan),
    ownHead,
    async build(engine, weights, sizePx, options) {
      assertInputSize(title, sizePx, minSizePx);
      const above = options?.ownHead ? ownHead : [];
      return buildBlueprint(engine, architecture.name, [...layersOf(architecture), ...above], sizePx, weights);
    },
  };
}

/** All layers below the head, from the input up. */
export function layersOf({ plan }: Architecture): LayerPlan[] {
  return plan.flatMap(({ layers }) => layers);
}
