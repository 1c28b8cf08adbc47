/**
 * Training speed of the engines against Keras and PyTorch on the same machine, turn by turn, each in a process of its own.
 * Eosin's own loop trains, as in a run; the peers train all layers with BatchNormalization in inference mode, as Eosin does.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ladder } from '../../app/engine/node.ts';
import { hostFolders } from '../../main/node-host.ts';
import { wholeMemory } from './engine/whole-memory.ts';
import { peerPython } from './peer-python.ts';

process.env.EOSIN_ENGINES ??= hostFolders().enginesFolder;

const rounds = 3;
const here = path.join(import.meta.dirname, 'engine');
const peers = ['tensorflow-cpu==2.21.0', 'keras==3.15.1', 'torch==2.15.0', 'torchvision==0.29.2'];

interface Speed {
  readonly imagesPerSecond: number;
  /** Of Eosin's own steps. */
  readonly dataWaitShare?: number;
  readonly peakMb: number;
}

interface Row {
  readonly network: string;
  readonly engine: string;
  readonly batch: number;
  readonly against: readonly ('keras' | 'torch')[];
}

const rows: readonly Row[] = [
  { network: 'mobilenet-v2', engine: 'native-cpu', batch: 8, against: ['keras', 'torch'] },
  { network: 'mobilenet-v2', engine: 'native-cpu', batch: 32, against: ['keras', 'torch'] },
  { network: 'mobilenet-v2', engine: 'wasm', batch: 8, against: ['torch'] },
  { network: 'resnet50', engine: 'native-cpu', batch: 8, against: ['torch'] },
];

/** Layer groups that learn, each against all of them: what the cache at the freeze boundary is worth. */
const depths = ['0', '1', '3'];

export async function benchEngine(): Promise<void> {
  const usable = new Set((await ladder()).filter((rung) => rung.usable).map(({ id }) => id as string));
  const python = peerPython('engine', peers);
  for (const { network, engine, batch, against } of rows) {
    if (!usable.has(engine)) {
      console.log(`  ${engine} ${network} batch ${batch}: not measured, the engine is not there`);
      continue;
    }
    const own: Speed[] = [];
    const other: Record<string, Speed[]> = {};
    for (let round = 0; round < rounds; round++) {
      own.push(ownSpeed(engine, network, batch, 'all'));
      if (python === null) continue;
      for (const peer of against) {
        other[peer] = [...(other[peer] ?? []), speedOf(python, `speed_${peer}.py`, [network, String(batch)])];
      }
    }
    console.log(`  ${engine} ${network} batch ${batch}: ${figures(own)} images/s, ${peak(own)} MB`);
    for (const [peer, speeds] of Object.entries(other)) {
      const ratios = speeds.map(({ imagesPerSecond }, i) => own[i]!.imagesPerSecond / imagesPerSecond);
      console.log(`    ${peer}: ${figures(speeds)} images/s, ${peak(speeds)} MB; ratio ${median(ratios).toFixed(2)}`);
    }
  }
  const all = ownSpeed('wasm', 'mobilenet-v2', 32, 'all').imagesPerSecond;
  for (const depth of depths) {
    const speed = ownSpeed('wasm', 'mobilenet-v2', 32, depth).imagesPerSecond;
    console.log(
      `  wasm, cached, ${depth} groups below the head learn: ${speed.toFixed(0)} images/s, ${(speed / all).toFixed(1)} times all layers`,
    );
  }
  for (const engine of ['wasm', 'native-cpu'].filter((id) => usable.has(id))) {
    for (const depth of [...depths, 'all']) tellDataWait(engine, depth);
    if (process.platform !== 'linux') continue;
    const { bytes, processes } = await wholeMemory(engine);
    const gigabytes = (bytes / 1e9).toFixed(2);
    console.log(`  ${engine}, all layers, batch 32, memory of all ${processes} processes together: ${gigabytes} GB`);
  }
}

/** With augmented patches, and a cache where something is frozen. */
function tellDataWait(engine: string, depth: string): void {
  const [batch, steps] = depth === 'all' ? ['8', '24'] : ['32', '6'];
  const { dataWaitShare } = speedOf(process.execPath, 'train-speed.ts', [
    ...[engine, 'mobilenet-v2', batch, depth],
    ...[steps, 'real'],
  ]);
  const what = depth === 'all' ? 'all layers' : `${depth} groups below the head`;
  console.log(`  engine waits for data, ${engine}, ${what}: ${(100 * dataWaitShare!).toFixed(2)} % of its steps`);
}

function ownSpeed(engine: string, network: string, batch: number, unfreeze: string): Speed {
  return speedOf(process.execPath, 'train-speed.ts', [engine, network, String(batch), unfreeze]);
}

/** The last line that the program printed. */
function speedOf(program: string, file: string, args: readonly string[]): Speed {
  const output = execFileSync(program, [path.join(here, file), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.toString().trim().split('\n').at(-1)!) as Speed;
}

const figures = (speeds: readonly Speed[]): string =>
  speeds.map(({ imagesPerSecond }) => imagesPerSecond.toFixed(1)).join(', ');
const peak = (speeds: readonly Speed[]): number => Math.max(...speeds.map(({ peakMb }) => peakMb));

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
