import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ErrorReport } from '../../app/core/errors.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

const elsewhere = process.platform !== 'linux' || process.arch !== 'x64';

let app: TempApp;
before(() => {
  app = openTempApp();
});
after(() => app.close());

interface NativeState {
  readonly possible: boolean;
  readonly installed: readonly string[];
  readonly sizes: Readonly<Record<string, { downloadBytes: number; diskBytes: number }>>;
}

test('the native engine tells its size before anything is fetched, and that it is not there', async () => {
  const { body } = await app.ask<NativeState>('GET', '/api/engines/native');
  assert.equal(body.possible, !elsewhere);
  assert.deepEqual(body.installed, []);
  const { downloadBytes, diskBytes } = body.sizes['native-cpu']!;
  assert.ok(downloadBytes > 200e6 && diskBytes > downloadBytes);
});

test('an installation from a folder without the packages ends with what is missing; nothing is left', async () => {
  mkdirSync(join(app.folder, 'usb'), { recursive: true });
  const response = await app.send(
    'POST',
    '/api/engines/native',
    JSON.stringify({ build: 'native-cpu', from: app.handle('usb') }),
  );
  const lines = (await response.text()).trim().split('\n');
  const last = JSON.parse(lines.at(-1)!) as { type: string; error: ErrorReport };
  assert.equal(last.type, 'failed');
  assert.equal(last.error.code, elsewhere ? 'engine/no-platform' : 'engine/wheel-missing');
  assert.deepEqual((await app.ask<NativeState>('GET', '/api/engines/native')).body.installed, []);
});

test('what is no build is refused before anything is done', async () => {
  await app.refused(app.ask('POST', '/api/engines/native', { build: 'native-rocm' }), 400, 'api/invalid');
});

test('an installed engine is named, and can be removed', async () => {
  const folder = join(app.folder, 'engines', 'native-cpu');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'manifest.json'),
    JSON.stringify({ format: 1, build: 'native-cpu', tensorflow: '2.21.0', binding: '4.22.0' }),
  );
  assert.deepEqual((await app.ask<NativeState>('GET', '/api/engines/native')).body.installed, ['native-cpu']);
  assert.deepEqual((await app.ask('DELETE', '/api/engines/native')).body, { removed: true });
  assert.ok(!existsSync(folder));
  assert.deepEqual((await app.ask('DELETE', '/api/engines/native')).body, { removed: false });
});
