import assert from 'node:assert/strict';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import yazl from 'yazl';
import { placeInEngine } from '../../app/engine-install/native-wheels.ts';
import { unpackWheel } from '../../app/engine-install/unpack-wheel.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

async function writeWheel(file: string, members: Record<string, string>): Promise<void> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(members)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
}

const quiet = { onBytes: () => {}, signal: new AbortController().signal };

test('libraries, C headers and the parts of CUDA are taken, nothing else', async (t) => {
  const folder = tempFolder(t);
  const wheel = join(folder, 'w.whl');
  await writeWheel(wheel, {
    'tensorflow/libtensorflow_cc.so.2': 'library',
    'tensorflow/python/libother.so': 'no',
    'tensorflow/include/tensorflow/c/c_api.h': 'header',
    'tensorflow/include/Eigen/Core.h': 'no',
    'nvidia/cudnn/lib/libcudnn.so.9': 'cudnn',
    'nvidia/cudnn/include/cudnn.h': 'no',
    'tensorflow/__init__.py': 'no',
  });
  let bytes = 0;
  const engine = join(folder, 'engine');
  await unpackWheel(wheel, engine, placeInEngine, { ...quiet, onBytes: (n) => (bytes += n) });
  const files = readdirSync(engine, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.deepEqual(files.map(({ name }) => name).sort(), ['c_api.h', 'libcudnn.so.9', 'libtensorflow_cc.so.2']);
  assert.equal(readFileSync(join(engine, 'lib/libtensorflow_cc.so.2'), 'utf8'), 'library');
  assert.equal(bytes, 'library'.length + 'header'.length + 'cudnn'.length);
});

test('a place outside of the folder is refused', async (t) => {
  const folder = tempFolder(t);
  const wheel = join(folder, 'w.whl');
  await writeWheel(wheel, { 'a.txt': 'a' });
  await assert.rejects(
    unpackWheel(wheel, join(folder, 'engine'), () => '../out.txt', quiet),
    /would lie outside/,
  );
  assert.deepEqual(readdirSync(folder), ['w.whl']);
});

test('a cancelled unpacking stops', async (t) => {
  const folder = tempFolder(t);
  const wheel = join(folder, 'w.whl');
  await writeWheel(wheel, { 'a.txt': 'a' });
  const signal = AbortSignal.abort();
  await assert.rejects(
    unpackWheel(wheel, folder, (name) => name, { ...quiet, signal }),
    { name: 'AbortError' },
  );
});
