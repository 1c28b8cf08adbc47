/**
 * `npm run bench slides [-- PART ...]`: reading slides through the app's own pool and decode processes, against OpenSlide 4 called
 * through its C API, turn by turn; fastslide beside it for the grid. CPU time is that of all processes concerned, user and system.
 * Ours writes RGB into a file; OpenSlide fills a buffer with premultiplied ARGB, and its conversion to RGB is not counted.
 */
import { link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createQueue } from '../../app/core/queue.ts';
import { randomFor } from '../../app/core/random.ts';
import { commandLineHost } from '../../main/node-host.ts';
import { largeSidePx, type MadeSlide, madeSlide, sidePx, tilePx } from './slides-made.ts';
import { type Cost, type Peer, type PeerBox, startPeer } from './slides-peer.ts';
import { type MeasuredPool, measurePool } from './slides-pool.ts';

const rounds = 3;
const patchPx = 224;
/** Patches of one call, as prediction and the patch store ask for them. */
const batch = 64;
/** Patches to a side that stand together in one call. */
const neighbourhood = 8;

interface Bench {
  readonly peer: Peer | null;
  readonly pool: MeasuredPool;
  readonly startProcess: ReturnType<typeof commandLineHost>['startProcess'];
  readonly scratch: string;
  slide(name: MadeSlide): string;
}

interface Corner {
  readonly x: number;
  readonly y: number;
}

const parts: Record<string, (bench: Bench) => Promise<void>> = {
  // First, while this process has done nothing else.
  memory: benchMemory,
  tile: benchTile,
  grid: benchGrid,
  random: benchRandom,
  jpeg2000: benchJpeg2000,
  half: benchHalf,
  processes: benchProcesses,
  open: benchOpen,
};

export async function benchSlides(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.find((name) => !(name in parts));
  if (unknown) {
    console.error(`  There is no part "${unknown}". There are: ${Object.keys(parts).join(', ')}.`);
    process.exit(64);
  }
  const host = commandLineHost();
  const folder = path.join(host.cacheFolder, 'bench');
  await mkdir(folder, { recursive: true });
  const peer = await startPeer();
  if (peer)
    console.log(`  OpenSlide ${peer.versions.openslide}, fastslide ${peer.versions.fastslide ?? 'not to be had'}`);
  const scratch = await mkdtemp(path.join(folder, 'scratch-'));
  const { startProcess } = host;
  try {
    for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
      console.log(`  ${name} (load ${os.loadavg()[0]!.toFixed(1)})`);
      // Processes of its own, so that no part's figures depend on what ran before it.
      const pool = measurePool(startProcess, 1, scratch);
      const bench = { peer, pool, scratch, startProcess, slide: (made: MadeSlide) => madeSlide(made, folder) };
      await parts[name]!(bench).finally(() => pool.pool.close());
    }
  } finally {
    peer?.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A tile as the viewer gets it, six at a time, against OpenSlide's px encoded by Pillow. */
async function benchTile({ peer, pool, slide }: Bench): Promise<void> {
  const file = slide('jpeg');
  const tiles = randomCorners(3000, (sidePx - tilePx) / tilePx);
  const ours = async (): Promise<void> => {
    const queue = createQueue(6);
    await Promise.all(tiles.map(({ x, y }) => queue.run(() => pool.pool.tile(file, { level: 0, x, y }))));
  };
  const boxes = tiles.slice(0, 600).map(({ x, y }): PeerBox => [x * tilePx, y * tilePx, 0, tilePx, tilePx]);
  await compare({
    what: 'viewer tile, stored bytes passed on',
    unit: 'tile',
    files: [file],
    bench: { peer, pool },
    ours: { count: tiles.length, run: ours },
    theirs: { count: boxes.length, run: (to) => to.read(file, boxes, 80) },
  });
}

async function benchGrid({ peer, pool, slide, scratch }: Bench): Promise<void> {
  const file = slide('jpeg');
  const grid = gridCorners(sidePx, patchPx);
  const boxes = grid.map(({ x, y }): PeerBox => [x, y, 0, patchPx, patchPx]);
  const ours = { count: grid.length, run: () => cut(pool, scratch, file, 1, neighbours(grid, patchPx)) };
  const common = { unit: 'patch', files: [file], bench: { peer, pool }, ours };
  await compare({
    ...common,
    what: '224 px grid of level 0',
    theirs: { count: boxes.length, run: (to) => to.read(file, boxes) },
  });
  if (!peer?.versions.fastslide) return;
  await compare({
    ...common,
    what: '224 px grid of level 0, against fastslide',
    theirs: { count: boxes.length, run: (to) => to.readWithFastslide(file, boxes) },
  });
}

async function benchRandom({ peer, pool, slide, scratch }: Bench): Promise<void> {
  const file = slide('jpeg');
  const corners = randomCorners(600, sidePx - patchPx);
  const boxes = corners.map(({ x, y }): PeerBox => [x, y, 0, patchPx, patchPx]);
  const theirs = { count: boxes.length, run: (to: Peer) => to.read(file, boxes) };
  for (const [what, size] of [['alone', 1] as const, [`${batch} a call`, batch] as const])
    await compare({
      what: `random 224 px patch, ${what}`,
      unit: 'patch',
      files: [file],
      bench: { peer, pool },
      ours: { count: corners.length, run: () => cut(pool, scratch, file, 1, chunks(corners, size)) },
      theirs,
    });
}

async function benchJpeg2000({ peer, pool, slide, scratch }: Bench): Promise<void> {
  const file = slide('jpeg2000');
  const tiles = randomCorners(160, (sidePx - tilePx) / tilePx).map(({ x, y }) => ({ x: x * tilePx, y: y * tilePx }));
  const boxes = tiles.map(({ x, y }): PeerBox => [x, y, 0, tilePx, tilePx]);
  await compare({
    what: 'JPEG 2000 tile',
    unit: 'tile',
    files: [file],
    bench: { peer, pool },
    ours: { count: tiles.length, run: () => cut(pool, scratch, file, 1, chunks(tiles, 16), tilePx) },
    theirs: { count: boxes.length, run: (to) => to.read(file, boxes) },
  });
}

/** Half the resolution from level 0: OpenSlide's px are left as they are, halving them would be its caller's. */
async function benchHalf({ peer, pool, slide, scratch }: Bench): Promise<void> {
  const file = slide('quarter');
  const grid = gridCorners(sidePx, patchPx * 2);
  const boxes = grid.map(({ x, y }): PeerBox => [x, y, 0, patchPx * 2, patchPx * 2]);
  await compare({
    what: '224 px grid at 0.5 µm/px from 0.25',
    unit: 'patch',
    files: [file],
    bench: { peer, pool },
    ours: { count: grid.length, run: () => cut(pool, scratch, file, 2, neighbours(grid, patchPx * 2)) },
    theirs: { count: boxes.length, run: (to) => to.read(file, boxes) },
  });
}

async function benchProcesses({ startProcess, slide, scratch }: Bench): Promise<void> {
  const file = slide('jpeg');
  const calls = neighbours(gridCorners(sidePx, patchPx), patchPx);
  const pools = [1, 2].map((count) => measurePool(startProcess, count, scratch));
  try {
    const ratios: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const walls: number[] = [];
      for (const [i, pool] of pools.entries())
        walls.push((await pool.cost(() => cut(pool, scratch, file, 1, calls, patchPx, 2 * (i + 1)))).wallMs);
      if (round === 0) continue;
      ratios.push(walls[1]! / walls[0]!);
      console.log(`    one process ${(walls[0]! / 1000).toFixed(2)} s, two ${(walls[1]! / 1000).toFixed(2)} s`);
    }
    console.log(`    wall time of a grid, 2 decode processes against 1: ${spread(ratios)}`);
  } finally {
    await Promise.all(pools.map(({ pool }) => pool.close()));
  }
}

/** Each round has a new name for the file, which nobody has opened yet. */
async function benchOpen({ peer, pool, slide, scratch }: Bench): Promise<void> {
  const file = slide('large');
  // The code is compiled; what is opened next is new to the process all the same.
  await pool.pool.describe(slide('jpeg'));
  await pool.pool.describe(file);
  for (const cache of ['warm', 'cold']) {
    const times: Record<string, number[]> = { open: [], thumbnail: [], openSlide: [], openSlideLevel: [] };
    for (let round = 0; round < 5; round++) {
      const named = path.join(scratch, `${cache}-${round}.tif`);
      await link(file, named);
      const forget = async (): Promise<void> => {
        if (cache === 'cold') await peer?.forget(file);
      };
      await forget();
      times.open!.push((await pool.cost(() => pool.pool.describe(named))).wallMs);
      await forget();
      times.thumbnail!.push((await pool.cost(() => pool.pool.thumbnail(named, 1024))).wallMs);
      if (!peer) continue;
      await forget();
      times.openSlide!.push((await peer.open(named)).wallMs);
      await forget();
      const overviewPx = largeSidePx / 16;
      times.openSlideLevel!.push((await peer.read(named, [[0, 0, 2, overviewPx, overviewPx]])).wallMs);
    }
    if (cache === 'cold' && !peer) return;
    const ms = (key: string): string => (times[key]!.length > 0 ? `${median(times[key]!).toFixed(1)} ms` : 'not run');
    console.log(`    ${largeSidePx} px slide, ${cache} cache: open ${ms('open')} (OpenSlide ${ms('openSlide')})`);
    console.log(
      `    ${largeSidePx} px slide, ${cache} cache: thumbnail of 1,024 px ${ms('thumbnail')} (OpenSlide, the level it is made from: ${ms('openSlideLevel')})`,
    );
  }
}

async function benchMemory({ startProcess, slide, scratch }: Bench): Promise<void> {
  const file = slide('large');
  const pool = measurePool(startProcess, 2, scratch);
  try {
    const calls = neighbours(gridCorners(largeSidePx, patchPx), patchPx);
    const most = await pool.memory(() => cut(pool, scratch, file, 1, calls, patchPx, 4));
    console.log(
      `    scanning ${largeSidePx} x ${largeSidePx} px, host and 2 decode processes: at most ${most.residentMb.toFixed(0)} MB resident, ${most.proportionalMb.toFixed(0)} MB with shared pages counted once`,
    );
  } finally {
    await pool.pool.close();
  }
}

interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly files: readonly string[];
  readonly bench: Pick<Bench, 'peer' | 'pool'>;
  readonly ours: { readonly count: number; run(): Promise<void> };
  readonly theirs: { readonly count: number; run(peer: Peer): Promise<Cost & { readonly callMs?: number }> };
}

/** Ours and theirs in turn: once to warm up, then with a warm cache, then once with the file out of the system's cache. */
async function compare({ what, unit, files, bench: { peer, pool }, ours, theirs }: Comparison): Promise<void> {
  const per = (cost: Cost, count: number): Cost => ({ cpuMs: cost.cpuMs / count, wallMs: cost.wallMs / count });
  const show = ({ cpuMs, wallMs }: Cost): string => `${cpuMs.toFixed(3)} ms CPU, ${wallMs.toFixed(3)} ms wall`;
  const ratios: { warm: number[]; cold: number[] } = { warm: [], cold: [] };
  for (let round = 0; round <= rounds + 1; round++) {
    const cache = round <= rounds ? 'warm' : 'cold';
    if (cache === 'cold' && !peer) break;
    const forget = async (): Promise<void> => {
      if (cache === 'cold') for (const file of files) await peer?.forget(file);
    };
    await forget();
    const own = per(await pool.cost(ours.run), ours.count);
    await forget();
    const raw = peer ? await theirs.run(peer) : null;
    if (round === 0) continue; // the processes have started, the code is compiled, the file is in the cache
    if (raw === null) {
      console.log(`    ${cache}: ${show(own)} a ${unit}`);
      continue;
    }
    const other = per(raw, theirs.count);
    ratios[cache].push(own.cpuMs / other.cpuMs);
    const called =
      raw.callMs === undefined ? '' : ` (${((raw.callMs * 1000) / theirs.count).toFixed(1)} µs of it the call)`;
    console.log(`    ${cache}: ${show(own)} a ${unit}, the peer ${show(other)}${called}`);
  }
  const cold = ratios.cold.length > 0 ? `, cold ${ratios.cold[0]!.toFixed(2)}` : '';
  console.log(`    ${what}: ${ratios.warm.length > 0 ? spread(ratios.warm) : 'no peer'}${cold}`);
}

/** Cuts patches call by call, `parallel` calls in flight, all into the same places of one file. */
async function cut(
  { pool }: MeasuredPool,
  scratch: string,
  file: string,
  downsample: number,
  calls: readonly (readonly Corner[])[],
  patch = patchPx,
  parallel = 2,
): Promise<void> {
  const queue = createQueue(parallel);
  const bytes = patch * patch * 3;
  const slots = Array.from({ length: parallel }, (_, slot) => slot);
  await Promise.all(
    calls.map((corners) =>
      queue.run(async () => {
        const slot = slots.pop()!;
        const patches = corners.map(({ x, y }, i) => ({ x, y, offset: (slot * batch + i) * bytes }));
        await pool.cutPatches(file, { file: path.join(scratch, 'patches'), sizePx: patch, downsample, patches });
        slots.push(slot);
      }),
    ),
  );
}

function gridCorners(side: number, stepPx: number): Corner[] {
  const count = Math.floor(side / stepPx);
  return Array.from({ length: count * count }, (_, i) => ({
    x: (i % count) * stepPx,
    y: Math.floor(i / count) * stepPx,
  }));
}

/** A grid in calls of `neighbourhood` x `neighbourhood` patches. */
function neighbours(corners: readonly Corner[], stepPx: number): Corner[][] {
  const side = stepPx * neighbourhood;
  const calls = new Map<string, Corner[]>();
  for (const corner of corners) {
    const key = `${Math.floor(corner.x / side)} ${Math.floor(corner.y / side)}`;
    calls.set(key, [...(calls.get(key) ?? []), corner]);
  }
  return [...calls.values()];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Whole numbers from 0 up to `most`, the same in every run. */
function randomCorners(count: number, most: number): Corner[] {
  const random = randomFor(7, 'bench');
  return Array.from({ length: count }, () => ({ x: random.integer(most + 1), y: random.integer(most + 1) }));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}
