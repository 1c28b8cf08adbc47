/** Starts the worker entries as Electron utility processes: the packaged app has no plain Node to fork (fuse runAsNode). */

import { utilityProcess } from 'electron';
import type { StartProcess, WorkerProcess } from '../../app/core/worker-process.ts';
import { workerFile } from '../start-process.ts';

export const startUtilityProcess: StartProcess = (entry, options = {}) => {
  const child = utilityProcess.fork(workerFile(entry), [], {
    serviceName: `Eosin ${entry}`,
    env: { ...definedOnly(process.env), ...options.env },
    execArgv: [],
    stdio: 'inherit',
  });
  const messageListeners: ((message: unknown) => void)[] = [];
  const exitListeners: Parameters<WorkerProcess['onExit']>[0][] = [];
  let ended: { code: number | null; signal: string | null } | null = null;
  let killed = false;
  child.on('message', (message: unknown) => {
    for (const listener of messageListeners) listener(message);
  });
  child.once('exit', (code) => {
    ended = killed ? { code: null, signal: 'SIGKILL' } : { code, signal: null };
    for (const listener of exitListeners) listener(ended);
  });
  return {
    get pid() {
      return child.pid;
    },
    send(message) {
      if (ended === null) child.postMessage(message);
    },
    onMessage(listener) {
      messageListeners.push(listener);
    },
    onExit(listener) {
      if (ended === null) exitListeners.push(listener);
      else listener(ended);
    },
    kill() {
      if (ended !== null) return;
      killed = true;
      // Electron's own kill() is SIGTERM, which a decoder in a long native call does not see.
      if (child.pid === undefined) child.once('spawn', killNow);
      else killNow();
    },
  };

  function killNow(): void {
    if (child.pid === undefined) return;
    try {
      process.kill(child.pid, 'SIGKILL');
    } catch {
      // It has ended in the meantime; its exit is on the way.
    }
  }
};

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
