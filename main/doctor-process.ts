/** Process entry: tries one engine and reports. An engine that aborts takes only this process with it. */

import type { EngineId } from '../app/engine/engine.ts';
import { doctorReport } from '../app/networks/doctor-node.ts';
import { parentPort } from './parent-port.ts';

const port = parentPort();

port.onMessage(async (message) => {
  const { id, threads } = message as { id: EngineId; threads: number };
  port.send(await doctorReport(id, threads));
});
