/**
 * Adam, AdamW and SGD with Keras' arithmetic, a rate of its own for each layer group, and state that can be stored.
 *
 *     g  <- g * min(1, clipNorm / ||all g||)
 *     w  <- w - rate * weightDecay * w               (adamw and sgd, kernels only: Loshchilov and Hutter 2019)
 *
 *     adam   m <- b1 m + (1 - b1) g      v <- b2 v + (1 - b2) g²
 *            w <- w - rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps)       (Kingma and Ba 2015, section 2)
 *     sgd    m <- momentum m - rate g
 *            w <- w + m, with Nesterov w + momentum m - rate g                       (Sutskever 2013)
 *
 * TensorFlow.js' own optimizers have neither decoupled decay nor a rate a variable, and `save()` drops their state.
 */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import type { Recipe } from '../core/recipe.ts';
import type { LearningVariable } from '../networks/split-network.ts';
import { packVariables, type VariablePack } from './variable-packs.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

export interface Moments {
  readonly name: string;
  readonly first: Float32Array;
  /** Null for sgd, which has one. */
  readonly second: Float32Array | null;
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

/** Variables that step as one, with what the optimizer keeps for them: `[all their values]` each. */
interface Slot {
  readonly pack: VariablePack;
  readonly rateShare: number;
  readonly decay: number;
  readonly first: tf.Variable;
  readonly second: tf.Variable | null;
}

/** An optimizer for one phase: moments start at zero, and `layerDecay` ^ depth scales the rate of each variable. */
export function createOptimizer(
  engine: typeof tf,
  variables: readonly LearningVariable[],
  settings: Recipe['optimizer'],
  layerDecay: number,
): Optimizer {
  let step = 0;
  const hasSecond = settings.kind !== 'sgd';
  const rateShareOf = ({ depth }: LearningVariable): number => layerDecay ** depth;
  const decayOf = ({ role }: LearningVariable): number =>
    settings.kind !== 'adam' && role === 'kernel' ? settings.weightDecay : 0;
  const packs = packVariables(engine, variables, (learning) => `${rateShareOf(learning)} ${decayOf(learning)}`);
  const slots = packs.map(
    (pack): Slot => ({
      pack,
      rateShare: rateShareOf(pack.members[0]!),
      decay: decayOf(pack.members[0]!),
      first: zeros(engine, pack.size),
      second: hasSecond ? zeros(engine, pack.size) : null,
    }),
  );

  function apply(gradients: tf.NamedTensorMap, rate: number): void {
    step++;
    engine.tidy(() => {
      const scale = clipScale(engine, Object.values(gradients), settings.clipNorm);
      for (const slot of slots) {
        const raw = slot.pack.join(({ variable }) => gradients[variable.name]!);
        const gradient = scale ? raw.mul(scale) : raw;
        const ownRate = rate * slot.rateShare;
        const values = slot.pack.join(({ variable }) => variable);
        const kept = slot.decay > 0 ? values.mul(1 - ownRate * slot.decay) : values;
        const change = slot.second
          ? adamChange(slot, slot.second, gradient, ownRate, step)
          : momentumChange(slot, gradient, ownRate, settings);
        slot.pack.split(kept.add(change)).forEach((value, i) => {
          slot.pack.members[i]!.variable.assign(value);
        });
      }
    });
  }

  return {
    apply,
    async state() {
      const moments = new Map<string, Moments>();
      for (const { pack, first, second } of slots) {
        const firsts = pack.parts((await first.data()) as Float32Array);
        const seconds = second && pack.parts((await second.data()) as Float32Array);
        pack.members.forEach(({ name }, i) => {
          moments.set(name, { name, first: firsts[i]!, second: seconds && seconds[i]! });
        });
      }
      return { step, moments: variables.map(({ name }) => moments.get(name)!) };
    },
    restore(state) {
      const stored = new Map(state.moments.map((moments) => [moments.name, moments]));
      for (const { name, variable } of variables) {
        const { first, second } = stored.get(name) ?? {};
        if (first?.length !== variable.size || !second === hasSecond) throw foreign(name);
      }
      for (const { pack, first, second } of slots) {
        const own = pack.members.map(({ name }) => stored.get(name)!);
        engine.tidy(() => {
          first.assign(engine.concat(own.map((moments) => engine.tensor1d(moments.first))));
          second?.assign(engine.concat(own.map((moments) => engine.tensor1d(moments.second!))));
        });
      }
      step = state.step;
    },
    dispose() {
      for (const { first, second } of slots) engine.dispose(second ? [first, second] : [first]);
    },
  };
}

/** What Adam adds to the variable. */
function adamChange({ first }: Slot, second: tf.Variable, gradient: tf.Tensor, rate: number, step: number): tf.Tensor {
  const correction = Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
  first.assign(first.mul(beta1).add(gradient.mul(1 - beta1)));
  second.assign(second.mul(beta2).add(gradient.square().mul(1 - beta2)));
  return first.mul(-rate * correction).div(second.sqrt().add(epsilon));
}

/** What SGD adds to the variable. As in Keras the rate stands inside the momentum. */
function momentumChange(
  { first }: Slot,
  gradient: tf.Tensor,
  rate: number,
  { momentum, nesterov }: Recipe['optimizer'],
): tf.Tensor {
  const downhill = gradient.mul(-rate);
  first.assign(first.mul(momentum).add(downhill));
  return nesterov ? first.mul(momentum).add(downhill) : first;
}

function zeros(engine: typeof tf, size: number): tf.Variable {
  return engine.tidy(() => engine.variable(engine.zeros([size]), false));
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
