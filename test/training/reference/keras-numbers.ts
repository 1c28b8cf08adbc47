/** What Keras gave for the same settings: keras-numbers.py made keras-numbers.json. */
import { readFileSync } from 'node:fs';

export interface KerasNumbers {
  readonly keras: string;
  readonly steps: [number, number][];
  readonly adam: [number, number][];
  readonly adamw: [number, number][];
  readonly adamClipped: [number, number][];
  /** null in a curve stands for NaN. */
  readonly stopping: {
    curve: (number | null)[];
    patience: number;
    min_delta: number;
    start_from_epoch: number;
    ran: number;
    best: number | null;
  }[];
  readonly plateau: { curve: number[]; rates: number[] }[];
  readonly crossEntropy: Record<'0.0' | '0.1', number[]>;
}

export const kerasNumbers = JSON.parse(
  readFileSync(new URL('keras-numbers.json', import.meta.url), 'utf8'),
) as KerasNumbers;
