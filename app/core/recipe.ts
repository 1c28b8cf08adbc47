/** A recipe: every choice of a fine-tuning run as data, checked here and stored with the run. */
import { z } from 'zod';
import { augmentSchema } from './recipe-augment.ts';
import { phaseSchema } from './recipe-phase.ts';
import { says } from './recipe-says.ts';

const fraction = z.number().min(0).max(1);

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
