/** The only wiring: builds the whole app from what its host can do. Hosts carry `fetch`. */
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createApi } from './api/api.ts';
import type { ApiDeps } from './api/api-deps.ts';
import { createPlaceBook } from './api/place-book.ts';
import type { Recipe } from './core/recipe.ts';
import type { Host } from './host.ts';
import { lendPages } from './jobs/lend-pages.ts';
import { createTrainerPages } from './jobs/trainer-pages.ts';
import { createSlidePool } from './slides/slide-pool.ts';
import { createTissueMasks } from './slides/tissue-masks.ts';
import { recipeBook } from './training/recipe-book.ts';
import { createBackboneLibrary } from './weights/backbone-library.ts';
import { createWorkspace } from './workspace.ts';

export interface App {
  /** The whole app as one WHATWG handler. */
  fetch(request: Request): Response | Promise<Response>;
  /** Method and pattern of every route, for the test that walks them. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** What the command line uses directly, in the same process. */
  readonly services: ApiDeps;
  /** Ends every run and process, and gives the project free. */
  close(): Promise<void>;
}

const decodeProcesses = 2;
const decodeDeadlineMs = 15_000;

export function createApp(carrier: Host): App {
  const pages = createTrainerPages(carrier.openTrainerWindow ?? null);
  const host: Host = { ...carrier, startProcess: lendPages(carrier.startProcess, pages) };
  const cacheFolder = path.join(host.cacheFolder, 'slides');
  const pool = createSlidePool({
    startProcess: host.startProcess,
    processes: decodeProcesses,
    deadlineMs: decodeDeadlineMs,
    cacheFolder,
    memoryLimitBytes: 1.5e9,
  });
  const workspace = createWorkspace(host, pool);
  const closing = new AbortController();
  const services: ApiDeps = {
    host,
    pool,
    masks: createTissueMasks(pool),
    places: createPlaceBook(os.homedir()),
    pages,
    workspace,
    recipes: shippedRecipes(host),
    backbones: createBackboneLibrary(backboneFolders(host)),
    closing: closing.signal,
  };
  const api = createApi(services);
  return {
    fetch: (request) => api.fetch(request),
    routes: api.routes.map(({ method, path: pattern }) => ({ method, path: pattern })),
    services,
    async close() {
      closing.abort();
      try {
        await workspace.close();
      } finally {
        await pool.close();
      }
    },
  };
}

/** Imported weights, and those that a packaged app brings. */
const backboneFolders = (host: Host): string[] =>
  [host.dataFolder, host.resourcesFolder].map((folder) => path.join(folder, 'backbones'));

/** Eosin's own recipes stand before the classic ones. */
const shownFirst = ['quick', 'gradual-unfreezing', 'full'];

function shippedRecipes(host: Host) {
  const folder = path.join(host.resourcesFolder, 'recipes');
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'));
  const book = [...recipeBook(texts).values()];
  const rank = ({ name }: Recipe): number => (shownFirst.includes(name) ? shownFirst.indexOf(name) : shownFirst.length);
  return book.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
