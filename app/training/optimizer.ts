/**
 * Adam and AdamW with Keras' arithmetic, a rate of its own for each layer group, and state that can be stored.
 *
 *     g  <- g * min(1, clipNorm / ||all g||)
 *     w  <- w - rate * weightDecay * w                        (adamw, kernels only: Loshchilov and Hutter 2019)
 *     m  <- b1 m + (1 - b1) g      v <- b2 v + (1 - b2) g²
 *     w  <- w - rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps)            (Kingma and Ba 2015, section 2)
 *
 * TensorFlow.js' own optimizers have neither decoupled decay nor a rate a variable, and `save()` drops their state.
 */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Recipe } from '../core/recipe.ts';
import type { LearningVariable } from '../networks/split-network.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

export interface Moments {
  readonly name: string;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Everything that the next step depends on besides the weights. */
export interface OptimizerState {
  readonly step: number;
  readonly moments: readonly Moments[];
}

export interface Optimizer {
  /** One step down `gradients` (by variable name, as tf.variableGrads gives them, which stay the caller's). */
  apply(gradients: tf.NamedTensorMap, rate: number): void;
  state(): Promise<OptimizerState>;
  /** @throws EosinError `train/foreign-checkpoint` when it belongs to other variables. */
  restore(state: OptimizerState): void;
  dispose(): void;
}

/** An optimizer for one phase: moments start at zero, and `layerDecay` ^ depth scales the rate of each variable. */
export function createOptimizer(
  engine: typeof tf,
  variables: readonly LearningVariable[],
  settings: Recipe['optimizer'],
  layerDecay: number,
): Optimizer {
  let step = 0;
  const slots = variables.map((learning) => ({
    ...learning,
    rateShare: layerDecay ** learning.depth,
    decay: settings.kind === 'adamw' && learning.role === 'kernel' ? settings.weightDecay : 0,
    first: zeros(engine, learning.variable.shape),
    second: zeros(engine, learning.variable.shape),
  }));

  function apply(gradients: tf.NamedTensorMap, rate: number): void {
    step++;
    const correction = Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
    engine.tidy(() => {
      const scale = clipScale(engine, Object.values(gradients), settings.clipNorm);
      for (const { variable, rateShare, decay, first, second } of slots) {
        const raw = gradients[variable.name];
        if (!raw) continue;
        const gradient = scale ? raw.mul(scale) : raw;
        const ownRate = rate * rateShare;
        first.assign(first.mul(beta1).add(gradient.mul(1 - beta1)));
        second.assign(second.mul(beta2).add(gradient.square().mul(1 - beta2)));
        const change = first.mul(ownRate * correction).div(second.sqrt().add(epsilon));
        const kept = decay > 0 ? variable.mul(1 - ownRate * decay) : variable;
        variable.assign(kept.sub(change));
      }
    });
  }

  return {
    apply,
    async state() {
      const moments = await Promise.all(
        slots.map(async ({ name, first, second }) => ({
          name,
          first: (await first.data()) as Float32Array,
          second: (await second.data()) as Float32Array,
        })),
      );
      return { step, moments };
    },
    restore(state) {
      slots.forEach((slot, i) => {
        const stored = state.moments[i];
        if (stored?.name !== slot.name || stored.first.length !== slot.first.size) throw foreign(slot.name);
        engine.tidy(() => {
          slot.first.assign(engine.tensor(stored.first, slot.first.shape));
          slot.second.assign(engine.tensor(stored.second, slot.second.shape));
        });
      });
      step = state.step;
    },
    dispose() {
      for (const { first, second } of slots) engine.dispose([first, second]);
    },
  };
}

function zeros(engine: typeof tf, shape: number[]): tf.Variable {
  return engine.tidy(() => engine.variable(engine.zeros(shape), false));
}

/** A scalar that brings the global norm down to `clipNorm` (Pascanu 2013), or null where nothing is clipped. */
function clipScale(engine: typeof tf, gradients: readonly tf.Tensor[], clipNorm: number | null): tf.Scalar | null {
  if (clipNorm === null || gradients.length === 0) return null;
  const squares = engine.addN(gradients.map((gradient) => gradient.square().sum()));
  return engine.scalar(clipNorm).div(squares.sqrt().maximum(clipNorm)) as tf.Scalar;
}

function foreign(name: string): EosinError {
  return new EosinError('train/foreign-checkpoint', 'input', `The checkpoint has no moments for ${name}.`, {
    remedy: 'Start the run anew: the checkpoint belongs to another recipe.',
    fields: { name },
  });
}
