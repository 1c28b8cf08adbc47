/** Entry file of the doctor in a Node process. */
import type { EngineId, EngineReport } from '../engine/engine.ts';
import { openEngine } from '../engine/node.ts';
import { examineEngine } from './examine-engine.ts';
import { readMobileNetV2Weights } from './mobilenet-v2-node.ts';

/** As `examineEngine`. Best in a process of its own: a native engine may end it. */
export async function doctorReport(id: EngineId, threads: number): Promise<EngineReport> {
  return await examineEngine(id, () => openEngine(id, { threads }), id === 'cpu' ? null : readMobileNetV2Weights);
}
