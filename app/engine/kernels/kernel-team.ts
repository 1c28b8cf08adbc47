/** Whoever runs the gradient kernels: the calling thread alone, or several (kernel-team-node.ts). */
import type { GradientModule } from './gradient-module.ts';
import { MOST_PIECES } from './kernel-claims.ts';

export interface KernelTeam {
  /**
   * Runs a kernel once for each of `calls` (16 at the most), in any order and at the same time; back when all are done.
   *
   * @throws EosinError `engine/thread-lost` when a thread of it is gone or trapped; it cannot be used any more then.
   */
  run<Name extends keyof GradientModule>(kernel: Name, calls: readonly Parameters<GradientModule[Name]>[]): void;
  close(): Promise<void>;
}

/** The calling thread alone. */
export function soloTeam(module: GradientModule): KernelTeam {
  return {
    run(kernel, calls) {
      for (const args of calls) (module[kernel] as (...args: number[]) => void)(...args);
    },
    close: async () => undefined,
  };
}

/** Work below this is not worth a second thread: multiply-adds, or values read. */
const leastWork = 16_384;

/**
 * Cuts [0, total) into ranges [from, end) that begin at multiples of `unit`. The cuts depend on the work alone, never on the
 * number of threads, and so do not the results, down to the last bit.
 *
 * @param work what one of `total` costs.
 */
export function cut(total: number, work: number, unit = 1): [from: number, end: number][] {
  const units = Math.ceil(total / unit);
  const pieces = Math.max(1, Math.min(MOST_PIECES, units, Math.floor((total * work) / leastWork)));
  return Array.from({ length: pieces }, (_, i) => [
    Math.floor((units * i) / pieces) * unit,
    Math.min(total, Math.floor((units * (i + 1)) / pieces) * unit),
  ]);
}
