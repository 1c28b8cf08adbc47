/** How a phase of training runs: what learns, how the learning rate goes, when it stops. A part of a recipe. */
import { z } from 'zod';
import { says } from './recipe-says.ts';

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
