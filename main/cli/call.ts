/** Calls the app's own routes in this process, as every host does. */
import type { App } from '../../app/app.ts';
import { EosinError, type ErrorReport } from '../../app/core/errors.ts';

const origin = 'http://eosin';

/** The JSON answer of a route; an error comes back as the EosinError that it was. */
export async function call<T>(
  app: App,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH',
  route: string,
  body?: unknown,
): Promise<T> {
  const response = await send(app, method, route, body);
  return (await response.json()) as T;
}

/** The JSON lines of a streaming route. */
export async function* callStream<T>(
  app: App,
  method: 'GET' | 'POST',
  route: string,
  body?: unknown,
): AsyncGenerator<T> {
  const response = await send(app, method, route, body);
  let rest = '';
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as T;
  }
}

export async function callText(app: App, method: 'GET' | 'PUT', route: string): Promise<string> {
  return (await send(app, method, route)).text();
}

async function send(app: App, method: string, route: string, body?: unknown): Promise<Response> {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await app.fetch(new Request(`${origin}${route}`, { method, ...init }));
  if (response.ok) return response;
  const { error } = (await response.json()) as { error: ErrorReport };
  throw EosinError.fromReport(error);
}
