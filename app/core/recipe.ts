/** A recipe: every choice of a fine-tuning run as data, checked here and stored with the run. */
import { z } from 'zod';

const fraction = z.number().min(0).max(1);

export const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), warmUpSteps: z.int().min(0).default(0) }),
  z.strictObject({
    kind: z.literal('cosine'),
    warmUpSteps: z.int().min(0).default(0),
    /** The rate at the end, as a share of the phase's learning rate. */
    floor: fraction.default(0),
  }),
  z.strictObject({
    kind: z.literal('reduce-on-plateau'),
    factor: z.number().gt(0).lt(1).default(0.1),
    /** Epochs without improvement before the rate falls. */
    patience: z.int().min(0).default(3),
    minDelta: z.number().min(0).default(1e-4),
    minLearningRate: z.number().min(0).default(0),
    warmUpSteps: z.int().min(0).default(0),
  }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;

export const earlyStoppingSchema = z.strictObject({
  monitor: z.enum(['val-loss', 'val-accuracy']).default('val-loss'),
  minDelta: z.number().min(0).default(0),
  /** Epochs without improvement before the phase stops. */
  patience: z.int().min(0),
  /** Epochs at the start that are not judged (Keras: start_from_epoch). */
  warmUp: z.int().min(0).default(0),
});
export type EarlyStopping = z.infer<typeof earlyStoppingSchema>;

export const phaseSchema = z.strictObject({
  name: z.string().min(1),
  /** Layer groups below the head that learn, counted from the top; 0 is the head alone. */
  unfreeze: z.int().min(0),
  epochs: z.int().min(1).max(1000),
  learningRate: z.number().positive().max(1e7),
  schedule: scheduleSchema.default({ kind: 'constant', warmUpSteps: 0 }),
  /** Each group further down learns at this share of the rate of the group above it. */
  layerDecay: z.number().gt(0).max(1).default(1),
  stop: earlyStoppingSchema.optional(),
});
export type Phase = z.infer<typeof phaseSchema>;

export const augmentSchema = z.strictObject({
  /** Any angle; patches are cut with context, so nothing is filled. */
  rotate: z.boolean().default(true),
  flip: z.boolean().default(true),
  /** Isotropic zoom drawn from [1 - zoom, 1 + zoom]. */
  zoom: z.number().min(0).max(0.5).default(0.1),
  /** Standard deviation of the HED stain jitter (Tellez 2018), 0 is none. */
  stain: z.number().min(0).max(0.2).default(0.03),
  /** Largest sigma of a Gaussian blur, px. */
  blurPx: z.number().min(0).max(3).default(0.5),
  brightness: z.number().min(0).max(0.5).default(0.05),
});
export type Augment = z.infer<typeof augmentSchema>;

export const recipeSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(''),
  backbone: z.enum(['mobilenet-v2']),
  /** `last`, a layer group's name, or `auto`: the depth probe decides. */
  attach: z.string().default('auto'),
  input: z.strictObject({
    sizePx: z.int().min(32).max(1024).default(224),
    /** Null: the coarsest mpp among the training slides. */
    mpp: z.number().positive().nullable().default(null),
  }),
  head: z
    .strictObject({
      pooling: z.enum(['average', 'max']).default('average'),
      dense: z.array(z.int().min(1).max(8192)).default([]),
      dropout: fraction.default(0.2),
      /** Adds l2 * sum(w²) of the head's kernels to the loss. */
      l2: z.number().min(0).default(0),
    })
    .prefault({}),
  loss: z
    .strictObject({
      labelSmoothing: z.number().min(0).lt(1).default(0),
      classWeights: z.enum(['none', 'balanced']).default('none'),
    })
    .prefault({}),
  optimizer: z
    .strictObject({
      kind: z.enum(['adam', 'adamw']).default('adamw'),
      /** Decoupled (Loshchilov and Hutter 2019); biases and normalisation are left out. */
      weightDecay: z.number().min(0).default(1e-4),
      /** Largest global norm of the gradients; null clips nothing. */
      clipNorm: z.number().positive().nullable().default(null),
    })
    .prefault({}),
  phases: z.array(phaseSchema).min(1),
  /** `gradual`: the last phase's settings are repeated one group further down each time, at half the rate. */
  ladder: z
    .strictObject({
      groups: z.int().min(1).max(20),
      epochs: z.int().min(1).max(1000),
      learningRate: z.number().positive(),
      /** Rate of each further rung as a share of the one above. */
      rateDecay: z.number().gt(0).max(1).default(0.5),
      patience: z.int().min(0).default(5),
    })
    .nullable()
    .default(null),
  augment: augmentSchema.nullable().default(null),
  /** Augmented views a patch that the activation cache holds. */
  views: z.int().min(1).max(32).default(4),
  batchSize: z.int().min(1).max(1024).default(32),
  sampling: z.enum(['shuffle', 'balanced']).default('balanced'),
  /** Patches a class that are used at the most; null is all. */
  capPerClass: z.int().min(1).nullable().default(null),
  /** Patches drawn an epoch at the most, so that an epoch of a large project stays short; null is as many as there are. */
  patchesPerEpoch: z.int().min(1).nullable().default(null),
  seed: z.int().min(0).default(1),
});
export type Recipe = z.infer<typeof recipeSchema>;
