/** Gradients with the memory freed on the way down, where TensorFlow.js holds everything to the end. */
import type * as tf from '@tensorflow/tfjs';

/** What the tape knows of one operation; TensorFlow.js has no public name for it. */
interface TapeNode {
  gradient?: (dys: (tf.Tensor | null | undefined)[]) => unknown;
  readonly saved?: readonly tf.Tensor[];
}

/**
 * `tf.variableGrads` at about half of the memory: as soon as the backward pass has left an operation, the gradient of its
 * output and the activations that were kept for it are freed. At the peak there are all activations and two gradients.
 *
 * @param f the loss, a scalar; without gradients inside.
 */
export function variableGradients(
  engine: typeof tf,
  f: () => tf.Scalar,
  variables: tf.Variable[],
): { value: tf.Scalar; grads: tf.NamedTensorMap } {
  return engine.variableGrads(() => {
    const value = f();
    freeBehind(engine);
    return value;
  }, variables);
}

/** The backward pass goes through the tape one operation after another: when one begins, the one before is over. */
function freeBehind(engine: typeof tf): void {
  const { state } = engine.engine() as unknown as { state: { activeTape: TapeNode[] } };
  let over: tf.Tensor[] = [];
  for (const node of state.activeTape) {
    const { gradient, saved = [] } = node;
    if (gradient === undefined) continue;
    node.gradient = (dys) => {
      engine.dispose(over);
      over = [...dys.filter((dy) => dy != null), ...saved];
      return gradient(dys);
    };
  }
}
