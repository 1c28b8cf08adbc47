/** Where Eosin keeps its things, system by system. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { appVersion, browserHost, commandLineHost, hostFolders } from '../../main/node-host.ts';

test('Linux follows the XDG folders and ignores relative ones', () => {
  assert.deepEqual(hostFolders('linux', {}, '/home/ada'), {
    dataFolder: '/home/ada/.local/share/eosin',
    enginesFolder: '/home/ada/.local/share/eosin/engines',
    cacheFolder: '/home/ada/.cache/eosin',
    documentsFolder: '/home/ada/Documents',
  });
  const xdg = hostFolders('linux', { XDG_DATA_HOME: '/big/data', XDG_CACHE_HOME: 'relative' }, '/home/ada');
  assert.equal(xdg.dataFolder, '/big/data/eosin');
  assert.equal(xdg.cacheFolder, '/home/ada/.cache/eosin');
});

test('macOS and Windows have their own, and nothing large roams', () => {
  assert.equal(hostFolders('darwin', {}, '/Users/ada').cacheFolder, '/Users/ada/Library/Caches/Eosin');
  const windows = hostFolders(
    'win32',
    { APPDATA: 'R', LOCALAPPDATA: path.join('C', 'Local') },
    path.join('C', 'Users', 'ada'),
  );
  assert.equal(windows.dataFolder, path.join('C', 'Local', 'Eosin'));
  assert.ok(Object.values(windows).every((folder) => !folder.startsWith('R')));
});

test('EOSIN_CACHE moves the cache on every system', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    assert.equal(
      hostFolders(platform, { EOSIN_CACHE: '/scratch/e' }, '/home/ada').cacheFolder,
      path.resolve('/scratch/e'),
    );
  }
});

test('the two hosts differ in their kind only, and both find what comes with the program', () => {
  const [browser, cli] = [browserHost(), commandLineHost()];
  assert.deepEqual({ ...browser, kind: 'cli' }, cli);
  assert.equal(browser.dialogs, null);
  assert.equal(browser.preloadSecret, undefined);
  assert.match(appVersion(), /^\d+\.\d+\.\d+$/);
  assert.ok(existsSync(path.join(browser.resourcesFolder, 'licences')));
});
