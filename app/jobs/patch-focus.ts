/**
 * The focus of patches of a project's slides: measured by the decode processes once, then kept in the project's cache.
 *
 *     cache/focus/<fingerprint>-<sizePx>-<downsample>.json     { version, focus: { "x,y": 0.612, ... } }
 *
 * Which patches a slide has changes with every region; where they stand does not, so that only new ones are measured.
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { createQueue } from '../core/queue.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { SlidePool } from '../slides/slide-pool.ts';
import { decodeCalls, patchesPerCall } from './cut-store.ts';

/** Raised when the measure changes: what was kept is then measured anew. */
const version = 1;

export interface FocusTarget {
  readonly path: string;
  readonly fingerprint: string;
  readonly sizePx: number;
  readonly downsample: number;
}

export interface PatchCorner {
  readonly x: number;
  readonly y: number;
}

const cacheSchema = z.strictObject({ version: z.literal(version), focus: z.record(z.string(), z.number()) });

/** What was measured before, by `keyOfCorner`; nothing where the cache is missing, of another version or damaged. */
export async function knownFocus(cacheFolder: string, target: FocusTarget): Promise<Map<string, number>> {
  try {
    const stored = cacheSchema.parse(JSON.parse(await readFile(fileOf(cacheFolder, target), 'utf8')));
    return new Map(Object.entries(stored.focus));
  } catch {
    return new Map();
  }
}

/** The focus of every corner, with what is not known yet measured and kept. Throws what the decode processes throw. */
export async function measureFocus(
  pool: SlidePool,
  cacheFolder: string,
  target: FocusTarget,
  corners: readonly PatchCorner[],
  onMeasured: (patches: number) => void,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const known = await knownFocus(cacheFolder, target);
  const missing = corners.filter((corner) => !known.has(keyOfCorner(corner)));
  if (missing.length === 0) return known;
  const queue = createQueue(decodeCalls);
  const { sizePx, downsample } = target;
  const calls: Promise<void>[] = [];
  for (let from = 0; from < missing.length; from += patchesPerCall) {
    const part = missing.slice(from, from + patchesPerCall);
    const patches = part.map(({ x, y }) => ({ x, y, offset: 0 }));
    const request = { file: null, sizePx, downsample, patches, focusInsidePx: 0 };
    calls.push(
      queue.run(async () => {
        const focus = await pool.cutPatches(target, request, signal);
        for (const [i, corner] of part.entries()) known.set(keyOfCorner(corner), Math.round(focus[i]! * 1000) / 1000);
        onMeasured(part.length);
      }, signal),
    );
  }
  const ended = await Promise.allSettled(calls);
  // What was measured before a cancel need not be measured again.
  await keep(cacheFolder, target, known);
  signal.throwIfAborted();
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return known;
}

export function keyOfCorner({ x, y }: PatchCorner): string {
  return `${x},${y}`;
}

async function keep(cacheFolder: string, target: FocusTarget, known: ReadonlyMap<string, number>): Promise<void> {
  const file = fileOf(cacheFolder, target);
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, JSON.stringify({ version, focus: Object.fromEntries(known) }));
}

function fileOf(cacheFolder: string, { fingerprint, sizePx, downsample }: FocusTarget): string {
  return path.join(cacheFolder, 'focus', `${fingerprint}-${sizePx}-${downsample}.json`);
}
