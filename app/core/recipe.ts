/** A recipe: every choice of a fine-tuning run as data, checked here and stored with the run. */
import { z } from 'zod';

const fraction = z.number().min(0).max(1);

/** Steps at the start in which the rate rises from 0 in equal parts (Keras: CosineDecay's warmup_steps). */
const warmUpSteps = z.int().min(0).default(0);

const monitor = z.enum(['val-loss', 'val-accuracy', 'loss', 'accuracy']).default('val-loss');
/** What is watched after each epoch; losses should fall, accuracies rise. */
export type Monitor = z.infer<typeof monitor>;

/** How the rate runs over a phase; lengths are in epochs, so that a recipe does not depend on the number of patches. */
export const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), warmUpSteps }),
  /** rate * factor ^ floor(epochs / everyEpochs) (Keras: ExponentialDecay, staircase). */
  z.strictObject({
    kind: z.literal('step'),
    factor: z.number().gt(0).lt(1).default(0.1),
    everyEpochs: z.number().positive().default(10),
    warmUpSteps,
  }),
  /** rate * factor ^ (epochs / everyEpochs), falling with every step (Keras: ExponentialDecay). */
  z.strictObject({
    kind: z.literal('exponential'),
    factor: z.number().gt(0).lt(1).default(0.9),
    everyEpochs: z.number().positive().default(1),
    warmUpSteps,
  }),
  z.strictObject({
    kind: z.literal('cosine'),
    warmUpSteps,
    /** The rate at the end, as a share of the phase's learning rate. */
    floor: fraction.default(0),
    /** Warm restarts (SGDR, Loshchilov and Hutter 2017; Keras: CosineDecayRestarts); null is one fall over the phase. */
    restarts: z
      .strictObject({
        /** Length of the first fall. */
        firstEpochs: z.number().positive(),
        /** Each fall is so many times as long as the one before. */
        lengthFactor: z.number().min(1).default(2),
        /** Each restart begins at this share of the rate of the one before. */
        rateFactor: z.number().gt(0).max(1).default(1),
      })
      .nullable()
      .default(null),
  }),
  z.strictObject({
    kind: z.literal('reduce-on-plateau'),
    monitor,
    factor: z.number().gt(0).lt(1).default(0.1),
    /** Epochs without improvement before the rate falls. */
    patience: z.int().min(0).default(3),
    minDelta: z.number().min(0).default(1e-4),
    /** Epochs after a reduction that do not count. */
    cooldown: z.int().min(0).default(0),
    minLearningRate: z.number().min(0).default(0),
    warmUpSteps,
  }),
  /** Up to the phase's learning rate and down again, both as half a cosine (Smith 2018; PyTorch: OneCycleLR). */
  z.strictObject({
    kind: z.literal('one-cycle'),
    /** Share of the phase in which the rate rises. */
    rise: z.number().gt(0).lt(1).default(0.3),
    /** The rate at the start is the phase's rate divided by this. */
    startDivisor: z.number().min(1).default(25),
    /** The rate at the end is that of the start divided by this. */
    endDivisor: z.number().min(1).default(1e4),
  }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;

export const earlyStoppingSchema = z.strictObject({
  monitor,
  minDelta: z.number().min(0).default(0),
  /** Epochs without improvement before the phase stops. */
  patience: z.int().min(0),
  /** Epochs at the start that are not judged (Keras: start_from_epoch). */
  warmUp: z.int().min(0).default(0),
  /** False: the phase ends with the weights of its last epoch, as Keras does by default. */
  restoreBest: z.boolean().default(true),
});
export type EarlyStopping = z.infer<typeof earlyStoppingSchema>;

export const phaseSchema = z.strictObject({
  name: z.string().min(1),
  /** Layer groups below the head that learn, counted from the top; 0 is the head alone. */
  unfreeze: z.union([z.int().min(0), z.literal('all')]),
  epochs: z.int().min(1).max(1000),
  learningRate: z.number().positive().max(1e7),
  schedule: scheduleSchema.prefault({ kind: 'constant' }),
  /** Each group further down learns at this share of the rate of the group above it. */
  layerDecay: z.number().gt(0).max(1).default(1),
  stop: earlyStoppingSchema.optional(),
});
export type Phase = z.infer<typeof phaseSchema>;

/** The default: what happens to tissue on its way to a picture. */
const tissueAugmentSchema = z.strictObject({
  kind: z.literal('tissue').default('tissue'),
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
export type TissueAugment = z.infer<typeof tissueAugmentSchema>;

/** What Keras' ImageDataGenerator does for the same numbers; kept for comparison: its smeared edges are not tissue. */
const kerasAugmentSchema = z.strictObject({
  kind: z.literal('keras'),
  /** Degrees either way. */
  rotation: z.number().min(0).max(180).default(0),
  /** Shares of the side. Keras 3 swaps the two axes when it moves the picture, and so does Eosin. */
  widthShift: z.number().min(0).lt(1).default(0),
  heightShift: z.number().min(0).lt(1).default(0),
  /** DEGREES either way, as in Keras: 0.2 is next to nothing. */
  shear: z.number().min(0).max(90).default(0),
  /** Each axis by itself from [1 - zoom, 1 + zoom]: the picture is stretched. */
  zoom: z.number().min(0).lt(1).default(0),
  horizontalFlip: z.boolean().default(false),
  verticalFlip: z.boolean().default(false),
  /** What lies outside the picture: its nearest edge pixel, smeared. */
  fill: z.literal('nearest').default('nearest'),
});
export type KerasAugment = z.infer<typeof kerasAugmentSchema>;

export const augmentSchema = z.discriminatedUnion('kind', [tissueAugmentSchema, kerasAugmentSchema]);
export type Augment = z.infer<typeof augmentSchema>;

const headSchema = z.strictObject({
  /** `keep`: the network's own dense layers with a new softmax; pooling, dense and activation are then the network's. */
  kind: z.enum(['new', 'keep']).default('new'),
  pooling: z.enum(['average', 'max', 'flatten']).default('average'),
  dense: z.array(z.int().min(1).max(8192)).default([]),
  /** Of the dense layers. */
  activation: z.enum(['relu', 'relu6', 'linear']).default('relu'),
  dropout: fraction.default(0.2),
  /** Adds l2 * sum(w²) of the head's kernels to the loss. */
  l2: z.number().min(0).default(0),
  /** `probe`: a head of one layer on averaged features starts where its linear probe ends. `random`: Glorot uniform, as Keras. */
  start: z.enum(['probe', 'random']).default('probe'),
});

/** One dense layer on averaged features. */
export const linearHead = headSchema.parse({ dropout: 0 });

const optimizerSchema = z.strictObject({
  kind: z.enum(['adam', 'adamw', 'sgd']).default('adamw'),
  /** Decoupled (Loshchilov and Hutter 2019), for adamw and sgd; biases and normalisation are left out. */
  weightDecay: z.number().min(0).default(1e-4),
  /** Largest global norm of the gradients; null clips nothing. */
  clipNorm: z.number().positive().nullable().default(null),
  /** Of sgd. */
  momentum: z.number().min(0).lt(1).default(0),
  nesterov: z.boolean().default(false),
});

const choicesSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(''),
  /** A network; `resnet50@lab` are weights of it that the user named lab; `auto` is the best one at hand. */
  backbone: z
    .string()
    .regex(
      /^(auto|(mobilenet-v2|efficientnet-lite0|resnet50|vgg16)(@[a-z0-9][a-z0-9.-]*)?)$/,
      'choose auto, mobilenet-v2, efficientnet-lite0, resnet50 or vgg16, with @ and a name for weights of your own',
    ),
  /** `last`, a layer group's name, or `auto`: the depth probe decides. */
  attach: z.string().default('auto'),
  input: z.strictObject({
    sizePx: z.int().min(32).max(1024).default(224),
    /** Null: the coarsest mpp among the training slides. */
    mpp: z.number().positive().nullable().default(null),
    /** As scanned, or through the slide's own ICC profile: in training and in every prediction of the model. */
    colour: z.enum(['stored', 'srgb']).default('stored'),
  }),
  head: headSchema.prefault({}),
  loss: z
    .strictObject({
      labelSmoothing: z.number().min(0).lt(1).default(0),
      classWeights: z.enum(['none', 'balanced']).default('none'),
    })
    .prefault({}),
  optimizer: optimizerSchema.prefault({}),
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
  /** Epochs after which the views are drawn afresh, at the price of a forward pass; 1 is Keras' way. Null keeps them. */
  renewViews: z.int().min(1).nullable().default(null),
  batchSize: z.int().min(1).max(1024).default(32),
  sampling: z.enum(['shuffle', 'balanced']).default('balanced'),
  /** Patches a class that are used at the most; null is all. */
  capPerClass: z.int().min(1).nullable().default(null),
  /** Patches drawn an epoch at the most, so that an epoch of a large project stays short; null is as many as there are. */
  patchesPerEpoch: z.int().min(1).nullable().default(null),
  seed: z.int().min(0).default(1),
});
type Choices = z.infer<typeof choicesSchema>;

/** A choice that does not go with another one: the field to change, and why. */
interface Conflict {
  readonly field: string;
  readonly why: string;
}

function conflictsOf({ sampling, loss, optimizer, head, attach }: Choices): Conflict[] {
  const conflicts: Conflict[] = [];
  const check = (wrong: boolean, field: string, why: string): void => {
    if (wrong) conflicts.push({ field, why });
  };
  check(
    sampling === 'balanced' && loss.classWeights === 'balanced',
    'loss.classWeights',
    'balanced sampling and balanced class weights would correct for rare classes twice; set sampling to shuffle or loss.classWeights to none',
  );
  check(
    optimizer.kind !== 'sgd' && (optimizer.momentum > 0 || optimizer.nesterov),
    optimizer.momentum > 0 ? 'optimizer.momentum' : 'optimizer.nesterov',
    `momentum belongs to sgd, not to ${optimizer.kind}`,
  );
  check(
    head.kind === 'keep' && head.dense.length > 0,
    'head.dense',
    "a kept head has the network's own dense layers; set head.dense to [] or head.kind to new",
  );
  check(
    head.kind === 'keep' && attach !== 'last',
    'attach',
    'a kept head sits on the last features; set attach to last',
  );
  return conflicts;
}

/** Every choice with its default; what does not go together is refused with the name of the field. */
export const recipeSchema = choicesSchema.check(({ value, issues }) => {
  for (const { field, why } of conflictsOf(value)) {
    issues.push({ code: 'custom', input: value, path: field.split('.'), message: why });
  }
});
export type Recipe = z.infer<typeof recipeSchema>;
