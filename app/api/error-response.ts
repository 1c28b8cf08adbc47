/** The one place where errors become HTTP. */
import { HTTPException } from 'hono/http-exception';
import { EosinError, type ErrorKind, reportOf } from '../core/errors.ts';

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
  const error = reportOf(thrown instanceof HTTPException ? badRequest(thrown) : thrown);
  return Response.json({ error }, { status: statusOf[error.kind] });
}

/** What Hono itself refuses, such as a body that is no JSON. */
function badRequest(thrown: HTTPException): EosinError {
  return new EosinError('api/invalid', 'usage', `${thrown.message}.`, { remedy: 'Correct the request and try again.' });
}
