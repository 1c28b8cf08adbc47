/**
 * The one text of a passport. It ends with the SHA-256 of all the rest, and a text that differs in a single byte from
 * what `renderPassport` writes is refused: nobody edits the numbers of a model by accident or by hand.
 */
import { createHash } from 'node:crypto';
import { EosinError } from '../core/errors.ts';
import { type Passport, passportSchema, passportVersion } from './passport.ts';

/** A passport that is larger is none. */
export const passportByteLimit = 1_000_000;

export function renderPassport(passport: Passport): string {
  return render(passport as unknown as Record<string, unknown>);
}

function render(content: Record<string, unknown>): string {
  const integrity = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return `${JSON.stringify({ ...content, integrity }, null, 2)}\n`;
}

/** Throws `model/broken` (no passport), `model/newer` (of a later Eosin), `model/hash` (changed after it was written). */
export function parsePassport(text: string): Passport {
  const { integrity, ...content } = parseObject(text);
  if (typeof content.schemaVersion === 'number' && content.schemaVersion > passportVersion) {
    throw new EosinError('model/newer', 'config', 'The model was saved by a newer version of Eosin.', {
      remedy: 'Update Eosin, then open the model again.',
      fields: { schemaVersion: content.schemaVersion, understood: passportVersion },
    });
  }
  const checked = passportSchema.safeParse(content);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw brokenPassport(issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`);
  }
  if (typeof integrity !== 'string' || render(content) !== text) {
    throw new EosinError('model/hash', 'input', 'The passport of the model was changed after it was saved.', {
      remedy: 'Copy the model again from where it was saved, or train it anew.',
      fields: { file: 'passport.json' },
    });
  }
  return checked.data;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw brokenPassport('it is no JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw brokenPassport('it is no JSON object');
  // A null prototype, and no key that could reach one.
  const content: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) if (key !== '__proto__') content[key] = item;
  return content;
}

function brokenPassport(reason: string, cause?: unknown): EosinError {
  return new EosinError('model/broken', 'input', 'The passport of the model cannot be read.', {
    remedy: 'Copy the whole model folder again from where it was saved, or train the model anew.',
    fields: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
