/** Process entry: tries one engine and reports. An engine that aborts takes only this process with it. */

import type { EngineReport } from '../app/engine/engine.ts';
import { examineEngine } from '../app/jobs/doctor.ts';
import { createPageLine } from '../app/jobs/page-line.ts';
import { hostFolders } from './node-host.ts';
import { parentPort } from './parent-port.ts';

process.env.EOSIN_ENGINES ??= hostFolders().enginesFolder;
const port = parentPort();
const line = createPageLine(port.send);

port.onMessage(async (message) => {
  if (line.take(message)) return;
  const { id, threads } = message as { id: EngineReport['id']; threads: number };
  port.send(await examineEngine(id, threads, line));
});
