/** The one place where errors become HTTP. */
import type { ErrorKind } from '../core/errors.ts';
import { reportOf } from '../core/errors.ts';

const statusOf: Record<ErrorKind, number> = {
  usage: 400,
  missing: 404,
  conflict: 409,
  input: 422,
  cancelled: 499,
  internal: 500,
  config: 501,
  retry: 503,
};

/** `{error: ErrorReport}` with the status that the error's kind stands for. */
export function errorResponse(thrown: unknown): Response {
  const error = reportOf(thrown);
  return Response.json({ error }, { status: statusOf[error.kind] });
}
