/** What Keras gave for the same settings: training-keras.py made training-keras.json, training-torch.py training-torch.json. */
import { readFileSync } from 'node:fs';

/** null in a curve stands for NaN. */
type Curve = (number | null)[];

export interface KerasNumbers {
  readonly keras: string;
  readonly steps: [number, number][];
  readonly adam: [number, number][];
  readonly adamw: [number, number][];
  readonly adamClipped: [number, number][];
  readonly stopping: {
    curve: Curve;
    patience: number;
    min_delta: number;
    start_from_epoch: number;
    mode: 'min' | 'max';
    ran: number;
    best: number | null;
  }[];
  readonly plateau: {
    curve: Curve;
    factor: number;
    patience: number;
    min_delta: number;
    cooldown: number;
    min_lr: number;
    mode: 'min' | 'max';
    rates: number[];
  }[];
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  readonly schedules: ScheduleRates[];
  readonly crossEntropy: Record<'0.0' | '0.1', number[]>;
  /** Five steps of a network of two dense layers. */
  readonly networks: Record<string, { losses: number[]; weights: Record<string, number[]> }>;
  readonly affineSizePx: number;
  readonly affine: {
    theta: number;
    tx: number;
    ty: number;
    shear: number;
    zx: number;
    zy: number;
    flip_horizontal?: boolean;
    flip_vertical?: boolean;
    pixels: number[];
  }[];
  readonly draws: Record<string, { mean: number; deviation: number }>;
}

/** The rate of each step under a recipe's schedule. */
export interface ScheduleRates {
  readonly schedule: unknown;
  readonly rates: readonly number[];
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

export const kerasNumbers = read('training-keras.json') as KerasNumbers;
export const oneCycles = read('training-torch.json') as readonly ScheduleRates[];
