/** The doctor's process: tries one engine, each with the code that knows it. */
import { EosinError } from '../core/errors.ts';
import type { EngineReport } from '../engine/engine.ts';
import type { PageLine } from './page-line.ts';

/** Never throws; an engine that aborts takes the process with it. */
export async function examineEngine(id: EngineReport['id'], threads: number, line: PageLine): Promise<EngineReport> {
  if (id === 'onnxruntime') {
    const { onnxDoctorReport } = await import('../inference/doctor-node.ts');
    return await onnxDoctorReport(threads);
  }
  const { doctorReport } = await import('../networks/doctor-node.ts');
  const report = await doctorReport(id, threads);
  return id === 'webgpu' && !report.usable ? await examineInWindow(line, report) : report;
}

/** WebGPU that this process has not got may be there in a window. */
async function examineInWindow(line: PageLine, here: EngineReport): Promise<EngineReport> {
  const [{ examineInPage }, { loadBackbone }] = await Promise.all([
    import('./work-in-page.ts'),
    import('../weights/load-backbone-node.ts'),
  ]);
  try {
    return await examineInPage(line, await loadBackbone({ folder: null }), new AbortController().signal);
  } catch (thrown) {
    if (!(thrown instanceof EosinError)) throw thrown;
    return thrown.code === 'page/none' ? here : { ...here, reason: thrown.message };
  }
}
