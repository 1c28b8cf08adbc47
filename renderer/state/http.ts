/** The one place where the window speaks HTTP: token, errors as EosinError, and streams of JSON lines. */
import { EosinError, type ErrorReport } from '../../app/core/errors.ts';
import { authHeaders } from './token.ts';

/** `fetch` with the token. Throws EosinError for every refusal and for a host that does not answer. */
export async function request(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(authHeaders())) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers, cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new EosinError('host/unreachable', 'retry', 'Eosin does not answer.', {
      remedy: 'What was saved is safe. Start Eosin again, then try once more.',
      cause: error,
    });
  }
  if (!response.ok) throw EosinError.fromReport(await reportIn(response));
  return response;
}

/** Every line of a streamed answer as its JSON value; ends with the stream. */
export async function* jsonLines<T>(response: Response): AsyncGenerator<T> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function reportIn(response: Response): Promise<ErrorReport> {
  if (response.status === 401) {
    return {
      code: 'host/token',
      kind: 'usage',
      message: 'This window is not signed in to Eosin.',
      remedy: 'Open the address that Eosin printed when it started.',
      fields: {},
    };
  }
  try {
    const { error } = (await response.json()) as { error: ErrorReport };
    if (typeof error.message === 'string') return error;
  } catch {
    // No report in the body: say what is known.
  }
  return {
    code: 'host/answer',
    kind: 'internal',
    message: `Eosin answered with status ${response.status}.`,
    remedy: 'What was saved is safe. Try again.',
    fields: { status: response.status },
  };
}
