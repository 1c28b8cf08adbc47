/** Checks what comes over the wire; what is wrong is said with the field's name. */
import { zValidator } from '@hono/zod-validator';
import type { ZodType } from 'zod';
import { EosinError } from '../core/errors.ts';

function refuse(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): never {
  const [first] = issues;
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
