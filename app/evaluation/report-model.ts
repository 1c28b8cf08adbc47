/** What of a model's passport the report of its training tells. */
import type { Recipe } from '../core/recipe.ts';
import type { Evaluation } from '../core/run.ts';

export interface ReportModel {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly classes: readonly { readonly name: string; readonly colour: string }[];
  readonly sizePx: number;
  readonly mpp: number | null;
  readonly stains: readonly string[];
  readonly backbone: { readonly name: string; readonly sha256: string; readonly provenance: string };
  readonly attach: string;
  readonly best: { readonly phase: string; readonly epoch: number };
  readonly rung: { readonly name: string; readonly chosen: 'by validation' | 'by hand' } | null;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly split: {
    readonly hash: string;
    readonly patientsKnown: boolean;
    readonly patients: { readonly train: number; readonly validation: number; readonly test: number };
    readonly classes: readonly {
      readonly name: string;
      readonly train: number;
      readonly validation: number;
      readonly test: number;
    }[];
    readonly slides: number;
  };
  readonly metrics: { readonly validation: Evaluation | null; readonly test: Evaluation | null };
  readonly engine: {
    readonly id: string;
    readonly device: string;
    readonly threads: number;
    readonly gradientError: number | null;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly parity: number;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}
