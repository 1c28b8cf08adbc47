/** Flags that say which patches are fit to learn from. */
import { defaultPatchRule, type PatchRule } from '../../app/core/patch-quality.ts';
import { number, wrongUse } from './arguments.ts';
import type { Flags } from './command.ts';

export const patchRuleFlags = {
  'keep-pen': { type: 'boolean' },
  'max-pen': { type: 'string' },
  'leave-out-blurred': { type: 'boolean' },
  'min-focus': { type: 'string' },
} as const;

export function chosenPatchRule(flags: Flags): PatchRule {
  return {
    maxPen: share(flags, 'max-pen') ?? defaultPatchRule.maxPen,
    minFocus: share(flags, 'min-focus') ?? defaultPatchRule.minFocus,
    leaveOutPen: flags['keep-pen'] !== true,
    leaveOutBlurred: flags['leave-out-blurred'] === true,
  };
}

function share(flags: Flags, name: string): number | undefined {
  const value = number(flags, name);
  if (value === undefined || (value >= 0 && value <= 1)) return value;
  throw wrongUse(`--${name} wants a share from 0 to 1.`);
}
