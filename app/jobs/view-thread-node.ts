/** Entry file of a view thread: opens the patch store for itself and answers each request with its pixels. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorReport, reportOf } from '../core/errors.ts';
import { makeViewsHere } from '../training/augment/make-views.ts';
import type { ViewsRequest } from '../training/ports.ts';
import type { PatchStoreRef } from './job-spec.ts';
import { openPatchSource } from './node-ports.ts';

/** Answers come in the order of the requests. */
export type ViewAnswer = { readonly pixels: Uint8Array<ArrayBuffer> } | { readonly error: ErrorReport };

const port = parentPort!;
const opening = openPatchSource(workerData as PatchStoreRef);
let last = Promise.resolve();
port.on('message', (request: ViewsRequest) => {
  last = last.then(() => answer(request));
});

async function answer(request: ViewsRequest): Promise<void> {
  try {
    const pixels = await makeViewsHere(await opening, request);
    port.postMessage({ pixels } satisfies ViewAnswer, [pixels.buffer]);
  } catch (thrown) {
    port.postMessage({ error: reportOf(thrown) } satisfies ViewAnswer);
  }
}
