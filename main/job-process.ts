/** Process entry: one job (training or prediction), then the end. */

import { serveJob } from '../app/jobs/run.ts';
import { parentPort } from './parent-port.ts';

serveJob(parentPort());
