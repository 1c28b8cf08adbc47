/** A page's ports against the process that serves them, with real files and no HTTP between. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { JobEvent } from '../../app/core/run.ts';
import { fileCaches, folderSink, openPatchSource } from '../../app/jobs/node-ports.ts';
import { type PageWork, servePage } from '../../app/jobs/serve-page.ts';
import type { PageResult, PageStart } from '../../app/training/page/calls.ts';
import { decodeFrame, partBytes } from '../../app/training/page/frame.ts';
import {
  pageBackbone,
  pageCaches,
  pageCalls,
  pageForward,
  pagePatches,
  pageSink,
} from '../../app/training/page/ports.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'eosin-page-'));
const run = path.join(folder, 'run');
mkdirSync(run);
after(() => rmSync(folder, { recursive: true, force: true }));

const store = { file: path.join(folder, 'patches.raw'), count: 5, sizePx: 4, contextPx: 1 };
const patchBytes = 6 * 6 * 3;
writeFileSync(
  store.file,
  Uint8Array.from({ length: store.count * patchBytes }, (_, i) => Math.floor(i / patchBytes)),
);

const weights = Uint8Array.from({ length: partBytes + 5 }, (_, i) => i % 251);
const preprocessing = { channels: 'rgb', mean: [0, 0, 0], scale: [1, 1, 1] } as const;
const backbone = {
  architecture: 'mobilenet-v2',
  name: 'mobilenet-v2@lab',
  provenance: 'drawn',
  preprocessing,
  specs: [],
  sha256: 'ab',
  weights: { download: 0, bytes: weights.length },
};

/** A runner whose one output is the mean of each picture. */
const forward: NonNullable<PageWork['learning']>['forward'] = {
  async create(onnx) {
    return {
      async run(pixels, count) {
        const length = pixels.length / count;
        const mean = Float32Array.from({ length: count }, (_, i) => {
          const picture = pixels.subarray(i * length, (i + 1) * length);
          return picture.reduce((sum, value) => sum + value, 0) / length;
        });
        return { mean, bytes: Float32Array.of(onnx.length) };
      },
      close: async () => undefined,
    };
  },
};

async function open(pause = new AbortController().signal) {
  const told: JobEvent[] = [];
  const ended: PageResult[] = [];
  const source = await openPatchSource(store);
  const caches = fileCaches(path.join(run, 'cache'), 1e9);
  const server = servePage({
    start: { kind: 'examine', allowSoftware: false, backbone } satisfies PageStart,
    weights,
    learning: { source, caches, forward, sink: folderSink(run) },
    pause,
    onEvent: (event) => void told.push(event),
    onFinish: (result) => void ended.push(result),
  });
  const frames: unknown[] = [];
  let pauses = 0;
  const call = pageCalls(
    async (frame) => {
      frames.push(decodeFrame(frame).header);
      // As it arrives from another process: bytes somewhere in a larger buffer.
      const answer = await server.answer(shifted(frame));
      return shifted(answer);
    },
    () => pauses++,
  );
  return {
    call,
    frames,
    told,
    ended,
    pauses: () => pauses,
    close: () => Promise.all([source.close(), server.close()]),
  };
}

/** The same bytes where no float32 is aligned. */
function shifted(bytes: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 3);
  buffer.set(bytes, 3);
  return buffer.subarray(3);
}

test('patches that are read side by side come in one call, and views as the process makes them', async (t) => {
  const { call, frames, close } = await open();
  t.after(close);
  const source = pagePatches(call, store);
  const read = [3, 0, 4].map(async (index) => {
    const into = new Uint8Array(patchBytes);
    await source.read(index, into);
    return [into[0], into.at(-1)];
  });
  assert.deepEqual(await Promise.all(read), [
    [3, 3],
    [0, 0],
    [4, 4],
  ]);
  assert.deepEqual(frames, [{ call: 'patches', ask: { indexes: [3, 0, 4] } }]);
  const views = await source.makeViews!({ augment: null, seed: 1, views: [{ patch: 2, view: 0 }] });
  assert.deepEqual([views.length, views[0]], [4 * 4 * 3, 2]);
  await assert.rejects(source.read(5, new Uint8Array(patchBytes)), { code: 'page/refused' });
});

test('rows of a cache are sent together and read back to the bit', async (t) => {
  const { call, frames, close } = await open();
  t.after(close);
  const cache = await pageCaches(call).create('train', 6, 3);
  for (let row = 0; row < 6; row++) await cache.write(row, Float32Array.of(row, row + 0.5, Math.PI * row));
  const into = new Float32Array(3);
  await cache.read(4, into);
  assert.deepEqual([...into], [4, 4.5, Math.fround(Math.PI * 4)]);
  assert.deepEqual(
    frames.map((frame) => (frame as { call: string }).call),
    ['cache-open', 'cache-write', 'cache-read'],
  );
  // Written anew from the middle, as views are that are drawn afresh.
  await cache.write(2, Float32Array.of(9, 9, 9));
  await cache.read(2, into);
  assert.deepEqual([...into], [9, 9, 9]);
  await assert.rejects(cache.read(6, into), { code: 'page/refused' });
  await cache.close();
  await assert.rejects(cache.read(0, into), { code: 'page/refused' });
});

test('a forward pass runs beside the page', async (t) => {
  const { call, close } = await open();
  t.after(close);
  const runner = await pageForward(call).create(new Uint8Array(partBytes * 2 + 2), 1);
  const pixels = Uint8Array.of(1, 3, 5, 7, 7, 7);
  const { mean, bytes } = await runner.run(pixels, 2);
  assert.deepEqual([[...mean!], [...bytes!]], [[3, 7], [partBytes * 2 + 2]]);
  await runner.close();
  await assert.rejects(runner.run(pixels, 2), { code: 'page/refused' });
});

test('files of the run go there and back in parts, and no other file is reached', async (t) => {
  const { call, close } = await open();
  t.after(close);
  const sink = pageSink(call);
  const bytes = Uint8Array.from({ length: partBytes + 7 }, (_, i) => i % 249);
  await sink.put('checkpoints/last-0.ckpt', bytes);
  assert.deepEqual(new Uint8Array(readFileSync(path.join(run, 'checkpoints/last-0.ckpt'))), bytes);
  assert.deepEqual(await sink.get('checkpoints/last-0.ckpt'), bytes);
  await sink.put('rungs/0-head/model/empty.bin', new Uint8Array(0));
  assert.equal((await sink.get('rungs/0-head/model/empty.bin'))!.length, 0);
  assert.equal(await sink.get('checkpoints/last-1.ckpt'), null);
  writeFileSync(path.join(folder, 'secret'), 'x');
  for (const name of [
    '../secret',
    'model/../../secret',
    '/etc/passwd',
    'secret',
    'model/..',
    'model\\..\\secret',
    '',
  ]) {
    await assert.rejects(sink.get(name), { code: 'page/refused' }, name);
    await assert.rejects(sink.put(name, bytes.subarray(0, 3)), { code: 'page/refused' }, name);
  }
  assert.equal(readFileSync(path.join(folder, 'secret'), 'utf8'), 'x');
  assert.equal(existsSync(path.join(run, 'secret')), false);
});

test('the backbone comes whole, events and the end are told', async (t) => {
  const { call, told, ended, close } = await open();
  t.after(close);
  const { answer } = await call('begin', {});
  const loaded = await pageBackbone(call, answer.backbone);
  assert.deepEqual(new Uint8Array(loaded.weights.data), weights);
  assert.deepEqual([loaded.backbone.name, loaded.backbone.preprocessing], ['mobilenet-v2@lab', preprocessing]);
  const event: JobEvent = { type: 'note', level: 'info', text: 'x' };
  await call('event', { event });
  await call('finish', { result: { type: 'finished' } });
  assert.deepEqual([told, ended], [[event], [{ type: 'finished' }]]);
});

test('a run that is to pause says so with its next answer', async (t) => {
  const pause = new AbortController();
  const { call, pauses, close } = await open(pause.signal);
  t.after(close);
  await call('event', { event: { type: 'note', level: 'info', text: 'x' } });
  assert.equal(pauses(), 0);
  pause.abort();
  await call('patches', { indexes: [0] });
  assert.equal(pauses(), 1);
});
