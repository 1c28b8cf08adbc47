/** The one place where the window speaks HTTP: token, errors as EosinError, and streams of JSON lines. */
import { EosinError, type ErrorReport } from '../../app/core/errors.ts';
import { authHeaders } from './token.ts';

export interface Sent {
  readonly method?: string;
  /** A string goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches `/api` + path. Throws EosinError for every refusal and for a host that does not answer. */
export async function request(
  path: string,
  { method = 'GET', body, contentType, signal }: Sent = {},
): Promise<Response> {
  const headers: Record<string, string> = authHeaders();
  const init: RequestInit = { method, headers, cache: 'no-store' };
  if (body !== undefined) {
    headers['content-type'] = contentType ?? 'application/json';
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
  }
  if (signal) init.signal = signal;
  let response: Response;
  try {
    response = await fetch(`/api${path}`, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new EosinError('host/unreachable', 'retry', 'Eosin does not answer.', {
      remedy: 'What was saved is safe. Start Eosin again, then try once more.',
      cause: error,
    });
  }
  if (!response.ok) throw EosinError.fromReport(await reportIn(response));
  return response;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(path, { signal })).json()) as T;
}

export async function sendJson<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await request(path, { method, body: body ?? {} })).json()) as T;
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
