/** Memory of a whole training by `eosin train-patches`, host, decode processes and worker together, all layers at the default batch. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';

const sizePx = 224;
/** Pictures a class: one whole batch of the recipe's 32 in training. */
const pictures = { train: 16, validation: 4 };
const everyMs = 250;
const cli = path.join(import.meta.dirname, '../../../scripts/eosin.ts');

/** The largest sum of proportional set sizes over the processes in bytes, and how many those were; Linux only. */
export async function wholeMemory(engine: string): Promise<{ readonly bytes: number; readonly processes: number }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-bench-'));
  try {
    for (const [part, count] of Object.entries(pictures)) {
      for (const label of ['a', 'b']) await makePictures(path.join(folder, part, label), count);
    }
    const settings = ['phases.head.epochs=1', 'phases.all.epochs=2', 'views=1'].flatMap((one) => ['--set', one]);
    const folders = [path.join(folder, 'train'), path.join(folder, 'validation'), '--out', path.join(folder, 'run')];
    const args = [cli, 'train-patches', ...folders, '--recipe', 'full', '--engine', engine, ...settings];
    const training = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => training.once('exit', resolve));
    let most = { bytes: 0, processes: 0 };
    const looking = setInterval(async () => {
      const now = await memoryOf(await treeBelow(training.pid!));
      if (now.bytes > most.bytes) most = now;
    }, everyMs);
    const code = await ended;
    clearInterval(looking);
    if (code !== 0) throw new Error(`The training on ${engine} ended with code ${code}.`);
    return most;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Grey noise, half of it darker than the other class's. */
async function makePictures(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const darkest = folder.endsWith('a') ? 0 : 100;
  for (let i = 0; i < count; i++) {
    const pixels = Uint8Array.from({ length: sizePx * sizePx * 3 }, () => darkest + Math.random() * 155);
    const raw = { width: sizePx, height: sizePx, channels: 3 } as const;
    await sharp(pixels, { raw })
      .png()
      .toFile(path.join(folder, `${i}.png`));
  }
}

/** A process and all that it has started. */
async function treeBelow(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(stat.split(') ').at(-1)!.split(' ')[1]));
  }
  const tree = [root];
  for (const parent of tree) for (const [pid, above] of parents) if (above === parent) tree.push(pid);
  return tree;
}

async function memoryOf(pids: readonly number[]): Promise<{ bytes: number; processes: number }> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
      return 1024 * Number(/^Pss: +(\d+)/m.exec(text)?.[1] ?? 0);
    }),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), processes: pids.length };
}
