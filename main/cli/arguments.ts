/** Reads words and flags of a command; what is wrong with them is said in one line with the flag's name. */
import { EosinError } from '../../app/core/errors.ts';
import type { ColourMode } from '../../app/core/slide.ts';
import type { Flags } from './command.ts';

export function wrongUse(message: string, remedy = 'See: eosin COMMAND --help'): EosinError {
  return new EosinError('cli/usage', 'usage', message, { remedy });
}

/** The word at `index`, called `name` in the usage line. */
export function word(words: readonly string[], index: number, name: string): string {
  const value = words[index];
  if (value === undefined || value === '') throw wrongUse(`${name} is missing.`);
  return value;
}

export function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

export function requiredText(flags: Flags, name: string): string {
  const value = text(flags, name);
  if (value === undefined) throw wrongUse(`--${name} is missing.`);
  return value;
}

export function texts(flags: Flags, name: string): string[] {
  const value = flags[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export function number(flags: Flags, name: string): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) throw wrongUse(`--${name} wants a number, not "${value}".`);
  return parsed;
}

/** A number above 0, such as µm/px. */
export function positive(flags: Flags, name: string): number | undefined {
  const value = number(flags, name);
  if (value !== undefined && value <= 0) throw wrongUse(`--${name} wants a number above 0.`);
  return value;
}

export function requiredNumber(flags: Flags, name: string): number {
  const value = number(flags, name);
  if (value === undefined) throw wrongUse(`--${name} is missing.`);
  return value;
}

/** A side in px: a whole number from 1 to `most`. */
export function sidePx(flags: Flags, name: string, most: number): number | undefined {
  const value = number(flags, name);
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return value;
  throw wrongUse(`--${name} wants a whole number from 1 to ${most}.`);
}

/** `--colour`: as scanned, or through the slide's profile. */
export function colourOf(flags: Flags): ColourMode | undefined {
  const value = text(flags, 'colour');
  if (value === undefined || value === 'stored' || value === 'srgb') return value;
  throw wrongUse(`--colour wants stored or srgb, not "${value}".`);
}
