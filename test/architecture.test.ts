/**
 * Holds the arrows of ARCHITECTURE.md: who may import whom, where TensorFlow.js, Electron and Node may be named, and
 * that the host never loads what belongs to a worker.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Every part stands to the right of those that may import it. A part may always import itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  files: ['core'],
  db: ['files', 'core'],
  evaluation: ['core'],
  patches: ['core'],
  overlay: ['files', 'core'],
  slides: ['db', 'files', 'core'],
  annotations: ['db', 'files', 'core'],
  passports: ['db', 'files', 'core'],
  engine: ['core'],
  networks: ['engine', 'core'],
  /** Files of weights become backbones; what is at hand. */
  weights: ['engine-install', 'networks', 'engine', 'files', 'core'],
  training: ['networks', 'engine', 'patches', 'evaluation', 'core'],
  inference: ['networks', 'engine', 'patches', 'core'],
  demo: ['slides', 'evaluation', 'files', 'core'],
  'engine-install': ['engine', 'files', 'core'],
  jobs: [
    ...['training', 'inference', 'weights', 'networks', 'engine'],
    ...['slides', 'annotations', 'passports', 'patches', 'overlay', 'evaluation', 'db', 'files', 'core'],
  ],
  api: [
    'wiring',
    'jobs',
    'engine-install',
    'slides',
    'annotations',
    'passports',
    'overlay',
    'evaluation',
    'patches',
    'training',
    'weights',
    'files',
    'core',
  ],
  /** The files of app/ itself: app.ts and what it wires. */
  wiring: [
    ...['api', 'jobs', 'demo', 'training', 'weights'],
    ...['slides', 'annotations', 'passports', 'overlay', 'evaluation', 'patches', 'db', 'files', 'core'],
  ],
  main: [
    ...['wiring', 'jobs', 'engine-install', 'demo', 'training', 'weights', 'networks'],
    ...['slides', 'annotations', 'passports', 'overlay', 'evaluation', 'patches', 'files', 'core'],
  ],
  renderer: ['core'],
  /** The worker of a training page: trains as a job's process does. */
  'trainer-page': ['training', 'networks', 'engine', 'core'],
};

/** What may be named as a type only: the process boundary and the ports that a part's user gives it. */
const typeArrows: Readonly<Record<string, readonly string[]>> = {
  training: ['jobs'],
  inference: ['training', 'jobs'],
  jobs: ['wiring'],
  demo: ['evaluation'],
  main: ['engine'],
  renderer: ['api'],
  'trainer-page': ['jobs'],
};

/** Process entries: the only files that may load these. */
const workerSides = ['engine', 'networks', 'training', 'inference', 'demo'];
const workerPackages = /^(@tensorflow\/|onnxruntime-node$|nsfwjs|h5wasm)/;
const browserSafe = ['core', 'evaluation', 'patches', 'engine', 'networks', 'training'];

/** Loaded by its address (renderer/state/trainer-pages.ts). */
const trainerEntry = 'renderer/trainer-page/trainer.ts';

/** Names that renderer/tsconfig.json gives to a file's declarations. */
const aliases: Readonly<Record<string, string>> = { '#api': 'app/api/api.ts' };

interface Import {
  readonly from: string;
  /** A file of this checkout, or the name of a package. */
  readonly to: string;
  readonly isFile: boolean;
  readonly isType: boolean;
}

const sources = globSync('{app,main,renderer}/**/*.{ts,cts,svelte}', { cwd: root })
  .map((file) => file.replaceAll('\\', '/'))
  // AssemblyScript, and what Vite declares for itself.
  .filter((file) => !file.startsWith('app/engine/kernels/assembly/') && !/\.config\.ts$|\.d\.ts$/.test(file));
const imports = sources.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const scripts = file.endsWith('.svelte')
    ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((m) => m[1])
    : [text];
  const tree = ts.createSourceFile('source.ts', scripts.join('\n'), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: string, isType: boolean): void => {
    const isFile = specifier.startsWith('.') || specifier in aliases;
    const to = aliases[specifier] ?? (isFile ? path.posix.join(path.posix.dirname(file), specifier) : specifier);
    found.push({ from: file, to, isFile, isType });
  };
  const walk = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      add((node.moduleSpecifier as ts.StringLiteral).text, isTypeOnly(node));
    } else if (ts.isCallExpression(node) && ts.isStringLiteral(node.arguments[0] ?? node)) {
      const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
      if (isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword) {
        add((node.arguments[0] as ts.StringLiteral).text, false);
      }
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add((node.argument.literal as ts.StringLiteral).text, true);
    }
    ts.forEachChild(node, walk);
  };
  walk(tree);
  return found;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

/** The part of the architecture that a file belongs to. */
function partOf(file: string): string {
  const [top = '', folder = '', rest] = file.split('/');
  if (top === 'renderer' && folder === 'trainer-page') return folder;
  if (top !== 'app') return top;
  return rest === undefined ? 'wiring' : folder;
}

const isNodeModule = (name: string): boolean => name.startsWith('node:') || builtinModules.includes(name);

/** All files and packages that loading `entry` loads. */
function loadedBy(entry: string): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const one of imports) if (one.from === file && !one.isType) visit(one.to);
  };
  visit(entry);
  return seen;
}

describe('the architecture', () => {
  test('every source was read, and every part has its line in the table', () => {
    assert.ok(sources.length > 100, `${sources.length} sources`);
    assert.deepEqual(
      [...new Set(sources.map(partOf))].filter((part) => arrows[part] === undefined),
      [],
    );
  });

  test('each part imports only what stands to its right', () => {
    const wrong = imports.filter(({ from, to, isFile, isType }) => {
      if (!isFile || to.startsWith('resources/')) return false;
      const [a, b] = [partOf(from), partOf(to)];
      if (a === b || arrows[a]?.includes(b)) return false;
      return !(isType && typeArrows[a]?.includes(b));
    });
    assert.deepEqual(
      wrong.map(({ from, to, isType }) => `${from} -> ${to}${isType ? ' (type)' : ''}`),
      [],
    );
  });

  test('the arrows between values have no circle, the wiring and its routes aside', () => {
    const state = new Map<string, 'open' | 'done'>();
    const visit = (part: string, trail: readonly string[]): void => {
      assert.notEqual(state.get(part), 'open', [...trail, part].join(' -> '));
      if (state.get(part) === 'done') return;
      state.set(part, 'open');
      for (const next of arrows[part] ?? []) if (!(part === 'api' && next === 'wiring')) visit(next, [...trail, part]);
      state.set(part, 'done');
    };
    for (const part of Object.keys(arrows)) visit(part, []);
  });

  test('only main/ names electron, and only the files of the Electron host do', () => {
    const files = imports.filter(({ to }) => to === 'electron').map(({ from }) => from);
    assert.deepEqual(
      files.filter((file) => !/^main\/(electron\.ts|preload\.cts|electron\/)/.test(file)),
      [],
    );
    assert.ok(files.length > 0);
  });

  test('what trains in a page too names no Node module outside its entry files', () => {
    const wrong = imports.filter(
      ({ from, to, isType }) =>
        browserSafe.includes(partOf(from)) && !isType && isNodeModule(to) && !/(^|\/|-)node\.ts$/.test(from),
    );
    assert.deepEqual(
      wrong.map(({ from, to }) => `${from} -> ${to}`),
      [],
    );
  });

  test('the shared vocabulary loads no package at all, and the renderer no Node module', () => {
    const core = imports.filter(({ from, isFile }) => partOf(from) === 'core' && !isFile);
    assert.deepEqual(
      core.map(({ from, to }) => `${from} -> ${to}`).filter((line) => !line.endsWith(' -> zod')),
      [],
    );
    const renderer = imports.filter(({ from, to }) => from.startsWith('renderer/') && isNodeModule(to));
    assert.deepEqual(
      renderer.map(({ from, to }) => `${from} -> ${to}`),
      [],
    );
  });

  for (const entry of ['main/browser-shell.ts', 'main/electron.ts', 'main/cli.ts']) {
    test(`${entry} reaches nothing of a worker`, () => {
      const loaded = [...loadedBy(entry)];
      assert.deepEqual(
        loaded.filter((name) => workerPackages.test(name)),
        [],
      );
      assert.deepEqual(
        loaded.filter((name) => /^main\/(decode|job|demo|doctor)-process\.ts$/.test(name)),
        [],
      );
      assert.ok(loaded.includes('app/app.ts'));
    });
  }

  test('of the windows only the worker of a training page loads TensorFlow.js', () => {
    for (const entry of ['renderer/main.ts', 'renderer/trainer.ts']) {
      assert.deepEqual(
        [...loadedBy(entry)].filter((name) => workerPackages.test(name)),
        [],
      );
    }
    assert.ok([...loadedBy(trainerEntry)].some((name) => name.startsWith('@tensorflow/')));
  });

  test('only process entries load TensorFlow.js, ONNX Runtime or a slide parser', () => {
    const entries = ['decode', 'job', 'demo', 'doctor'].map((name) => `main/${name}-process.ts`);
    const reached = new Set([...entries, trainerEntry].flatMap((entry) => [...loadedBy(entry)]));
    for (const { from, to } of imports.filter((one) => !one.isType && workerPackages.test(one.to))) {
      assert.ok(reached.has(from), `${from} -> ${to} is loaded by no worker`);
    }
    assert.ok([...reached].some((name) => name.startsWith('@tensorflow/')));
    assert.ok(workerSides.every((part) => [...reached].some((name) => partOf(name) === part)));
  });

  test('the running host has loaded none of them either', () => {
    const program = `
      import { registerHooks } from 'node:module';
      const urls = [];
      registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
      await import(${JSON.stringify(new URL('../main/browser-shell.ts', import.meta.url).href)});
      console.log(JSON.stringify(urls));`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const urls = JSON.parse(stdout) as string[];
    assert.ok(urls.some((url) => url.endsWith('/app/app.ts')));
    assert.deepEqual(
      urls.filter((url) => /node_modules\/(@tensorflow|onnxruntime-node|nsfwjs)\//.test(url)),
      [],
    );
  });

  test('files are named after what they hold', () => {
    const vague = /(^|[-.])(utils?|helpers?|manager|service|misc|common)(\.|-|$)/;
    for (const file of sources) {
      const name = path.posix.basename(file);
      assert.doesNotMatch(name, vague, file);
      assert.match(
        name,
        name.endsWith('.svelte') ? /^[A-Z][A-Za-z0-9]*\.svelte$/ : /^[a-z0-9]+(-[a-z0-9]+)*(\.svelte)?\.c?ts$/,
        file,
      );
    }
  });
});
