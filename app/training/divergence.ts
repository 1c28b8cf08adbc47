/** When training runs away: what is noticed, what is tried, and what is said. */
import { EosinError, paused } from '../core/errors.ts';
import type { DivergingAnswer, DivergingQuestion, JobEvent } from '../core/run.ts';
import type { DivergingChoice } from '../jobs/job-spec.ts';
import type { PhaseState } from './checkpoint.ts';
import type { FitRequest } from './fit.ts';

/**
 * A training loss this many times its lowest, and above that of guessing, three epochs in a row, is no learning any more. Without
 * the second a loss near zero would seem to run away: ten times next to nothing is still next to nothing.
 */
const divergingFactor = 10;
const divergingEpochs = 3;
/** How often a phase goes on by itself at half the rate after its loss was not a number. */
export const mostHalvings = 3;

/** What is known of the training loss after an epoch. @param classes as many as there are to guess from. */
export function watchLoss(
  { lowestLoss, divergingEpochs: before }: PhaseState,
  loss: number,
  classes: number,
): Pick<PhaseState, 'lowestLoss' | 'divergingEpochs'> {
  const lowest = Math.min(lowestLoss, loss);
  const away = loss > Math.max(divergingFactor * lowest, Math.log(classes));
  return { lowestLoss: lowest, divergingEpochs: away ? before + 1 : 0 };
}

/** The loss stayed far over its lowest for so long that somebody has to decide. */
export function isDiverging(state: PhaseState): boolean {
  return state.divergingEpochs >= divergingEpochs;
}

/**
 * Decides what comes of a question: the answer that the run was taken up with, once; otherwise it pauses the run, or nobody
 * can be asked and the best weights are kept. Throws `job/paused`.
 */
export function createDecider(
  { answer, ask }: DivergingChoice,
  emit: (event: JobEvent) => void,
): (question: DivergingQuestion) => DivergingAnswer {
  let given = answer;
  return (question) => {
    const chosen = given;
    given = null;
    if (chosen === null && ask) {
      emit(question);
      throw paused();
    }
    return chosen ?? 'keep-best';
  };
}

const whatFollows: Record<DivergingAnswer, (question: DivergingQuestion) => string> = {
  'go-on': () => 'it goes on as before',
  'half-rate': ({ bestEpoch, learningRate }) =>
    `it goes on from its best weights, of epoch ${bestEpoch}, at half the rate, ${(learningRate / 2).toExponential(1)}`,
  'keep-best': ({ bestEpoch }) => `it ends with its best weights, of epoch ${bestEpoch}; a lower rate may help`,
};

export function divergingNote(question: DivergingQuestion, answer: DivergingAnswer): string {
  return (
    `The training loss of phase ${question.phase} was over ${divergingFactor} times its lowest, and worse than guessing, for ` +
    `${divergingEpochs} epochs: ` +
    `${whatFollows[answer](question)}.`
  );
}

/** @param epoch 0-based. */
export function halvingNote({ phase }: FitRequest, epoch: number, halvings: number): string {
  const rate = phase.learningRate * 0.5 ** halvings;
  return (
    `The loss was not a number in epoch ${epoch + 1} of phase ${phase.name}: back to the weights before it, and on at half ` +
    `the learning rate, ${rate.toExponential(1)} (${halvings} of at most ${mostHalvings} times).`
  );
}

/** @param epoch 0-based. */
export function diverged({ phase, rateSetting: { key, value } }: FitRequest, epoch: number): EosinError {
  return new EosinError('train/diverged', 'input', `Training diverged in epoch ${epoch + 1} of phase ${phase.name}.`, {
    remedy:
      `Half the learning rate did not help ${mostHalvings} times; try --set ${key}=${value / 2 ** (mostHalvings + 1)}, or find one ` +
      'with --find-rate. The best weights so far are kept.',
    fields: { phase: phase.name, epoch: epoch + 1, learningRate: phase.learningRate },
  });
}
