/** A training whose loss has run away asks how to go on; where nobody can be asked its best weights are kept. */
import { createInterface } from 'node:readline/promises';
import { EosinError } from '../../app/core/errors.ts';
import type { DivergingAnswer, DivergingQuestion, JobEvent } from '../../app/core/run.ts';
import type { Terminal } from './terminal.ts';

const letters: Readonly<Record<string, DivergingAnswer>> = { g: 'go-on', h: 'half-rate', k: 'keep-best' };

/**
 * Trains, and after each question again with its answer.
 *
 * @param train hands the events of one attempt to `onEvent`, which remembers a question in them.
 */
export async function askingWhenDiverging<T>(
  terminal: Terminal,
  onEvent: (event: JobEvent) => void,
  signal: AbortSignal,
  train: (answer: DivergingAnswer | null, onEvent: (event: JobEvent) => void) => Promise<T>,
): Promise<T> {
  let answer: DivergingAnswer | null = null;
  for (;;) {
    let question: DivergingQuestion | null = null;
    const remember = (event: JobEvent): void => {
      if (event.type === 'diverging') question = event;
      onEvent(event);
    };
    try {
      return await train(answer, remember);
    } catch (thrown) {
      if (question === null || !(thrown instanceof EosinError) || thrown.code !== 'job/paused') throw thrown;
      answer = await ask(terminal, question, signal);
    }
  }
}

/** Whether somebody sits at the terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true;
}

async function ask(terminal: Terminal, question: DivergingQuestion, signal: AbortSignal): Promise<DivergingAnswer> {
  const { phase, bestEpoch, learningRate } = question;
  terminal.note(
    `The training loss of phase ${phase} has been over ten times its lowest, and worse than guessing, for three epochs.`,
  );
  if (!canAsk()) {
    terminal.note(`Nobody can be asked here: the best weights, of epoch ${bestEpoch}, are kept.`);
    return 'keep-best';
  }
  const half = (learningRate / 2).toExponential(1);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (;;) {
      const words = `(g)o on, (h)alf the rate from epoch ${bestEpoch} on (${half}), (k)eep the best and end the phase? [k] `;
      const typed = (await lines.question(words, { signal })).trim().toLowerCase();
      const answer = letters[typed.charAt(0) || 'k'];
      if (answer) return answer;
    }
  } finally {
    lines.close();
  }
}
