/**
 * A layers model as ONNX bytes for onnxruntime: BatchNormalization folded, preprocessing inside the graph.
 *
 *     pixels uint8 [N, size, size, 3] -> Transpose -> Cast -> (x - mean) / scale -> layers -> named outputs float32
 */
import type * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from './backbone.ts';
import type { Network } from './network.ts';

export interface OnnxOutput {
  /** Its name in the graph. */
  readonly name: string;
  /** The layer whose output it is. */
  readonly layer: string;
  /** True: the mean over height and width, `[N, channels]`; false: the output itself, 4-d ones as NHWC. */
  readonly pooled: boolean;
}

export interface OnnxExport {
  readonly model: tf.LayersModel;
  readonly preprocessing: Preprocessing;
  /** Only layers that these need are exported. */
  readonly outputs: readonly OnnxOutput[];
}

/**
 * Depth probe: every group with `pooled: true`. Cache: the boundary group with `pooled: false`. The input is `pixels`.
 *
 * @throws EosinError `network/layer-kind` for a layer that has no ONNX form here.
 */
export async function exportOnnx(_request: OnnxExport): Promise<Uint8Array> {
  throw new Error('coming within this hour');
}

/** The finished classifier: `pixels` -> `probabilities` `[N, classes]`. */
export function exportClassifier(network: Network): Promise<Uint8Array> {
  return exportOnnx({
    model: network.model,
    preprocessing: network.preprocessing,
    outputs: [{ name: 'probabilities', layer: network.head.probabilities, pooled: false }],
  });
}
