/** The app's own pool of decode processes, with what all of them cost. */
import { readFileSync } from 'node:fs';
import type { StartProcess } from '../../app/core/worker-process.ts';
import { createSlidePool, type SlidePool } from '../../app/slides/slide-pool.ts';
import type { Cost } from './slides-peer.ts';

export interface MeasuredPool {
  readonly pool: SlidePool;
  /** What a task costs this process and the decode processes together. */
  cost(task: () => Promise<unknown>): Promise<Cost>;
  /** Memory of this process and the decode processes while the task runs, at its highest, in MB. */
  memory(task: () => Promise<unknown>): Promise<{ readonly residentMb: number; readonly proportionalMb: number }>;
}

/** Ticks of a second in /proc. */
const ticks = 100;

export function measurePool(startProcess: StartProcess, processes: number, cacheFolder: string): MeasuredPool {
  const pids: number[] = [];
  const pool = createSlidePool({
    startProcess: (entry, options) => {
      const child = startProcess(entry, options);
      pids.push(child.pid!);
      return child;
    },
    processes,
    deadlineMs: 60_000,
    cacheFolder,
  });
  const cpuMs = (): number => {
    const own = process.cpuUsage();
    return pids.reduce((sum, pid) => sum + cpuOf(pid), (own.user + own.system) / 1000);
  };
  return {
    pool,
    async cost(task) {
      const cpuBefore = cpuMs();
      const before = performance.now();
      await task();
      return { wallMs: performance.now() - before, cpuMs: cpuMs() - cpuBefore };
    },
    async memory(task) {
      const most = { residentMb: 0, proportionalMb: 0 };
      const look = setInterval(() => {
        const all = [process.pid, ...pids].map(memoryOf);
        const sum = (key: 'Rss' | 'Pss'): number => all.reduce((mb, each) => mb + each[key], 0);
        most.residentMb = Math.max(most.residentMb, sum('Rss'));
        most.proportionalMb = Math.max(most.proportionalMb, sum('Pss'));
      }, 250);
      await task().finally(() => clearInterval(look));
      return most;
    },
  };
}

/** User and system time of a process, all its threads, as Linux counts it. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks;
}

/** MB: resident, and with shared pages divided among those that share them. */
function memoryOf(pid: number): { Rss: number; Pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { Rss: mb('Rss'), Pss: mb('Pss') };
}
