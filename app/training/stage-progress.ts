/** Progress of one stage of a run, with the time that is left of it. */
import { createEta } from '../core/progress.ts';
import type { JobEvent } from '../core/run.ts';

/** A function that tells how much of `total` is done; the clock starts now. */
export function stageProgress(
  emit: (event: JobEvent) => void,
  stage: string,
  total: number,
  unit: string,
): (done: number) => void {
  const eta = createEta();
  return (done) => emit({ type: 'progress', stage, done, total, unit, etaSeconds: eta.after(done, total) });
}
