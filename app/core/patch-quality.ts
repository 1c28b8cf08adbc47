/** Which patches are fit to learn from: in focus, and not under a pen. */
import { z } from 'zod';

/** What a person chose; stored with the run and in the model's passport. */
export const patchRuleSchema = z.strictObject({
  /** A patch is touched by pen when ink covers more than this share of it. */
  maxPen: z.number().min(0).max(1).default(0.05),
  /** A patch is out of focus when its score (slides/focus.ts) is below this. */
  minFocus: z.number().min(0).max(1).default(0.45),
  /** Pen stands where somebody thought that something was to be seen: a network would learn the pen. */
  leaveOutPen: z.boolean().default(true),
  /** Kept by default: slides that are predicted later have blurred places too. */
  leaveOutBlurred: z.boolean().default(false),
});
export type PatchRule = z.infer<typeof patchRuleSchema>;

export const defaultPatchRule: PatchRule = patchRuleSchema.parse({});

export interface PatchQuality {
  /** Share of the patch under ink, 0..1. */
  readonly pen: number;
  /** 0 blurred .. 1 sharp; null where nobody has measured it yet. */
  readonly focus: number | null;
}

export function isPenned({ pen }: PatchQuality, { maxPen }: PatchRule): boolean {
  return pen > maxPen;
}

export function isBlurred({ focus }: PatchQuality, { minFocus }: PatchRule): boolean {
  return focus !== null && focus < minFocus;
}

export function isLeftOut(patch: PatchQuality, rule: PatchRule): boolean {
  return (rule.leaveOutPen && isPenned(patch, rule)) || (rule.leaveOutBlurred && isBlurred(patch, rule));
}

/** Counts of one class on one slide, of all its labelled patches, those left out included. */
export interface FlagCount {
  readonly className: string;
  readonly slide: string;
  readonly patches: number;
  readonly pen: number;
  readonly blurred: number;
  /** Patches whose focus nobody has measured yet. */
  readonly unmeasured: number;
}

export interface QualitySummary {
  readonly rule: PatchRule;
  readonly leftOut: { readonly pen: number; readonly blurred: number };
  readonly flags: readonly FlagCount[];
}
