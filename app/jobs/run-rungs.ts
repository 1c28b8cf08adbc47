/** Job worker: rungs of a training become finished networks. */
import type { FromWorker, RungsSpec } from './job-spec.ts';
import { fileCaches, folderSink, openPatchSource } from './node-ports.ts';

/** The probe's activations are one row a view. */
const cacheLimitBytes = 20e9;

/** TensorFlow.js holds the weights and is the reference for the exported graphs; nothing learns on it, so the engine that is everywhere will do. */
export async function runRungs(
  spec: RungsSpec,
  send: (message: FromWorker) => void,
  signal: AbortSignal,
): Promise<FromWorker> {
  const [{ openBestEngine }, { onnxForward }, { loadBackbone }, { saveRungs }] = await Promise.all([
    import('../engine/node.ts'),
    import('../inference/onnx-node.ts'),
    import('../weights/load-backbone-node.ts'),
    import('../training/save-rungs.ts'),
  ]);
  const { training } = spec;
  const engine = await openBestEngine('wasm', { threads: training.threads });
  const source = await openPatchSource(training.store);
  try {
    const ports = {
      engine,
      ...(await loadBackbone(training.backbone)),
      source,
      caches: fileCaches(`${training.runFolder}/cache`, cacheLimitBytes),
      forward: onnxForward,
      sink: folderSink(training.runFolder),
    };
    const outcomes = await saveRungs(spec, ports, (event) => send({ type: 'event', event }), signal);
    send({ type: 'rungs', outcomes });
    return { type: 'finished' };
  } finally {
    await source.close();
    await engine.close();
  }
}
