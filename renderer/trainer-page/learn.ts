/** A training in the page: the same code as in a process, with ports that are calls. */
import type { JobEvent } from '../../app/core/run.ts';
import { testedEngine } from '../../app/engine/tested-engine.ts';
import type { WebGpuEngine } from '../../app/engine/webgpu.ts';
import type { LearningSpec } from '../../app/jobs/job-spec.ts';
import { findRates } from '../../app/training/find-rate.ts';
import type { PageCall, PageResult, PageStart } from '../../app/training/page/calls.ts';
import { pageBackbone, pageCaches, pageForward, pagePatches, pageSink } from '../../app/training/page/ports.ts';
import type { TrainPorts } from '../../app/training/prepare.ts';
import { train } from '../../app/training/train.ts';

/** @throws EosinError `engine/not-usable`, `engine/self-test`, `engine/gpu-lost`, and what training throws. */
export async function learn(
  call: PageCall,
  { spec, source, backbone }: Extract<PageStart, { kind: 'learn' }>,
  pause: AbortSignal,
  open: () => Promise<WebGpuEngine>,
): Promise<PageResult> {
  const opened = await open();
  const engine = await testedEngine(opened);
  const failure = opened.failed.then((error) => Promise.reject(error));
  failure.catch(() => undefined);
  const { emit, sent } = eventsInTurn(call);
  try {
    const ports = {
      engine,
      ...(await pageBackbone(call, backbone)),
      source: pagePatches(call, source),
      caches: pageCaches(call),
      forward: pageForward(call),
      sink: pageSink(call),
      pause,
    };
    return await Promise.race([learnOn(spec, ports, emit), failure]);
  } finally {
    // How it ended is told last.
    await sent();
    await engine.close();
  }
}

async function learnOn(spec: LearningSpec, ports: TrainPorts, emit: (event: JobEvent) => void): Promise<PageResult> {
  // A cancel ends the whole page.
  const { signal } = new AbortController();
  if (spec.kind === 'train') return { type: 'trained', outcome: await train(spec, ports, emit, signal) };
  await findRates(spec, ports, emit, signal);
  return { type: 'finished' };
}

/** Events arrive in the order in which they were told; `sent` throws what became of one that did not. */
function eventsInTurn(call: PageCall): { emit(event: JobEvent): void; sent(): Promise<void> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    emit(event) {
      last = last.then(() => call('event', { event }));
      last.catch(() => undefined);
    },
    async sent() {
      await last;
    },
  };
}
