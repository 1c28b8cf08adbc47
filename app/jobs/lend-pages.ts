/** Processes that may ask for a page: what goes between the two is passed on here and seen by nobody else. */
import type { StartProcess, WorkerProcess } from '../core/worker-process.ts';
import type { FromPageOwner, ToPageOwner } from './page-messages.ts';
import type { LentPage, TrainerPages } from './trainer-pages.ts';

/** The same processes, each with a page for as long as it asks for one; the page goes with the process. */
export function lendPages(startProcess: StartProcess, pages: TrainerPages): StartProcess {
  return (entry, options) => withPage(startProcess(entry, options), pages);
}

function withPage(worker: WorkerProcess, pages: TrainerPages): WorkerProcess {
  const send = (message: ToPageOwner): void => worker.send(message);
  const answers = new Map<number, (frame: Uint8Array) => void>();
  let calls = 0;
  let page: LentPage | null = null;
  const close = (): void => {
    page?.close();
    page = null;
  };
  const open = (): LentPage =>
    pages.open({
      call: (frame) =>
        new Promise((resolve) => {
          answers.set(calls, resolve);
          send({ type: 'page-call', id: calls++, frame });
        }),
      gone(how) {
        page = null;
        send({ type: 'page-gone', how });
      },
    });
  const take = (message: FromPageOwner): boolean => {
    if (message.type === 'page-answer') {
      answers.get(message.id)?.(message.frame);
      answers.delete(message.id);
    } else if (message.type === 'page-open') {
      close();
      page = open();
    } else if (message.type === 'page-close') close();
    else return false;
    return true;
  };
  const listeners: ((message: unknown) => void)[] = [];
  worker.onMessage((message) => {
    if (!take(message as FromPageOwner)) for (const listener of listeners) listener(message);
  });
  worker.onExit(close);
  return {
    get pid() {
      return worker.pid;
    },
    send: (message) => worker.send(message),
    onMessage: (listener) => void listeners.push(listener),
    onExit: (listener) => worker.onExit(listener),
    kill: () => worker.kill(),
  };
}
