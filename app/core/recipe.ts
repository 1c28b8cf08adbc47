/** A recipe: every choice of a fine-tuning run as data, checked here and stored with the run. */
import { z } from 'zod';

/** What a field means, for the form and the command line; `unit` where its number has one, `title` where its key says too little. */
function says(description: string, { unit, title }: { unit?: string; title?: string } = {}) {
  return { description, ...(unit && { unit }), ...(title && { title }) };
}

const fraction = z.number().min(0).max(1);
const factor = (otherwise: number) =>
  z.number().gt(0).lt(1).default(otherwise).meta(says('The learning rate is multiplied by this each time.'));

/** Keras: CosineDecay's warmup_steps. */
const warmUpSteps = z
  .int()
  .min(0)
  .default(0)
  .meta(says('At the start the rate rises from 0 in equal parts over so many batches.', { unit: 'batches' }));

const monitor = z
  .enum(['val-loss', 'val-accuracy', 'loss', 'accuracy'])
  .default('val-loss')
  .meta(
    says('What is watched after each epoch: losses should fall, accuracies rise; val- is on the validation patients.'),
  );
/** What is watched after each epoch; losses should fall, accuracies rise. */
export type Monitor = z.infer<typeof monitor>;

const kindOfSchedule = says('How the learning rate runs over the phase.', { title: 'Schedule' });
/** Each in epochs, so that a recipe does not depend on the number of patches. */
const everyEpochs = (otherwise: number) =>
  z
    .number()
    .positive()
    .default(otherwise)
    .meta(says('Epochs in which the rate falls once by the factor.', { unit: 'epochs' }));

/** How the rate runs over a phase; lengths are in epochs, so that a recipe does not depend on the number of patches. */
export const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant').meta(kindOfSchedule), warmUpSteps }),
  /** rate * factor ^ floor(epochs / everyEpochs) (Keras: ExponentialDecay, staircase). */
  z.strictObject({
    kind: z.literal('step').meta(kindOfSchedule),
    factor: factor(0.1),
    everyEpochs: everyEpochs(10),
    warmUpSteps,
  }),
  /** rate * factor ^ (epochs / everyEpochs), falling with every step (Keras: ExponentialDecay). */
  z.strictObject({
    kind: z.literal('exponential').meta(kindOfSchedule),
    factor: factor(0.9),
    everyEpochs: everyEpochs(1),
    warmUpSteps,
  }),
  z.strictObject({
    kind: z.literal('cosine').meta(kindOfSchedule),
    warmUpSteps,
    floor: fraction.default(0).meta(says('The rate at the end, as a share of the phase’s learning rate.')),
    /** SGDR, Loshchilov and Hutter 2017; Keras: CosineDecayRestarts. */
    restarts: z
      .strictObject({
        firstEpochs: z
          .number()
          .positive()
          .meta(says('Length of the first fall.', { unit: 'epochs' })),
        lengthFactor: z.number().min(1).default(2).meta(says('Each fall is so many times as long as the one before.')),
        rateFactor: z
          .number()
          .gt(0)
          .max(1)
          .default(1)
          .meta(says('Each restart begins at this share of the rate of the one before.')),
      })
      .nullable()
      .default(null)
      .meta(says('The rate jumps up again and falls anew; off is one fall over the phase.')),
  }),
  z.strictObject({
    kind: z.literal('reduce-on-plateau').meta(kindOfSchedule),
    monitor,
    factor: factor(0.1),
    patience: z
      .int()
      .min(0)
      .default(3)
      .meta(says('Epochs without improvement before the rate falls.', { unit: 'epochs' })),
    minDelta: z.number().min(0).default(1e-4).meta(says('A smaller change does not count as an improvement.')),
    cooldown: z
      .int()
      .min(0)
      .default(0)
      .meta(says('Epochs after a fall of the rate that do not count.', { unit: 'epochs' })),
    minLearningRate: z.number().min(0).default(0).meta(says('The rate falls no further than this.')),
    warmUpSteps,
  }),
  /** Both ways as half a cosine (Smith 2018; PyTorch: OneCycleLR). */
  z.strictObject({
    kind: z.literal('one-cycle').meta(kindOfSchedule),
    rise: z.number().gt(0).lt(1).default(0.3).meta(says('Share of the phase in which the rate rises.')),
    startDivisor: z
      .number()
      .min(1)
      .default(25)
      .meta(says('The rate at the start is the phase’s rate divided by this.')),
    endDivisor: z.number().min(1).default(1e4).meta(says('The rate at the end is that of the start divided by this.')),
  }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;

export const earlyStoppingSchema = z.strictObject({
  monitor,
  minDelta: z.number().min(0).default(0).meta(says('A smaller change does not count as an improvement.')),
  patience: z
    .int()
    .min(0)
    .meta(says('Epochs without improvement before the phase stops.', { unit: 'epochs' })),
  /** Keras: start_from_epoch. */
  warmUp: z
    .int()
    .min(0)
    .default(0)
    .meta(says('Epochs at the start that are not judged.', { unit: 'epochs' })),
  restoreBest: z
    .boolean()
    .default(true)
    .meta(says('The phase ends with its best weights; off, with those of its last epoch, as Keras does by default.')),
});
export type EarlyStopping = z.infer<typeof earlyStoppingSchema>;

export const phaseSchema = z.strictObject({
  name: z.string().min(1).meta(says('What the phase is called in curves and reports.')),
  unfreeze: z.union([z.int().min(0), z.literal('all')]).meta(
    says(
      'Layer groups below the head that learn, counted from the top: 0 is the head alone, all is the whole network.',
      {
        unit: 'groups',
      },
    ),
  ),
  epochs: z
    .int()
    .min(1)
    .max(1000)
    .meta(says('Passes over the training patches, at the most where early stopping is on.', { unit: 'epochs' })),
  learningRate: z
    .number()
    .positive()
    .max(1e7)
    .meta(
      says('How far each step moves the weights: too high forgets what the network knows, too low learns nothing.'),
    ),
  schedule: scheduleSchema.prefault({ kind: 'constant' }).meta(says('How the learning rate runs over the phase.')),
  layerDecay: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .meta(
      says('Each group further down learns at this share of the rate of the group above it; 1 is the same for all.'),
    ),
  stop: earlyStoppingSchema
    .optional()
    .meta(says('The phase ends early once it no longer gets better.', { title: 'Early stopping' })),
});
export type Phase = z.infer<typeof phaseSchema>;

const kindOfVariation = says(
  'tissue: what happens to tissue on its way to a picture; keras: as Keras’ ImageDataGenerator, whose smeared edges are not tissue.',
);

/** The default: what happens to tissue on its way to a picture. */
const tissueAugmentSchema = z.strictObject({
  kind: z.literal('tissue').default('tissue').meta(kindOfVariation),
  rotate: z
    .boolean()
    .default(true)
    .meta(says('Turned by any angle; patches are cut with context, so nothing is filled.')),
  flip: z.boolean().default(true).meta(says('Mirrored either way.')),
  zoom: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .meta(says('Larger or smaller by up to this share, the same in both directions.')),
  /** Tellez 2018. */
  stain: z
    .number()
    .min(0)
    .max(0.2)
    .default(0.03)
    .meta(says('How far haematoxylin, eosin and the rest vary by themselves (standard deviation); 0 is not at all.')),
  blurPx: z
    .number()
    .min(0)
    .max(3)
    .default(0.5)
    .meta(says('The strongest blur (sigma of a Gaussian).', { unit: 'px', title: 'Blur' })),
  brightness: z.number().min(0).max(0.5).default(0.05).meta(says('Brighter or darker by up to this share.')),
});
export type TissueAugment = z.infer<typeof tissueAugmentSchema>;

/** What Keras' ImageDataGenerator does for the same numbers; kept for comparison: its smeared edges are not tissue. */
const kerasAugmentSchema = z.strictObject({
  kind: z.literal('keras').meta(kindOfVariation),
  rotation: z
    .number()
    .min(0)
    .max(180)
    .default(0)
    .meta(says('Turned by up to this angle either way.', { unit: '°' })),
  /** Keras 3 swaps the two axes when it moves the picture, and so does Eosin. */
  widthShift: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(says('Moved by up to this share of the side; Keras 3 swaps the two directions, and so does Eosin.')),
  heightShift: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(says('Moved by up to this share of the side; Keras 3 swaps the two directions, and so does Eosin.')),
  shear: z
    .number()
    .min(0)
    .max(90)
    .default(0)
    .meta(says('Slanted by up to this many DEGREES either way, as in Keras: 0.2 is next to nothing.', { unit: '°' })),
  zoom: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .meta(says('Each direction by itself larger or smaller by up to this share: the picture is stretched.')),
  horizontalFlip: z.boolean().default(false).meta(says('Mirrored left to right, every second time.')),
  verticalFlip: z.boolean().default(false).meta(says('Mirrored top to bottom, every second time.')),
  fill: z
    .literal('nearest')
    .default('nearest')
    .meta(says('What lies outside the picture: its nearest edge pixel, smeared.')),
});
export type KerasAugment = z.infer<typeof kerasAugmentSchema>;

export const augmentSchema = z.discriminatedUnion('kind', [tissueAugmentSchema, kerasAugmentSchema]);
export type Augment = z.infer<typeof augmentSchema>;

const headSchema = z.strictObject({
  kind: z
    .enum(['new', 'keep'])
    .default('new')
    .meta(says('new: layers that know nothing yet; keep: the network’s own dense layers with a new last one.')),
  pooling: z
    .enum(['average', 'max', 'flatten'])
    .default('average')
    .meta(says('How the features of all places become one row: their average, their maximum, or all of them.')),
  dense: z
    .array(z.int().min(1).max(8192))
    .default([])
    .meta(
      says('Sizes of layers between the features and the classes, such as 1024; none is the simplest head.', {
        unit: 'units',
      }),
    ),
  activation: z.enum(['relu', 'relu6', 'linear']).default('relu').meta(says('Bends the output of the dense layers.')),
  dropout: fraction.default(0.2).meta(says('Share of the features that is left out at each step, against memorising.')),
  l2: z
    .number()
    .min(0)
    .default(0)
    .meta(
      says('Adds l2 × the sum of squared weights of the head to the loss, against memorising.', {
        title: 'L2 penalty',
      }),
    ),
  start: z
    .enum(['probe', 'random'])
    .default('probe')
    .meta(
      says('probe: a head of one layer on averaged features starts where its linear probe ends; random: as Keras.'),
    ),
});

/** One dense layer on averaged features. */
export const linearHead = headSchema.parse({ dropout: 0 });

const optimizerSchema = z.strictObject({
  kind: z.enum(['adam', 'adamw', 'sgd']).default('adamw').meta(says('How gradients become steps.')),
  /** Loshchilov and Hutter 2019. */
  weightDecay: z
    .number()
    .min(0)
    .default(1e-4)
    .meta(
      says(
        'Shrinks the weights a little at each step (decoupled); for adamw and sgd. Biases and normalisation are left out.',
      ),
    ),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .meta(says('Longer gradients are cut to this length, so that one odd batch moves little; off cuts nothing.')),
  momentum: z.number().min(0).lt(1).default(0).meta(says('Share of the last step that goes on; for sgd only.')),
  nesterov: z.boolean().default(false).meta(says('Looks ahead along the momentum; for sgd only.')),
});

const choicesSchema = z.strictObject({
  name: z.string().min(1).meta(says('What the recipe is called.')),
  description: z.string().default('').meta(says('What it does, in a sentence.')),
  backbone: z
    .string()
    .regex(
      /^(auto|(mobilenet-v2|efficientnet-lite0|resnet50|vgg16)(@[a-z0-9][a-z0-9.-]*)?)$/,
      'choose auto, mobilenet-v2, efficientnet-lite0, resnet50 or vgg16, with @ and a name for weights of your own',
    )
    .meta(
      says('The pretrained network; resnet50@lab are weights of it that you named lab, auto is the best one at hand.'),
    ),
  attach: z
    .string()
    .default('auto')
    .meta(
      says(
        'The layer group that the head grows on: last, a group’s name, or auto, where the depth probe finds it best.',
      ),
    ),
  input: z
    .strictObject({
      sizePx: z
        .int()
        .min(32)
        .max(1024)
        .default(224)
        .meta(says('Side of a patch as the network sees it.', { unit: 'px', title: 'Patch size' })),
      mpp: z
        .number()
        .positive()
        .nullable()
        .default(null)
        .meta(
          says('Micrometres per pixel; off is the coarsest among the training slides.', {
            unit: 'µm/px',
            title: 'Resolution',
          }),
        ),
      colour: z
        .enum(['stored', 'srgb'])
        .default('stored')
        .meta(
          says(
            'stored: as scanned; srgb: through the slide’s own colour profile, in training and in every prediction.',
          ),
        ),
    })
    .meta(says('What the network looks at.')),
  head: headSchema.prefault({}).meta(says('What is put on the network to tell your classes apart.')),
  loss: z
    .strictObject({
      labelSmoothing: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .meta(says('Share of the certainty that is spread over all classes, against overconfidence.')),
      classWeights: z
        .enum(['none', 'balanced'])
        .default('none')
        .meta(says('balanced: rare classes count more; not together with balanced sampling.')),
    })
    .prefault({})
    .meta(says('How errors are counted (categorical cross-entropy).')),
  optimizer: optimizerSchema.prefault({}).meta(says('How the weights are moved.')),
  /** `training` is what Keras' fit does with trainable layers; a whole batch has to fit into memory then. */
  batchNorm: z
    .enum(['inference', 'training'])
    .default('inference')
    .meta(
      says(
        'Normalisation in layers that learn. inference: its averages stay; training: each batch is normalised by itself and moves them.',
      ),
    ),
  phases: z.array(phaseSchema).min(1).meta(says('What learns, for how long and how fast, one after another.')),
  /** A rung is like a phase of its own, at a rate that falls from rung to rung. */
  ladder: z
    .strictObject({
      groups: z
        .int()
        .min(1)
        .max(20)
        .meta(says('How many groups may be opened, one at a time.', { unit: 'groups' })),
      epochs: z
        .int()
        .min(1)
        .max(1000)
        .meta(says('Epochs of one step, at the most.', { unit: 'epochs' })),
      learningRate: z.number().positive().meta(says('Learning rate of the first step.')),
      rateDecay: z
        .number()
        .gt(0)
        .max(1)
        .default(0.5)
        .meta(says('Rate of each further step as a share of the one above.')),
      patience: z
        .int()
        .min(0)
        .default(5)
        .meta(says('Epochs without improvement before the next group is opened.', { unit: 'epochs' })),
    })
    .nullable()
    .default(null)
    .meta(
      says(
        'After the phases one group more is opened each time validation loss stops falling, and kept only where it helped.',
        {
          title: 'Gradual unfreezing',
        },
      ),
    ),
  augment: augmentSchema
    .nullable()
    .default(null)
    .meta(
      says('Each patch is seen in several variations, so that the network learns tissue and not pictures.', {
        title: 'Variation',
      }),
    ),
  views: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .meta(says('Varied views a patch that are kept ready; more cost time and disk.', { unit: 'views' })),
  renewViews: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .meta(
      says('Views are drawn afresh after so many epochs, which costs time; 1 is Keras’ way, off keeps them.', {
        unit: 'epochs',
      }),
    ),
  batchSize: z
    .int()
    .min(1)
    .max(1024)
    .default(32)
    .meta(says('Patches a step.', { unit: 'patches' })),
  sampling: z
    .enum(['shuffle', 'balanced'])
    .default('balanced')
    .meta(says('balanced: every class, then patient, then region is drawn alike; shuffle: every patch once an epoch.')),
  capPerClass: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .meta(says('Patches a class that are used at the most; off is all.', { unit: 'patches' })),
  patchesPerEpoch: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .meta(
      says(
        'Patches drawn an epoch at the most, so that an epoch of a large project stays short; off is as many as there are.',
        {
          unit: 'patches',
        },
      ),
    ),
  seed: z.int().min(0).default(1).meta(says('Where chance begins: the same seed gives the same run.')),
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
