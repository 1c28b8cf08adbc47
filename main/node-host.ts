/** The host of the command line and of the browser shell: plain Node, no windows, folders where each system wants them. */

import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Host } from '../app/host.ts';
import { packageFile, resourcesFolder } from './program-files.ts';
import { startProcess } from './start-process.ts';

export interface HostFolders {
  readonly dataFolder: string;
  readonly enginesFolder: string;
  readonly cacheFolder: string;
  readonly documentsFolder: string;
}

/**
 * Where Eosin keeps what must stay, what may be deleted at any time, and where it offers to make projects. The installed
 * app and the command line share them. EOSIN_CACHE moves the cache (to a scratch disk of a cluster node), EOSIN_ENGINES the
 * native engines (to a folder that several accounts share).
 *
 * @param platform as `process.platform`
 * @param home the user's home folder
 */
export function hostFolders(
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = os.homedir(),
): HostFolders {
  const cacheOr = (fallback: string): string => (env.EOSIN_CACHE ? path.resolve(env.EOSIN_CACHE) : fallback);
  const dataIn = (dataFolder: string) => ({
    dataFolder,
    enginesFolder: env.EOSIN_ENGINES ? path.resolve(env.EOSIN_ENGINES) : path.join(dataFolder, 'engines'),
  });
  if (platform === 'darwin') {
    return {
      ...dataIn(path.join(home, 'Library', 'Application Support', 'Eosin')),
      cacheFolder: cacheOr(path.join(home, 'Library', 'Caches', 'Eosin')),
      documentsFolder: path.join(home, 'Documents'),
    };
  }
  if (platform === 'win32') {
    // Never Roaming: a profile that travels over the network must not carry models and tiles.
    const local = env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local');
    return {
      ...dataIn(path.join(local, 'Eosin')),
      cacheFolder: cacheOr(path.join(local, 'Eosin', 'Cache')),
      documentsFolder: path.join(home, 'Documents'),
    };
  }
  return {
    ...dataIn(path.join(absoluteOr(env.XDG_DATA_HOME, path.join(home, '.local', 'share')), 'eosin')),
    cacheFolder: cacheOr(path.join(absoluteOr(env.XDG_CACHE_HOME, path.join(home, '.cache')), 'eosin')),
    documentsFolder: path.join(home, 'Documents'),
  };
}

/** The XDG rules say that a relative path there is to be ignored. */
function absoluteOr(value: string | undefined, fallback: string): string {
  return value !== undefined && path.isAbsolute(value) ? value : fallback;
}

export function appVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile(), 'utf8')) as { version: string };
  return version;
}

/** The account's name, for the audit chain; a container without a passwd entry still has a number. */
export function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function nodeHost(kind: 'browser' | 'cli'): Host {
  return {
    kind,
    startProcess,
    dialogs: null,
    ...hostFolders(),
    resourcesFolder: resourcesFolder(),
    appVersion: appVersion(),
    user: userName(),
    machine: os.hostname(),
  };
}

export function commandLineHost(): Host {
  return nodeHost('cli');
}

export function browserHost(): Host {
  return nodeHost('browser');
}
