/** This window lends its GPU: it reads the host's orders and runs a worker for each job (renderer/trainer-page/). */
import { api } from './api.ts';
import { authHeaders } from './token.ts';

/** Offers this window until it is closed, again after a host that was gone. `ticket`: it was opened for one page. */
export async function lendPages(ticket: string | null): Promise<void> {
  for (let pauseMs = 250; ; pauseMs = Math.min(5000, pauseMs * 2)) {
    const workers = new Map<string, Worker>();
    try {
      for await (const { type, job } of api.trainerOrders(ticket)) {
        pauseMs = 250;
        if (type === 'open') workers.set(job, startTrainer(job));
        else {
          workers.get(job)?.terminate();
          workers.delete(job);
        }
      }
    } catch {
      // The host is gone; what it had asked for ends with it.
    }
    for (const worker of workers.values()) worker.terminate();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function startTrainer(job: string): Worker {
  const worker = new Worker(new URL('../trainer-page/trainer.ts', import.meta.url), { type: 'module' });
  worker.postMessage({ job, headers: authHeaders() });
  return worker;
}
