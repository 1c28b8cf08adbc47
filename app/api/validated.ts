/** Checks what comes over the wire; what is wrong is said with the field's name. */
import { zValidator } from '@hono/zod-validator';
import type { ZodType } from 'zod';
import { EosinError } from '../core/errors.ts';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** What each branch of a union has against the value. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** Of a union the branch that came furthest, since that is the one that was meant. */
function innermost(issue: Issue): Issue {
  const branches = (issue.errors ?? []).flatMap(([first]) => (first ? [innermost(first)] : []));
  const deepest = branches.toSorted((a, b) => b.path.length - a.path.length)[0];
  return deepest && deepest.path.length > 0 ? { ...deepest, path: [...issue.path, ...deepest.path] } : issue;
}

function refuse(issues: readonly Issue[]): never {
  const first = issues[0] && innermost(issues[0]);
  const field = first?.path.map(String).join('.') ?? '';
  throw new EosinError('api/invalid', 'usage', `${field || 'The request'}: ${first?.message ?? 'not understood'}.`, {
    remedy: 'Correct this field and try again.',
    fields: { field },
  });
}

/** The JSON body as `schema` wants it. */
export function jsonBody<T extends ZodType>(schema: T) {
  return zValidator('json', schema, (result) => {
    if (!result.success) refuse(result.error.issues);
  });
}

/** The query string as `schema` wants it; numbers come as text and are coerced by the schema. */
export function query<T extends ZodType>(schema: T) {
  return zValidator('query', schema, (result) => {
    if (!result.success) refuse(result.error.issues);
  });
}
