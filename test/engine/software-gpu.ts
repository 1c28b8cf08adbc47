/** A GPU for tests of correctness: SwiftShader, which Chromium brings, imitates one on the processor. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { chromiumFile } from '../browser.ts';

/** Debian's folder of what the command in /usr/bin starts; elsewhere it lies beside the program. */
const folders = ['/usr/lib/chromium', ...(chromiumFile === null ? [] : [dirname(chromiumFile)])];
const driver = 'vk_swiftshader_icd.json';
const folder = folders.find((each) => existsSync(join(each, driver)) && existsSync(join(each, 'libvulkan.so.1')));

/** For the `skip` option of a test: false where there is one, the reason otherwise. */
export const withoutSoftwareGpu: string | false =
  folder === undefined ? 'there is no Chromium with SwiftShader here: apt-get install chromium' : false;

/** Held, because koffi unloads what is collected. */
const held: unknown[] = [];

/** From now on Dawn finds SwiftShader in this process, and no other GPU. */
export function useSoftwareGpu(): void {
  held.push(koffi.load(join(folder!, 'libvulkan.so.1'))); // Dawn asks for it by name and gets what is loaded
  process.env.VK_ICD_FILENAMES = join(folder!, driver);
}
