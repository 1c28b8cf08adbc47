/** Who may talk to the browser shell: one rule a line, decided on the raw request before anything is routed. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isApiPath } from './static.ts';

/** What the rules look at; every value as it came over the wire. */
export interface RawRequest {
  readonly method: string;
  /** The request target: path and query. */
  readonly target: string;
  /** Names and values in turn, as in `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bodies: a document of ours is small; annotations, tables of patients and what a training page sends may be large. */
const jsonLimitBytes = 1024 * 1024;
const importLimitBytes = 64 * 1024 * 1024;
const bodyLimits: Readonly<Record<string, number>> = {
  'application/json': jsonLimitBytes,
  'application/geo+json': importLimitBytes,
  'application/xml': importLimitBytes,
  'text/csv': importLimitBytes,
  'application/octet-stream': importLimitBytes,
};

const wrongTokensAMinute = 10;
const minuteMs = 60_000;

export interface Guard {
  /** 256 random bits, base64url; new for every launch. */
  readonly token: string;
  /** Null for a request that may go on. */
  refuse(request: RawRequest, port: number): Refusal | null;
}

/** @param now milliseconds that only grow */
export function createGuard(now: () => number = () => performance.now()): Guard {
  const token = randomBytes(32).toString('base64url');
  const tokenDigest = sha256(token);
  let wrongTokens: number[] = [];
  let lockedUntil = 0;

  const refuseToken = (authorization: string | undefined): Refusal | null => {
    const given = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (given === undefined) return unauthorized;
    // Digests have one length, so that the comparison tells nothing about the token. The right token passes during a
    // lock too: nobody guesses 256 bits, and a stranger on this machine must not be able to shut the user out.
    if (timingSafeEqual(sha256(given), tokenDigest)) return null;
    const time = now();
    if (time < lockedUntil) return locked;
    wrongTokens = [...wrongTokens.filter((earlier) => time - earlier < minuteMs), time];
    if (wrongTokens.length < wrongTokensAMinute) return unauthorized;
    wrongTokens = [];
    lockedUntil = time + minuteMs;
    return locked;
  };

  return {
    token,
    refuse(request, port) {
      const headers = new RawHeaders(request.rawHeaders);
      return (
        refuseHost(headers, port) ??
        refuseMethod(request, headers) ??
        refuseStranger(request, headers) ??
        (isApiTarget(request.target)
          ? (refuseToken(headers.one('authorization')) ?? refuseBody(request, headers))
          : null)
      );
    },
  };
}

/** Host is what tells our own address from a name that a hostile page let point to 127.0.0.1. */
function refuseHost(headers: RawHeaders, port: number): Refusal | null {
  const hosts = headers.all('host');
  if (hosts.length === 1 && (hosts[0] === `127.0.0.1:${port}` || hosts[0] === `localhost:${port}`)) return null;
  return refusal(421, 'shell/host', 'This address does not belong to Eosin.', 'Use the address that it printed.');
}

function refuseMethod(request: RawRequest, headers: RawHeaders): Refusal | null {
  if (!request.target.startsWith('/') || !URL.canParse(`http://127.0.0.1${request.target}`)) {
    return refusal(400, 'shell/target', 'This request names no path.', 'Use the address that Eosin printed.');
  }
  const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(request.method);
  if (known && headers.all('upgrade').length === 0) return null;
  // A preflight is how another site would ask for leave; it never gets it.
  return refusal(403, 'shell/method', 'This kind of request is not answered.', 'Use the window that Eosin opened.');
}

/** Requests that another site's page makes in the user's browser. */
function refuseStranger(request: RawRequest, headers: RawHeaders): Refusal | null {
  const origins = headers.all('origin');
  const site = headers.one('sec-fetch-site');
  const sameSite = site === undefined || site === 'same-origin' || site === 'none';
  // The redirect file that opens the browser is another site to it, and so is a link; what they reach is a document
  // without data, which cannot be framed.
  const opensDocument =
    request.method === 'GET' &&
    !isApiTarget(request.target) &&
    headers.one('sec-fetch-mode') === 'navigate' &&
    headers.one('sec-fetch-dest') === 'document';
  const ownOrigin = origins.length === 0 || (origins.length === 1 && origins[0] === `http://${headers.one('host')}`);
  if (ownOrigin && (sameSite || opensDocument)) return null;
  return refusal(403, 'shell/origin', 'Another site asked for this.', 'Use the window that Eosin opened.');
}

/** A form of another site can send text/plain and forms without asking; those types are never read. */
function refuseBody(request: RawRequest, headers: RawHeaders): Refusal | null {
  if (headers.all('transfer-encoding').length > 0) {
    return refusal(411, 'shell/length', 'A body must say how long it is.', 'Send content-length.');
  }
  const length = Number(headers.one('content-length') ?? 0);
  if (length === 0) return null;
  const limit = bodyLimit(headers.one('content-type'));
  if (limit === null || request.method === 'GET' || request.method === 'HEAD') {
    return refusal(415, 'shell/content-type', 'A body of this type is not read.', 'Send application/json.');
  }
  if (length <= limit) return null;
  const megabytes = limit / 1024 / 1024;
  return refusal(
    413,
    'shell/too-large',
    `A body of this type may have ${megabytes} MB.`,
    'Split the file, or use the command line.',
  );
}

/** Bytes that a body of this content type may have; null for a type that is not read. */
function bodyLimit(contentType: string | undefined): number | null {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return type !== undefined && Object.hasOwn(bodyLimits, type) ? (bodyLimits[type] as number) : null;
}

/** Reads the path as the routing does, or `/x/../api/slides` would pass as a file. */
export function isApiTarget(target: string): boolean {
  return isApiPath(new URL(`http://127.0.0.1${target}`).pathname);
}

const unauthorized = refusal(
  401,
  'shell/token',
  'This window has no key to the running app.',
  'Open the address that Eosin printed when it started.',
  { 'www-authenticate': 'Bearer' },
);
const locked = refusal(429, 'shell/locked', 'Too many wrong keys.', 'Wait a minute.', { 'retry-after': '60' });

function refusal(
  status: number,
  code: string,
  message: string,
  remedy: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return { status, code, message, remedy, headers };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

class RawHeaders {
  readonly #pairs: readonly string[];

  constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  all(name: string): string[] {
    return this.#pairs.filter((_, index) => index % 2 === 1 && this.#pairs[index - 1]?.toLowerCase() === name);
  }

  /** The value of a header that may stand once; doubled, it is joined and so matches nothing. */
  one(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }
}
