/** Starts the worker entries of this folder with child_process.fork: the browser shell's and the command line's way. */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StartProcess, WorkerEntry, WorkerProcess } from '../app/core/worker-process.ts';

/** The file of an entry, beside this one: .ts where Eosin runs unbuilt, .js where it was compiled. */
export function workerFile(entry: WorkerEntry): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./${entry}-process.${extension}`, import.meta.url));
}

const alive = new Set<() => void>();
let cleanupInstalled = false;

/** A worker must not outlive its starter; a starter that is itself killed is noticed by the worker (parent-port.ts). */
function killAtExit(kill: () => void): () => void {
  if (!cleanupInstalled) {
    cleanupInstalled = true;
    process.once('exit', () => {
      for (const killOne of alive) killOne();
    });
  }
  alive.add(kill);
  return () => alive.delete(kill);
}

/**
 * Starts one entry. What it prints goes to stderr, so that `--json` on stdout stays clean. Messages are structured
 * clones, as in Electron: NaN, typed arrays and undefined arrive as they were sent.
 */
export const startProcess: StartProcess = (entry, options = {}) => forkWorker(workerFile(entry), options);

/** The same for any module that talks through `parentPort()`. */
export function forkWorker(file: string, options: { env?: Record<string, string> } = {}): WorkerProcess {
  const child = fork(file, [], {
    env: { ...process.env, ...options.env },
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const messageListeners: ((message: unknown) => void)[] = [];
  const exitListeners: Parameters<WorkerProcess['onExit']>[0][] = [];
  let ended: { code: number | null; signal: string | null } | null = null;
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  const forget = killAtExit(kill);
  const end = (code: number | null, signal: string | null): void => {
    if (ended !== null) return;
    ended = { code, signal };
    forget();
    for (const listener of exitListeners) listener(ended);
  };
  child.on('message', (message) => {
    for (const listener of messageListeners) listener(message);
  });
  child.once('exit', end);
  child.once('error', () => {
    if (child.pid === undefined) end(null, null);
  });
  return {
    get pid() {
      return child.pid;
    },
    send(message) {
      // A worker that has just died answers with its exit, not with an error of the channel.
      if (child.connected) child.send(message as object, () => {});
    },
    onMessage(listener) {
      messageListeners.push(listener);
    },
    onExit(listener) {
      if (ended === null) exitListeners.push(listener);
      else listener(ended);
    },
    kill,
  };
}
