import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchWheels } from '../../app/engine-install/fetch-wheels.ts';
import { nativeSize, nativeWheels, type Wheel } from '../../app/engine-install/native-wheels.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const signal = new AbortController().signal;
const wheelOf = (file: string, content: string): Wheel => ({
  requirement: 'sample==1.0',
  file,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

test('wheels that were carried here are taken when their hash is right, and told in bytes', async (t) => {
  const folder = tempFolder(t);
  const from = join(folder, 'usb');
  mkdirSync(from);
  const wheels = [wheelOf('a-1.0-py3-none-any.whl', 'first'), wheelOf('b-1.0-py3-none-any.whl', 'second one')];
  writeFileSync(join(from, wheels[0]!.file), 'first');
  writeFileSync(join(from, wheels[1]!.file), 'second one');
  const told: number[] = [];
  const files = await fetchWheels(wheels, {
    folder: join(folder, 'wheels'),
    from,
    onBytes: (n) => told.push(n),
    signal,
  });
  assert.deepEqual(
    files.map((file) => readFileSync(file, 'utf8')),
    ['first', 'second one'],
  );
  assert.deepEqual(told, [5, 15]);
});

test('a wheel that is there and right is not taken again', async (t) => {
  const folder = tempFolder(t);
  const wheel = wheelOf('a-1.0-py3-none-any.whl', 'first');
  writeFileSync(join(folder, wheel.file), 'first');
  // The folder to take from does not even exist.
  const files = await fetchWheels([wheel], { folder, from: join(folder, 'none'), onBytes: () => {}, signal });
  assert.deepEqual(files, [join(folder, wheel.file)]);
});

test('another file under the name of a wheel is refused, and a missing one says how to get it', async (t) => {
  const folder = tempFolder(t);
  const wheel = wheelOf('a-1.0-py3-none-any.whl', 'first');
  const options = { folder: join(folder, 'wheels'), from: folder, onBytes: () => {}, signal };
  await assert.rejects(fetchWheels([wheel], options), { code: 'engine/wheel-missing' });
  writeFileSync(join(folder, wheel.file), 'fir5t');
  await assert.rejects(fetchWheels([wheel], options), {
    code: 'engine/wheel-wrong',
    fields: { expected: wheel.sha256, requirement: 'sample==1.0' },
  });
});

test('no python is said with both ways out', async (t) => {
  const folder = tempFolder(t);
  const path = process.env.PATH;
  process.env.PATH = folder;
  t.after(() => (process.env.PATH = path));
  await assert.rejects(
    fetchWheels(nativeWheels['native-cpu'], { folder, from: null, onBytes: () => {}, signal }),
    (error: Error & { code?: string; remedy?: string }) =>
      error.code === 'engine/no-python' &&
      /apt-get install python3-pip/.test(error.remedy!) &&
      /--from/.test(error.remedy!),
  );
});

test('every wheel is pinned: version, file of that version, hash, size', () => {
  for (const wheel of Object.values(nativeWheels).flat()) {
    const [name, version] = wheel.requirement.split('==');
    assert.ok(wheel.file.startsWith(`${name!.replaceAll('-', '_')}-${version}-`), wheel.file);
    assert.match(wheel.sha256, /^[0-9a-f]{64}$/);
    assert.ok(wheel.bytes > 1e6);
  }
  assert.ok(nativeSize('native-cuda').diskBytes > 10e9);
});
