/** The doctor's process: tries one engine, each with the code that knows it. */
import type { EngineReport } from '../engine/engine.ts';

/** Never throws; an engine that aborts takes the process with it. */
export async function examineEngine(id: EngineReport['id'], threads: number): Promise<EngineReport> {
  if (id === 'onnxruntime') {
    const { onnxDoctorReport } = await import('../inference/doctor-node.ts');
    return await onnxDoctorReport(threads);
  }
  const { doctorReport } = await import('../networks/doctor-node.ts');
  return await doctorReport(id, threads);
}
