/** The renderer's files, for both windows: a path rule that lets nothing out of the folder, and the headers of every document. */

import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

const contentTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** No inline script, no eval, no address but our own. Style attributes are set through CSSOM, which needs no exception. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

/** On every response of a host, whatever it carries. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Names that Windows gives to devices, with any ending. */
const deviceName = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;

/**
 * The file name below the root that a URL path means, with `/` between its parts; null for one that is refused. The
 * path is decoded exactly once; what looks encoded after that is part of a name.
 *
 * @param urlPath the path as it stands in the URL, still encoded, beginning with `/`
 */
export function staticName(urlPath: string): string | null {
  if (!urlPath.startsWith('/')) return null;
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (decoded === '/') return 'index.html';
  // A control character, a backslash, a drive or an alternate stream has no place in a name of ours.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
  if (/[\u0000-\u001f\u007f\\:]/.test(decoded)) return null;
  const parts = decoded.slice(1).split('/');
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..') return null;
    if (/[. ]$/.test(part) || deviceName.test(part)) return null;
  }
  return parts.join('/');
}

/** The real file behind a URL path, or null: links are followed first, then it must still lie below the root. */
export async function staticFile(root: string, urlPath: string): Promise<string | null> {
  const name = staticName(urlPath);
  if (name === null) return null;
  try {
    const realRoot = await realpath(root);
    const file = await realpath(path.join(realRoot, name));
    const relative = path.relative(realRoot, file);
    const inside = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
    return inside ? file : null;
  } catch {
    return null;
  }
}

/** Answers GET and HEAD with a file of the root; 404 for everything that is not one, whatever the reason. */
export async function serveStatic(root: string, request: Request): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'Only GET and HEAD.');
  const file = await staticFile(root, new URL(request.url).pathname);
  if (file === null) return plain(404, 'Not found.');
  let bytes: Buffer<ArrayBuffer>;
  try {
    bytes = await readFile(file);
  } catch {
    return plain(404, 'Not found.');
  }
  const hashed = /[/\\]assets[/\\]/.test(file);
  return new Response(request.method === 'HEAD' ? null : bytes, {
    headers: {
      ...securityHeaders,
      'content-type': contentTypes[path.extname(file).toLowerCase()] ?? 'application/octet-stream',
      'content-length': String(bytes.byteLength),
      // Vite puts a hash into the names below assets/; a document must always be the present one.
      'cache-control': hashed ? 'private, max-age=31536000, immutable' : 'no-cache',
    },
  });
}

export function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(text, {
    status,
    headers: { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8', ...headers },
  });
}

/**
 * Whether a URL's path belongs to the app; everything else is a file. Takes the path of a parsed URL, where `..` is
 * gone; one written in another way (`//api`, `/%61pi`) is a file name and finds none.
 */
export function isApiPath(pathname: string): boolean {
  return pathname === '/api' || pathname.startsWith('/api/');
}

/** Files and the app behind one function: what both windows talk to. */
export function createSite(
  root: string,
  app: { fetch(request: Request): Response | Promise<Response> },
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!isApiPath(new URL(request.url).pathname)) return serveStatic(root, request);
    const response = await app.fetch(request);
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(securityHeaders)) if (!headers.has(name)) headers.set(name, value);
    return new Response(response.body, { status: response.status, headers });
  };
}
