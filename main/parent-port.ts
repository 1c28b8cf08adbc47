/** The worker's end of the line to its starter, in a forked Node process and in Electron's utility process. */

import { Worker } from 'node:worker_threads';
import type { ParentPort } from '../app/core/worker-process.ts';

/** What Electron adds to `process` in a utility process (and nowhere else). */
interface UtilityPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
  postMessage(message: unknown): void;
}

/**
 * The port of this process.
 * @throws Error when the process was not started by `startProcess`.
 */
export function parentPort(): ParentPort {
  const utility = (process as { parentPort?: UtilityPort }).parentPort;
  if (utility) return utilityParentPort(utility);
  if (process.send === undefined) throw new Error('This is a worker of Eosin: it is started by the app, not by hand.');
  return forkedParentPort();
}

function utilityParentPort(port: UtilityPort): ParentPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', (event) => listener(event.data)),
    // Electron ends its utility processes itself.
    onClose: () => {},
  };
}

function forkedParentPort(): ParentPort {
  const closeListeners: (() => void)[] = [];
  process.once('disconnect', () => {
    for (const listener of closeListeners) listener();
    process.exit(0);
  });
  endWithStarter(process.ppid);
  return {
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, {}, () => {});
    },
    onMessage: (listener) => process.on('message', listener),
    onClose: (listener) => closeListeners.push(listener),
  };
}

/**
 * A decoder that a hostile file holds in an endless loop never sees 'disconnect': a thread watches the starter instead
 * and ends the process when it is gone.
 */
function endWithStarter(starter: number): void {
  const watch = `
    const starter = ${starter};
    setInterval(() => {
      if (process.ppid === starter) {
        try { process.kill(starter, 0); return; } catch (error) { if (error.code !== 'ESRCH') return; }
      }
      process.kill(process.pid, 'SIGKILL');
    }, 1000);`;
  const thread = new Worker(watch, { eval: true, execArgv: [], env: {}, stdout: false, stderr: false });
  thread.on('error', () => {});
  thread.unref();
}
