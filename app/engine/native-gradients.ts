/**
 * Gradients that TensorFlow.js composes of many full-size tensors, as the one operation that TensorFlow has for each.
 * A step of MobileNetV2 spends more time in the composed ones than in all of its convolutions.
 */
import type * as tf from '@tensorflow/tfjs';
import { overrideGradient } from './override-gradient.ts';

/** What we use of the backend of @tensorflow/tfjs-node-gpu. */
interface NativeBackend {
  readonly binding: Readonly<Record<'TF_FLOAT' | 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_BOOL', number>>;
  executeSingleOutput(name: string, attrs: readonly Attribute[], inputs: readonly tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attrs: readonly Attribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Replaces the gradients of relu, relu6 and batch normalization in inference mode; call it once, with the backend active. */
export function overrideNativeGradients(engine: typeof tf, backendName: string): void {
  const backend = engine.backend() as unknown as NativeBackend;
  const { TF_FLOAT, TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_BOOL } = backend.binding;
  const float = (name: string): Attribute => ({ name, type: TF_ATTR_TYPE, value: TF_FLOAT });

  for (const kernel of ['Relu', 'Relu6']) {
    overrideGradient(engine, backendName, kernel, (dy, [x]) => ({
      x: () => backend.executeSingleOutput(`${kernel}Grad`, [float('T')], [dy, x!]),
    }));
  }
  overrideGradient(engine, backendName, 'FusedBatchNorm', (dy, saved, attrs, shipped) => {
    const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    if (mean.rank !== 1) return shipped(dy, saved, attrs);
    const settings: Attribute[] = [
      float('T'),
      float('U'),
      { name: 'epsilon', type: TF_ATTR_FLOAT, value: attrs.varianceEpsilon },
      { name: 'is_training', type: TF_ATTR_BOOL, value: false },
    ];
    const inputs = [dy, x, scale, mean, variance];
    const [dx, dScale, dOffset] = backend.executeMultipleOutputs('FusedBatchNormGradV2', settings, inputs, 5);
    return {
      x: () => dx!,
      scale: () => dScale!,
      offset: () => dOffset!,
      mean: () => shipped(dy, saved, attrs).mean!(),
      variance: () => shipped(dy, saved, attrs).variance!(),
    };
  });
}
