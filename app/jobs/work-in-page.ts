/** Work that a page does for its job's process: trains on the GPU, or says how well it would. */
import { EosinError } from '../core/errors.ts';
import type { JobEvent } from '../core/run.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { PageBackbone, PageResult, PageStart } from '../training/page/calls.ts';
import type { LoadedBackbone } from '../weights/load-backbone-node.ts';
import type { FromWorker, LearningSpec } from './job-spec.ts';
import type { PageLine } from './page-line.ts';
import type { PageEnd } from './page-messages.ts';
import { type PageWork, servePage } from './serve-page.ts';

/** In tests of correctness a processor may imitate the GPU (CONTRIBUTING.md). */
const allowSoftware = (): boolean => process.env.EOSIN_SOFTWARE_GPU === '1';

/**
 * Lends a page one piece of work and waits for its end.
 *
 * @throws EosinError what the page says; `page/none` where no window gives a page, `page/closed`, `engine/gpu-lost`;
 * `job/cancelled`.
 */
async function workInPage(line: PageLine, work: Omit<PageWork, 'onFinish'>, signal: AbortSignal): Promise<PageResult> {
  const finished = Promise.withResolvers<PageResult>();
  const server = servePage({ ...work, onFinish: finished.resolve });
  try {
    const ended = await line.lend(server.answer, finished.promise, signal);
    if ('gone' in ended) throw pageGone(ended.gone);
    if (ended.done.type === 'failed') throw EosinError.fromReport(ended.done.error);
    return ended.done;
  } finally {
    await server.close();
  }
}

/** Learns in a page with the ports of this process. Throws as `workInPage` and what training throws. */
export async function learnInPage(
  line: PageLine,
  spec: LearningSpec,
  { learning, loaded }: { readonly learning: NonNullable<PageWork['learning']>; readonly loaded: LoadedBackbone },
  onEvent: (event: JobEvent) => void,
  { cancel, pause }: { readonly cancel: AbortSignal; readonly pause: AbortSignal },
): Promise<FromWorker> {
  const { count, sizePx, contextPx } = learning.source;
  const source = { count, sizePx, contextPx };
  const start: PageStart = { kind: 'learn', allowSoftware: allowSoftware(), backbone: described(loaded), spec, source };
  const result = await workInPage(line, { start, weights: bytesIn(loaded), learning, pause, onEvent }, cancel);
  if (result.type === 'trained' || result.type === 'finished') return result;
  throw new Error(`A page that was to learn has ${result.type}.`);
}

/** What the doctor wants to know of WebGPU in a page. Throws as `workInPage`. */
export async function examineInPage(
  line: PageLine,
  loaded: LoadedBackbone,
  signal: AbortSignal,
): Promise<EngineReport> {
  const start: PageStart = { kind: 'examine', allowSoftware: allowSoftware(), backbone: described(loaded) };
  const work = { start, weights: bytesIn(loaded), learning: null, pause: signal, onEvent: () => undefined };
  const result = await workInPage(line, work, signal);
  if (result.type === 'examined') return result.report;
  throw new Error(`A page that was to be examined has ${result.type}.`);
}

/** The weights are download 0. */
function described({ architecture, backbone, weights }: LoadedBackbone): PageBackbone {
  const { name, provenance, preprocessing } = backbone;
  const { specs, sha256, data } = weights;
  return {
    architecture,
    name,
    provenance,
    preprocessing,
    specs,
    sha256,
    weights: { download: 0, bytes: data.byteLength },
  };
}

function bytesIn({ weights }: LoadedBackbone): Uint8Array {
  return new Uint8Array(weights.data);
}

function pageGone(how: PageEnd): EosinError {
  if (how === 'none') {
    return new EosinError('page/none', 'config', 'No window of Eosin is open that could lend its GPU.', {
      remedy: 'Open Eosin in a browser that has WebGPU, or choose another engine.',
    });
  }
  if (how === 'closed') {
    return new EosinError('page/closed', 'retry', 'The window that trained on the GPU was closed or loaded anew.', {
      remedy: 'Keep it open and press Go on: the run goes on after its last whole epoch.',
    });
  }
  return new EosinError('engine/gpu-lost', 'retry', 'The page that trained on the GPU has crashed.', {
    remedy: 'Go on with the run: it continues after its last whole epoch. A smaller batch needs less of the GPU.',
    fields: { engine: 'webgpu' },
  });
}
