import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EosinError } from '../../app/core/errors.ts';
import { randomFor } from '../../app/core/random.ts';
import { openModelFolder, writeModelFolder } from '../../app/passports/model-folder.ts';
import type { Passport } from '../../app/passports/passport.ts';
import { renderPassport } from '../../app/passports/passport-text.ts';
import { examplePassport } from '../fixtures/passport-draft.ts';
import { tinyOnnx } from '../fixtures/tiny-onnx.ts';

let folder = '';
let model = '';
let written: Passport;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eosin-model-'));
  model = join(folder, 'models', 'm-7f3a');
  written = await saveModel(model, classifier([0.3, -0.2]), layersModel([1, 2, 3, 4]));
});
after(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const classifier = (bias: number[]): Uint8Array =>
  tinyOnnx({
    sizePx: 16,
    kernel: [
      [0.02, -0.01],
      [0.01, 0.03],
      [-0.02, 0.005],
    ],
    bias,
  });

/** model.json and weights.bin of one weight [2, 2]. */
function layersModel(values: number[], shape = [2, 2]): Record<string, Uint8Array> {
  const weightsManifest = [{ paths: ['weights.bin'], weights: [{ name: 'w', shape, dtype: 'float32' }] }];
  return {
    'model.json': Buffer.from(JSON.stringify({ format: 'layers-model', modelTopology: {}, weightsManifest })),
    'weights.bin': new Uint8Array(Float32Array.from(values).buffer),
  };
}

async function saveModel(to: string, onnx: Uint8Array, layers: Record<string, Uint8Array>): Promise<Passport> {
  const from = await mkdtemp(join(folder, 'run-'));
  const contents: Record<string, Uint8Array> = { 'model.onnx': onnx, ...layers };
  for (const [name, bytes] of Object.entries(contents)) await writeFile(join(from, name), bytes);
  const files = Object.entries(contents).map(([name, bytes]) => ({ name, sha256: sha256(bytes) }));
  return await writeModelFolder({ from, to, passport: examplePassport(), files });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => (error instanceof EosinError ? error.code : String(error)),
  );
}

/** A copy of the model that a test may spoil. */
async function copy(name: string): Promise<string> {
  const target = join(folder, name);
  await cp(model, target, { recursive: true });
  return target;
}

test('what was written is read again, whole', async () => {
  const opened = await openModelFolder(model);
  assert.deepEqual(opened.passport, written);
  assert.equal(opened.passport.name, 'Glands <1>');
  assert.equal(opened.onnxSha256, sha256(await readFile(opened.onnxFile)));
  assert.deepEqual(
    opened.passport.files.map(({ name }) => name),
    ['model.onnx', 'model.json', 'weights.bin'],
  );
  assert.match(
    await readFile(join(model, 'passport.json'), 'utf8'),
    /For research use only\. Not for use in diagnostic/,
  );
  assert.deepEqual(await readdir(join(folder, 'models')), ['m-7f3a'], 'no temporary folder is left');
});

test('1,000 flipped bits anywhere in the folder: 1,000 refused', async () => {
  const spoilt = await copy('flipped');
  const random = randomFor(1, 'flips');
  const names = ['passport.json', 'passport.json', 'model.onnx', 'model.json', 'weights.bin'];
  for (let i = 0; i < 1000; i++) {
    const file = join(spoilt, names[random.integer(names.length)]!);
    const bytes = await readFile(file);
    const at = random.integer(bytes.length);
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << random.integer(8);
    await writeFile(file, flipped);
    const code = await codeOf(openModelFolder(spoilt));
    assert.match(code, /^model\/(hash|broken|newer|missing)$/, `${file} byte ${at}`);
    await writeFile(file, bytes);
  }
  assert.equal(await codeOf(openModelFolder(spoilt)), 'none');
});

test('a changed file is named as changed, a lost one as missing, a link as no file', async () => {
  const spoilt = await copy('spoilt');
  await writeFile(join(spoilt, 'weights.bin'), new Uint8Array(16));
  assert.equal(await codeOf(openModelFolder(spoilt)), 'model/hash');
  await rm(join(spoilt, 'weights.bin'));
  assert.equal(await codeOf(openModelFolder(spoilt)), 'model/missing');
  await symlink(join(model, 'weights.bin'), join(spoilt, 'weights.bin'));
  assert.equal(await codeOf(openModelFolder(spoilt)), 'model/broken');
  assert.equal(await codeOf(openModelFolder(join(folder, 'nowhere'))), 'model/missing');
});

test('a passport that was rewritten by hand is refused, one of a later version says so', async () => {
  const spoilt = await copy('edited');
  const file = join(spoilt, 'passport.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"mpp": 0.5', '"mpp": 0.25'));
  assert.equal(await codeOf(openModelFolder(spoilt)), 'model/hash');
  await writeFile(file, text.replaceAll('\n', '\r\n'));
  assert.equal(await codeOf(openModelFolder(spoilt)), 'model/hash');
  await writeFile(file, text.replace('"schemaVersion": 1', '"schemaVersion": 2'));
  assert.equal(await codeOf(openModelFolder(spoilt)), 'model/newer');
  for (const broken of ['', '[]', 'null', '{}', '{"schemaVersion":1}', text.slice(0, -20)]) {
    await writeFile(file, broken);
    assert.equal(await codeOf(openModelFolder(spoilt)), 'model/broken', JSON.stringify(broken.slice(0, 20)));
  }
});

test('a rightly hashed passport cannot point outside its folder', async () => {
  const opened = await openModelFolder(model);
  const outside = await copy('outside');
  await writeFile(join(folder, 'secret.bin'), 'x');
  for (const name of [
    '../secret.bin',
    '..',
    '/etc/passwd',
    'a/b',
    'a\\b',
    'C:x',
    '.hidden',
    'nul',
    'COM1.bin',
    'x.',
    '',
  ]) {
    const files = [...opened.passport.files, { name, bytes: 1, sha256: sha256(Buffer.from('x')) }];
    await writeFile(join(outside, 'passport.json'), renderPassport({ ...opened.passport, files }));
    assert.equal(await codeOf(openModelFolder(outside)), 'model/broken', name);
  }
  const huge = opened.passport.files.map((file) => ({ ...file, bytes: 2 ** 31 }));
  await writeFile(join(outside, 'passport.json'), renderPassport({ ...opened.passport, files: huge }));
  assert.equal(await codeOf(openModelFolder(outside)), 'model/broken');
});

test('weights that are no numbers, or of another size than their shapes, are never saved', async () => {
  const cases: [string, Uint8Array, Record<string, Uint8Array>][] = [
    ['NaN in the graph', classifier([Number.NaN, 0]), layersModel([1, 2, 3, 4])],
    ['infinite in the graph', classifier([Number.NEGATIVE_INFINITY, 0]), layersModel([1, 2, 3, 4])],
    ['NaN in the layers model', classifier([0, 0]), layersModel([1, Number.NaN, 3, 4])],
    ['too few weights', classifier([0, 0]), layersModel([1, 2, 3])],
    ['no graph', Buffer.from('not onnx'), layersModel([1, 2, 3, 4])],
  ];
  for (const [what, onnx, layers] of cases) {
    const to = join(folder, 'models', 'never');
    assert.equal(await codeOf(saveModel(to, onnx, layers)), 'model/broken', what);
    assert.deepEqual(await readdir(join(folder, 'models')), ['m-7f3a'], what);
  }
});

test('a file that changed between training and saving is noticed; an existing model is never written over', async () => {
  const from = await mkdtemp(join(folder, 'run-'));
  await writeFile(join(from, 'model.onnx'), classifier([0, 0]));
  const request = { from, passport: examplePassport(), files: [{ name: 'model.onnx', sha256: 'c'.repeat(64) }] };
  assert.equal(await codeOf(writeModelFolder({ ...request, to: join(folder, 'models', 'other') })), 'model/hash');
  assert.equal(await codeOf(writeModelFolder({ ...request, to: model })), 'model/exists');
  assert.equal(await codeOf(openModelFolder(model)), 'none');
});

test('a model folder may be moved and renamed', async () => {
  const moved = join(folder, 'elsewhere', 'copy of it');
  await mkdir(join(folder, 'elsewhere'));
  await rename(await copy('to-move'), moved);
  assert.equal((await openModelFolder(moved)).passport.id, 'm-7f3a');
});
