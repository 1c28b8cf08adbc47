/** The computer does not go to sleep over a job: training and prediction end in hours, not when a lid is left alone. */
import { powerSaveBlocker } from 'electron';
import type { StartProcess } from '../../app/core/worker-process.ts';

/** The same starter; from a job's start to the exit of the last one the system may not suspend (T15). The screen may. */
export function stayingAwake(start: StartProcess): StartProcess {
  let jobs = 0;
  let blocker: number | null = null;
  return (entry, options) => {
    const worker = start(entry, options);
    if (entry !== 'job') return worker;
    jobs++;
    blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    worker.onExit(() => {
      jobs--;
      if (jobs > 0 || blocker === null) return;
      powerSaveBlocker.stop(blocker);
      blocker = null;
    });
    return worker;
  };
}
