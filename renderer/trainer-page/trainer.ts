/**
 * The worker of a training page: learns, or is examined, on WebGPU for one job. A worker, because a page that nobody looks at is
 * slowed down and a worker is not. Its files are beyond the calls of training/page/.
 */
import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { EosinError, reportOf } from '../../app/core/errors.ts';
import { notUsable } from '../../app/engine/not-usable.ts';
import { openWebGpuEngine, type WebGpuEngine } from '../../app/engine/webgpu.ts';
import { examineEngine } from '../../app/networks/examine-engine.ts';
import type { PageCall, PageResult, PageStart } from '../../app/training/page/calls.ts';
import { pageBackbone, pageCalls } from '../../app/training/page/ports.ts';
import { learn } from './learn.ts';

/** What the window tells its worker at the start. */
export interface TrainerOrder {
  readonly job: string;
  /** The window's token. */
  readonly headers: Record<string, string>;
}

self.addEventListener('message', (event: MessageEvent<TrainerOrder>) => void serve(event.data), { once: true });

async function serve({ job, headers }: TrainerOrder): Promise<void> {
  const pause = new AbortController();
  const call = pageCalls(
    (frame) => post(`/api/trainer-pages/${job}`, headers, frame),
    () => pause.abort(),
  );
  let result: PageResult;
  try {
    result = await work(call, (await call('begin', {})).answer, pause.signal);
  } catch (thrown) {
    result = { type: 'failed', error: reportOf(thrown) };
  }
  await call('finish', { result });
}

async function work(call: PageCall, start: PageStart, pause: AbortSignal): Promise<PageResult> {
  const open = (): Promise<WebGpuEngine> => openEngine(start.allowSoftware);
  if (start.kind === 'learn') return await learn(call, start, pause, open);
  const weights = start.allowSoftware ? null : async () => (await pageBackbone(call, start.backbone)).weights;
  return { type: 'examined', report: await examineEngine('webgpu', open, weights) };
}

async function openEngine(allowSoftware: boolean): Promise<WebGpuEngine> {
  const { gpu } = navigator as { gpu?: GPU };
  if (gpu) return await openWebGpuEngine({ gpu, tf, WebGPUBackend, allowSoftware });
  const reason = 'this browser has no WebGPU: a newer Chrome or Edge has, with graphics acceleration switched on';
  throw notUsable('webgpu', reason);
}

async function post(url: string, headers: Record<string, string>, frame: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const typed = { ...headers, 'content-type': 'application/octet-stream' };
  const response = await fetch(url, { method: 'POST', headers: typed, body: frame, cache: 'no-store' });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.ok) return bytes;
  throw new EosinError('page/unreachable', 'retry', `Eosin answered with status ${response.status}.`, {
    remedy: 'What was saved is safe. Start the training again, or go on with it.',
  });
}
