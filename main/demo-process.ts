/** Process entry: draws the example slides. */

import { serveDemo } from '../app/demo/demo-server.ts';
import { parentPort } from './parent-port.ts';

serveDemo(parentPort());
