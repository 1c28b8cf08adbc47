/**
 * Damaged slide files through the decode processes: each must end in px or in an error of ours, soon, and must end no process.
 *
 *     node test/slides/fuzz.ts 2000          2,000 files and all bombs; what fails is kept, its number reproduces it
 *     node test/slides/fuzz.ts 1 --from 731  file 731 alone
 *     node test/slides/fuzz.ts 500 --only ndpi   files made of those fixtures whose names hold this; other numbers are other files then
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { EosinError } from '../../app/core/errors.ts';
import { randomFor } from '../../app/core/random.ts';
import type { WorkerProcess } from '../../app/core/worker-process.ts';
import { createSlidePool, type SlidePool } from '../../app/slides/slide-pool.ts';
import { startProcess } from '../../main/start-process.ts';
import { makeBombs } from '../fixtures/bombs.ts';
import { mutateFile } from '../fixtures/mutate-file.ts';
import { makeSoundSlides } from '../fixtures/sound-slides.ts';

const seed = 20_261;
const mostMs = 2500;
const processes = 2;
/** What one decode process may hold at the most. */
const memoryLimitBytes = 1.5 * 2 ** 30;
const largestFixtureBytes = 3e6;

export interface Finding {
  readonly file: string;
  readonly what: string;
}

export interface FuzzResult {
  readonly files: number;
  /** Files that gave px, and the errors of the others by code. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly slowestMs: number;
  /** Of the largest decode process, from the most that it held for sound files, bombs and the first tenth to what it holds in the end. */
  readonly growthBytes: number;
}

/** Sound slides of every kind, and the real ones where they are at hand. */
async function makeFixtures(): Promise<Record<string, Uint8Array>> {
  const fixtures = await makeSoundSlides();
  const data = process.env.EOSIN_DATA;
  for (const folder of data ? ['slides', 'dicom', 'dicom/cmu1-small'] : [])
    for (const name of readdirSync(join(data!, folder))) {
      const path = join(data!, folder, name);
      const found = statSync(path);
      if (found.isFile() && found.size <= largestFixtureBytes) fixtures[`real-${name.slice(-30)}`] = readFileSync(path);
    }
  return fixtures;
}

/** All px that a short look at a slide needs. Throws what the pool throws. */
async function lookAt(pool: SlidePool, path: string): Promise<void> {
  const info = await pool.describe(path);
  const errors: unknown[] = [];
  const attempt = (call: Promise<unknown>): Promise<unknown> => call.catch((thrown) => errors.push(thrown));
  const box = { widthPx: 128, heightPx: 128, downsample: 1 };
  await attempt(pool.region(path, { ...box, x: 0, y: 0 }));
  await attempt(pool.region(path, { ...box, x: info.widthPx - 100, y: info.heightPx - 100 }));
  await attempt(pool.tile(path, { level: 0, x: 0, y: 0 }));
  await attempt(pool.tile(path, { level: info.levels.length - 1, x: 0, y: 0 }));
  if (info.icc) await attempt(pool.region({ path, colour: 'srgb' }, { ...box, x: 0, y: 0 }));
  const { offsetsUm } = info.focalPlanes;
  if (offsetsUm.length > 1)
    await attempt(pool.tile({ path, focalPlane: offsetsUm.length - 1 }, { level: 0, x: 0, y: 0 }));
  for (const name of info.associated.slice(0, 4)) await attempt(pool.associated(path, name));
  const worst = errors.find((each) => whatIsWrong(each) !== null) ?? errors[0];
  if (worst) throw worst;
}

/** Null for an error that a damaged file may end in. */
function whatIsWrong(thrown: unknown): string | null {
  if (!(thrown instanceof EosinError)) return `not an error of ours: ${thrown}`;
  const ofTheFile = thrown.kind === 'input' && /^(slide|region)\//.test(thrown.code);
  if (!ofTheFile && thrown.kind !== 'usage') return `${thrown.code} (${thrown.kind}): ${thrown.message}`;
  if (thrown.code.startsWith('slide/decode-')) return thrown.code;
  return thrown.remedy === '' ? `${thrown.code} without a remedy` : null;
}

/** Runs `count` damaged files, the first of number `from`, and the bombs; `keep` is where failing files are left. */
export async function fuzz(options: {
  count: number;
  from?: number;
  keep?: string;
  bombs?: boolean;
  only?: string;
}): Promise<FuzzResult> {
  const { count, from = 0, keep, bombs = true, only = '' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'eosin-fuzz-'));
  const cacheFolder = join(folder, 'cache');
  mkdirSync(cacheFolder);
  const children: WorkerProcess[] = [];
  const pool = createSlidePool({
    startProcess(entry, options) {
      const child = startProcess(entry, options);
      children.push(child);
      return child;
    },
    processes,
    deadlineMs: mostMs,
    cacheFolder,
    memoryLimitBytes,
  });
  const outcomes: Record<string, number> = {};
  const findings: Finding[] = [];
  let slowestMs = 0;

  /** True when the file gave px. */
  const run = async (name: string, bytes: Uint8Array): Promise<boolean> => {
    const once = async (fileName: string) => {
      // A folder of its own: a reader may look for other files of its slide beside it.
      const own = mkdtempSync(join(folder, 'file-'));
      const path = join(own, fileName);
      writeFileSync(path, bytes);
      const started = performance.now();
      let thrown: unknown = null;
      await lookAt(pool, path).catch((error) => {
        thrown = error;
      });
      const ms = performance.now() - started;
      rmSync(own, { recursive: true });
      const wrong = thrown === null ? null : whatIsWrong(thrown);
      return { thrown, ms, wrong: wrong ?? (ms > mostMs ? `took ${Math.round(ms)} ms` : null) };
    };
    let outcome = await once(name);
    // A machine that is busy elsewhere is no finding; a file that is slow twice is.
    if (outcome.wrong && outcome.ms > mostMs * 0.9) outcome = await once(`again-${name}`);
    const { thrown, ms, wrong } = outcome;
    slowestMs = Math.max(slowestMs, ms);
    const code = thrown instanceof EosinError ? thrown.code : thrown === null ? 'px' : 'other';
    outcomes[code] = (outcomes[code] ?? 0) + 1;
    if (wrong) {
      findings.push({ file: name, what: wrong });
      if (keep) writeFileSync(join(keep, name), bytes);
    }
    return thrown === null;
  };

  let before = 0;
  try {
    const fixtures = Object.entries(await makeFixtures()).filter(([name]) => name.includes(only));
    // Also warms the processes up: what they need for sound files is not growth.
    for (const [name, bytes] of fixtures) {
      const read = await run(`sound-${name}`, bytes);
      // A real file may be but a part of a slide.
      if (!read && !name.startsWith('real-'))
        findings.push({ file: name, what: 'is not read although nothing is wrong with it' });
    }
    if (bombs) for (const [name, bytes] of Object.entries(await makeBombs())) await run(`bomb-${name}`, bytes);
    let next = from;
    const work = async (): Promise<void> => {
      while (next < from + count) {
        const number = next++;
        const random = randomFor(seed, 'fuzz', number);
        const [name, original] = fixtures[random.integer(fixtures.length)]!;
        const { bytes, damage } = mutateFile(original, random);
        await run(`${number}-${damage}-${name.replace(extname(name), '')}${extname(name)}`, bytes);
        if (number <= from + count / 10) before = Math.max(before, largestProcess(children));
      }
    };
    await Promise.all(Array.from({ length: processes }, work));
    const growthBytes = Math.max(0, largestProcess(children) - before);
    const files = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
    return { files, outcomes, findings, slowestMs, growthBytes };
  } finally {
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resident bytes of the largest process that lives; 0 where the system does not tell them this way (all but Linux). */
function largestProcess(children: readonly WorkerProcess[]): number {
  const sizes = children.map(({ pid }) => {
    try {
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  });
  return Math.max(0, ...sizes);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { from: { type: 'string' }, only: { type: 'string' } },
    allowPositionals: true,
  });
  const keep = mkdtempSync(join(tmpdir(), 'eosin-fuzz-found-'));
  const { from = '0', only } = values;
  const count = Number(positionals[0] ?? 2000);
  const result = await fuzz({ count, from: Number(from), keep, ...(only ? { only, bombs: false } : {}) });
  console.log(`${result.files} files, slowest ${Math.round(result.slowestMs)} ms, a process grew by`);
  console.log(`${Math.round(result.growthBytes / 2 ** 20)} MB`, result.outcomes);
  for (const { file, what } of result.findings) console.log(`${join(keep, file)}: ${what}`);
  if (result.findings.length === 0) rmSync(keep, { recursive: true });
  process.exitCode = result.findings.length > 0 ? 1 : 0;
}
