/** Where the tests find a browser, and what they say where there is none. */

import { existsSync } from 'node:fs';

const candidates = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The first of them that is there, or null. */
export const chromiumFile: string | null = candidates.find((file) => file !== undefined && existsSync(file)) ?? null;

/** For the `skip` option of a test: false where there is a browser, the reason otherwise. */
export const withoutChromium: string | false =
  chromiumFile === null ? 'there is no Chromium here: apt-get install chromium' : false;
