/** Entry file of the doctor for onnxruntime: how fast this computer predicts with MobileNetV2 at 224 px. */
import { linearHead } from '../core/recipe.ts';
import type { EngineReport } from '../engine/engine.ts';
import { openEngine } from '../engine/node.ts';
import { exportClassifier } from '../networks/export-onnx.ts';
import { mobileNetV2 } from '../networks/mobilenet-v2.ts';
import { readMobileNetV2Weights } from '../networks/mobilenet-v2-node.ts';
import { attachHead } from '../networks/network.ts';
import { ortReport } from './onnx-node.ts';

const sizePx = 224;
const classCount = 5;

/** Takes seconds: the whole network is exported as a finished model would be. Never throws. */
export async function onnxDoctorReport(threads: number): Promise<EngineReport> {
  try {
    return await ortReport(await exampleClassifier(), threads);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const unknown = { gradientError: null, forwardPerSecond: null, trainPerSecond: null };
    return { id: 'onnxruntime', kind: 'inference', usable: false, reason, ...unknown };
  }
}

/** The shipped backbone with a head of random weights; the reference engine only carries the weights over. */
async function exampleClassifier(): Promise<Uint8Array> {
  const engine = await openEngine('cpu', { threads: 1 });
  try {
    const backbone = await mobileNetV2.build(engine.tf, await readMobileNetV2Weights(), sizePx);
    return await exportClassifier(attachHead(engine.tf, mobileNetV2, backbone, 'last', linearHead, classCount, 1));
  } finally {
    await engine.close();
  }
}
