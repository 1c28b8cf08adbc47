/**
 * Where an installed native engine lies:
 *
 *     <EOSIN_ENGINES>/native-cpu/     manifest.json   tfjs_binding.node   lib/libtensorflow_cc.so.2 ...
 *     <EOSIN_ENGINES>/native-cuda/    the same on TensorFlow's CUDA build, and nvidia/<part>/lib beside lib/
 *
 * The host names the folder in the environment, so that every process of Eosin finds the same engine. It lies among the app's
 * data, not in node_modules: `npm ci` does not lose it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type NativeId = 'native-cuda' | 'native-cpu';

export const NATIVE_PACKAGE = '@tensorflow/tfjs-node-gpu';

/** What an installed engine says of itself; written last, so that a folder without it is no engine. */
export interface NativeManifest {
  readonly format: 1;
  readonly build: NativeId;
  readonly tensorflow: string;
  /** Version of the npm package that the binding was built from. */
  readonly binding: string;
}

export const bindingName = 'tfjs_binding.node';

/** The folder of all installed engines, null where no host has named one. */
export function enginesFolder(): string | null {
  return process.env.EOSIN_ENGINES ?? null;
}

/** The manifest of the engine in `folder`, null when there is none or it cannot be read. */
export function readNativeManifest(folder: string): NativeManifest | null {
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) return null;
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as NativeManifest;
    return manifest.format === 1 ? manifest : null;
  } catch {
    return null;
  }
}

/** The installed folder that serves `id`; TensorFlow's CUDA build runs on the CPU as well. */
export function nativeFolderFor(id: NativeId): { folder: string; manifest: NativeManifest } | null {
  const all = enginesFolder();
  if (all === null) return null;
  const builds: readonly NativeId[] = id === 'native-cuda' ? ['native-cuda'] : ['native-cpu', 'native-cuda'];
  for (const build of builds) {
    const folder = join(all, build);
    const manifest = readNativeManifest(folder);
    if (manifest !== null) return { folder, manifest };
  }
  return null;
}
