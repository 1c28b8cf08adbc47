/** The job worker: gets one frozen spec, works, and tells. It may crash; the host may not. */
import { isAbort, reportOf } from '../core/errors.ts';
import type { ParentPort } from '../core/worker-process.ts';
import type { FeaturesSpec, FromWorker, ImportSpec, PredictSpec, ToWorker } from './job-spec.ts';
import { openPatchSource } from './node-ports.ts';
import { createPageLine } from './page-line.ts';
import { runRungs } from './run-rungs.ts';
import { runTraining } from './run-training.ts';

type Inbox = (message: Extract<ToWorker, { type: 'batch' | 'finish' }>) => void;

/** Serves one job on `port`; ends the process when the host is gone. */
export function serveJob(port: ParentPort): void {
  const send = (message: FromWorker): void => port.send(message);
  const cancel = new AbortController();
  const pause = new AbortController();
  const line = createPageLine(port.send);
  let inbox: Inbox = () => undefined;
  const listen = (next: Inbox): void => {
    inbox = next;
  };
  port.onClose(() => process.exit(0));
  port.onMessage((raw) => {
    if (line.take(raw)) return;
    const message = raw as ToWorker;
    if (message.type === 'cancel') cancel.abort();
    else if (message.type === 'pause') pause.abort();
    else if (message.type === 'start') {
      const { spec } = message;
      if (spec.kind === 'predict') void settle(runPrediction(spec, send, cancel.signal, listen), send);
      else if (spec.kind === 'import') void settle(runImport(spec, send), send);
      else if (spec.kind === 'rungs') void settle(runRungs(spec, send, cancel.signal), send);
      else if (spec.kind === 'features') void settle(runFeatures(spec, send), send);
      else void settle(runTraining(spec, send, { cancel: cancel.signal, pause: pause.signal }, line), send);
    } else inbox(message);
  });
}

async function settle(work: Promise<FromWorker>, send: (message: FromWorker) => void): Promise<void> {
  try {
    send(await work);
  } catch (thrown) {
    if (!isAbort(thrown)) send({ type: 'failed', error: reportOf(thrown) });
    else send({ type: 'cancelled', waits: reportOf(thrown).code === 'job/paused' });
  }
}

async function runPrediction(
  spec: PredictSpec,
  send: (message: FromWorker) => void,
  signal: AbortSignal,
  listen: (inbox: Inbox) => void,
): Promise<FromWorker> {
  const early: Parameters<Inbox>[0][] = [];
  listen((message) => early.push(message));
  const [{ encodeProbabilities, startPredictLoop }, { onnxForward }] = await Promise.all([
    import('../inference/predict-loop.ts'),
    import('../inference/onnx-node.ts'),
  ]);
  const loop = startPredictLoop(spec, {
    forward: onnxForward,
    answer: ({ id, slot }, values) =>
      send({ type: 'batch-done', id, slot, probabilities: encodeProbabilities(values) }),
  });
  if (signal.aborted) loop.cancel();
  else signal.addEventListener('abort', () => loop.cancel(), { once: true });
  const take: Inbox = (message) => {
    if (message.type === 'batch') loop.batch(message);
    else loop.finish();
  };
  listen(take);
  for (const message of early) take(message);
  await loop.ended;
  return { type: 'finished' };
}

/** TensorFlow.js only builds the network here, and onnxruntime runs it once. */
async function runImport(spec: ImportSpec, send: (message: FromWorker) => void): Promise<FromWorker> {
  const [{ openEngine }, { onnxForward }, { importWeights }] = await Promise.all([
    import('../engine/node.ts'),
    import('../inference/onnx-node.ts'),
    import('../weights/import-weights-node.ts'),
  ]);
  const engine = await openEngine('cpu', { threads: 1 });
  try {
    const report = await importWeights(spec, {
      engine: engine.tf,
      async forward(onnx, pixels) {
        const runner = await onnxForward.create(onnx, 0);
        try {
          return await runner.run(pixels, 1);
        } finally {
          await runner.close();
        }
      },
    });
    send({ type: 'imported', report });
    return { type: 'finished' };
  } finally {
    await engine.close();
  }
}

/** The layer's activations through ONNX; the network itself is only built to be exported. */
async function runFeatures(spec: FeaturesSpec, send: (message: FromWorker) => void): Promise<FromWorker> {
  const [{ openEngine }, { featureNetwork }, { loadBackbone }, { exportOnnx }, { onnxForward }, { pooledFeatures }] =
    await Promise.all([
      import('../engine/node.ts'),
      import('../networks/feature-network-node.ts'),
      import('../weights/load-backbone-node.ts'),
      import('../networks/export-onnx.ts'),
      import('../inference/onnx-node.ts'),
      import('../inference/features.ts'),
    ]);
  const engine = await openEngine('cpu', { threads: spec.threads });
  const source = await openPatchSource({
    file: spec.pictureFile,
    count: spec.count,
    sizePx: spec.sizePx,
    contextPx: 0,
  });
  try {
    const { network, layer: asked, sizePx } = spec;
    const from = network.kind === 'model' ? network : { kind: network.kind, ...(await loadBackbone(network.source)) };
    const { model, preprocessing, layer, channels } = await featureNetwork(engine.tf, from, asked, sizePx);
    const onnx = await exportOnnx({ model, preprocessing, outputs: [{ name: 'features', layer, pooled: true }] });
    const forward = await onnxForward.create(onnx, spec.threads);
    const pixels = new Uint8Array(spec.sizePx ** 2 * 3);
    const values: number[][] = [];
    for (let index = 0; index < spec.count; index++) {
      await source.read(index, pixels);
      const [vector] = await pooledFeatures(forward, pixels, 1, 'features', channels);
      values.push([...vector!]);
    }
    await forward.close();
    send({ type: 'features', layer, values });
    return { type: 'finished' };
  } finally {
    await source.close();
    await engine.close();
  }
}
