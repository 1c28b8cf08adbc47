/** Process entry: one job (training or prediction), then the end. */

import { serveJob } from '../app/jobs/run.ts';
import { hostFolders } from './node-host.ts';
import { parentPort } from './parent-port.ts';

process.env.EOSIN_ENGINES ??= hostFolders().enginesFolder;
serveJob(parentPort());
