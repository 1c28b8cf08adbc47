/**
 * Makes the native engine: fetch -> unpack -> build -> self-test -> switch over. What was fetched is kept until the end, so that
 * a cancelled or failed installation goes on where it stopped; the engine in use stays until the new one has passed its test.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { EosinError } from '../core/errors.ts';
import type { EngineReport } from '../engine/engine.ts';
import { type NativeId, type NativeManifest, readNativeManifest } from '../engine/native-folder-node.ts';
import { writeWhole } from '../files/write-whole.ts';
import { bindingVersion, buildBinding } from './build-binding.ts';
import { fetchWheels } from './fetch-wheels.ts';
import { nativeSize, nativeWheels, placeInEngine, TENSORFLOW_VERSION } from './native-wheels.ts';
import { unpackWheel } from './unpack-wheel.ts';

export interface InstallProgress {
  readonly step: 'fetch' | 'unpack' | 'build' | 'self-test';
  readonly doneBytes: number;
  /** 0 where a step has no count. */
  readonly totalBytes: number;
}

export interface InstallOptions {
  /** Absolute; made when it is not there. */
  readonly enginesFolder: string;
  readonly build: NativeId;
  /** A folder with the wheels, for a computer without a network. */
  readonly from?: string | null;
  /** Tries the engine of `enginesFolder` in a process of its own. */
  readonly test: (id: NativeId, enginesFolder: string) => Promise<EngineReport>;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal: AbortSignal;
}

export interface Installed {
  readonly manifest: NativeManifest;
  /** Of the CUDA build on a computer without a GPU: that of `native-cpu`. */
  readonly report: EngineReport;
}

/**
 * @throws EosinError `engine/no-platform`, `engine/no-space`, those of fetching and building, `engine/self-test` when the engine is
 * wrong; the signal's reason when cancelled.
 */
export async function installNative(options: InstallOptions): Promise<Installed> {
  const { enginesFolder, build, from = null, signal, onProgress = () => {} } = options;
  refuseOtherPlatforms();
  const binding = bindingVersion();
  await mkdir(enginesFolder, { recursive: true });
  const wheelsFolder = join(enginesFolder, 'wheels');
  await refuseFullDisk(enginesFolder, build, wheelsFolder);
  const wheels = nativeWheels[build];
  const { downloadBytes } = nativeSize(build);
  const tell = (step: InstallProgress['step'], doneBytes = 0, totalBytes = 0): void =>
    onProgress({ step, doneBytes, totalBytes });

  tell('fetch', 0, downloadBytes);
  const onBytes = (done: number): void => tell('fetch', done, downloadBytes);
  const files = await fetchWheels(wheels, { folder: wheelsFolder, from, onBytes, signal });

  await removeLeftOvers(enginesFolder);
  const staging = join(enginesFolder, `.new-${randomUUID()}`);
  const engine = join(staging, build);
  try {
    let unpacked = 0;
    const { diskBytes } = nativeSize(build);
    const total = diskBytes - downloadBytes;
    for (const file of files) {
      await unpackWheel(file, engine, placeInEngine, {
        onBytes: (written) => {
          unpacked += written;
          tell('unpack', Math.min(unpacked, total), total);
        },
        signal,
      });
    }
    tell('build');
    await buildBinding(engine, signal);
    const manifest: NativeManifest = { format: 1, build, tensorflow: TENSORFLOW_VERSION, binding };
    await writeWhole(join(engine, 'manifest.json'), JSON.stringify(manifest, null, 2));
    tell('self-test');
    const report = await tested(options, staging);
    signal.throwIfAborted();
    await switchOver(engine, join(enginesFolder, build), staging);
    await rm(wheelsFolder, { recursive: true, force: true });
    return { manifest, report };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The engines that are installed. */
export function installedBuilds(enginesFolder: string): NativeId[] {
  const builds = ['native-cuda', 'native-cpu'] as const;
  return builds.filter((build) => readNativeManifest(join(enginesFolder, build)) !== null);
}

/** Takes every installed native engine away, and what an installation has left; false when there was none. */
export async function removeNative(enginesFolder: string): Promise<boolean> {
  const any = installedBuilds(enginesFolder).length > 0;
  for (const name of ['native-cpu', 'native-cuda', 'wheels'])
    await rm(join(enginesFolder, name), { recursive: true, force: true });
  await removeLeftOvers(enginesFolder);
  return any;
}

async function tested({ build, test }: InstallOptions, staging: string): Promise<EngineReport> {
  const report = await test(build, staging);
  if (report.usable) return report;
  // The CUDA build without a GPU is an engine all the same: it runs on the CPU.
  const onCpu = build === 'native-cuda' ? await test('native-cpu', staging) : report;
  if (onCpu.usable) return { ...onCpu, reason: report.reason ?? 'no GPU' };
  throw new EosinError('engine/self-test', 'config', `The new engine did not pass its test: ${onCpu.reason}.`, {
    remedy: 'The engine that was used until now stays in use. The details hold what the test found.',
    fields: { reason: onCpu.reason ?? null, gradientError: onCpu.gradientError },
  });
}

/** A rename each way: a reader finds the old engine, none for an instant, or the new one, never half of one. */
async function switchOver(engine: string, place: string, staging: string): Promise<void> {
  await rename(place, join(staging, 'old')).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
  });
  await rename(engine, place);
}

/** What an installation that was killed has left behind. */
async function removeLeftOvers(enginesFolder: string): Promise<void> {
  for (const name of await readdir(enginesFolder).catch(() => [])) {
    if (name.startsWith('.new-')) await rm(join(enginesFolder, name), { recursive: true, force: true });
  }
}

function refuseOtherPlatforms(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new EosinError(
    'engine/no-platform',
    'config',
    `The native engine exists for Linux x64 only, this is ${process.platform} ${process.arch}.`,
    { remedy: 'Train with the engine that comes with Eosin.' },
  );
}

async function refuseFullDisk(enginesFolder: string, build: NativeId, wheelsFolder: string): Promise<void> {
  const { bavail, bsize } = await statfs(enginesFolder);
  const { diskBytes, downloadBytes } = nativeSize(build);
  const fetched = (await readdir(wheelsFolder).catch(() => [])).length > 0;
  const needed = fetched ? diskBytes - downloadBytes : diskBytes;
  const free = bavail * bsize;
  if (free >= needed) return;
  const gb = (bytes: number): string => (bytes / 1e9).toFixed(1);
  throw new EosinError(
    'engine/no-space',
    'retry',
    `The installation needs ${gb(needed)} GB, ${gb(free)} GB are free.`,
    {
      remedy: 'Free some space where Eosin keeps its data and try again.',
      fields: { neededBytes: needed, freeBytes: free },
    },
  );
}
