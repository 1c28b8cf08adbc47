/** What the doctor says of one engine: whether it opens, passes its self-test, and how fast it is on MobileNetV2 at 224 px. */
import type * as tf from '@tensorflow/tfjs';
import { EosinError } from '../core/errors.ts';
import { linearHead } from '../core/recipe.ts';
import type { Engine, EngineId, EngineReport } from '../engine/engine.ts';
import { selfTest } from '../engine/self-test.ts';
import type { BackboneWeights } from './backbone.ts';
import { compileForward } from './layer-forward.ts';
import { layerGraph } from './layer-graph.ts';
import { mobileNetV2 } from './mobilenet-v2.ts';
import { attachHead } from './network.ts';
import { upperNetwork } from './split-network.ts';

const SIZE_PX = 224;
const BATCH = 4;
/** No further round is started after this long. */
const BUDGET_MS = 3000;

/**
 * Takes seconds. Never throws: an engine that does not open says why.
 *
 * @param open opens the engine, which is closed afterwards.
 * @param weights those of `mobileNetV2`; null: its speed is not measured, since a processor that computes for reference, or imitates
 * a GPU, takes minutes for what the others do in seconds.
 */
export async function examineEngine(
  id: EngineId,
  open: () => Promise<Engine>,
  weights: (() => Promise<BackboneWeights>) | null,
): Promise<EngineReport> {
  const unknown = { id, kind: 'training', gradientError: null, forwardPerSecond: null, trainPerSecond: null } as const;
  let engine: Engine | null = null;
  try {
    engine = await open();
    const { device } = engine;
    const { passed, gradientError, reason } = await selfTest(engine);
    if (!passed) return { ...unknown, usable: false, reason: reason!, device, gradientError };
    const speed = weights && (await measure(engine, await weights()));
    return { ...unknown, usable: true, device, gradientError, ...speed };
  } catch (error) {
    const why = error instanceof EosinError ? error.fields.reason : undefined;
    const reason = typeof why === 'string' ? why : error instanceof Error ? error.message : String(error);
    return { ...unknown, usable: false, reason };
  } finally {
    await engine?.close();
  }
}

/** Pictures a second: forward of the whole network, and training of all its layers. */
async function measure(
  engine: Engine,
  weights: BackboneWeights,
): Promise<{ forwardPerSecond: number; trainPerSecond: number }> {
  const { tf: api } = engine;
  const backbone = await mobileNetV2.build(api, weights, SIZE_PX);
  const network = attachHead(api, mobileNetV2, backbone, 'last', linearHead, 5, 1);
  const forward = compileForward(api, layerGraph(network.model, [network.head.logits]));
  const upper = upperNetwork(api, network, null);
  const variables = upper.variables.map(({ variable }) => variable);
  const pictures = api.randomUniform([BATCH, SIZE_PX, SIZE_PX, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const labels = api.tidy(() => api.oneHot(api.tensor1d([0, 1, 2, 3], 'int32'), 5));
  const optimizer = api.train.sgd(1e-6);
  const forwardPerSecond = await picturesPerSecond(() => forward(pictures));
  const trainPerSecond = await picturesPerSecond(() => {
    const loss = (): tf.Scalar => api.losses.softmaxCrossEntropy(labels, upper.logits(pictures)).asScalar();
    return optimizer.minimize(loss, true, variables)!;
  });
  return { forwardPerSecond, trainPerSecond };
}

/** The first round is not counted: it compiles and packs weights. */
async function picturesPerSecond(round: () => tf.Tensor): Promise<number> {
  const once = async (): Promise<void> => {
    const result = round();
    await result.data();
    result.dispose();
  };
  await once();
  const start = performance.now();
  let rounds = 0;
  do {
    await once();
    rounds++;
  } while (performance.now() - start < BUDGET_MS && rounds < 20);
  return (rounds * BATCH * 1000) / (performance.now() - start);
}
