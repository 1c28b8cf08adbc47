/** Process entry: parses and decodes slide files. Disposable: its starter kills it at a deadline and starts another. */

import { serveDecode } from '../app/slides/decode-server.ts';
import { hostFolders } from './node-host.ts';
import { parentPort } from './parent-port.ts';

serveDecode(parentPort(), { cacheFolder: hostFolders().cacheFolder });
