import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { StartProcess } from '../../app/core/worker-process.ts';
import { type DemoSlideSpec, demoSlideSpecs } from '../../app/demo/demo-slides.ts';
import { drawDemoSlides } from '../../app/demo/draw-demo-slides.ts';
import { startProcess } from '../../main/start-process.ts';

const specs: DemoSlideSpec[] = demoSlideSpecs.slice(0, 3).map((spec) => ({ ...spec, widthPx: 1536, heightPx: 1024 }));
let folder: string;
let started = 0;
const counting: StartProcess = (entry, options) => {
  started++;
  return startProcess(entry, options);
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eosin-demo-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('slides are drawn by two processes, with progress that only grows', async () => {
  const seen: number[] = [];
  const { slides } = await drawDemoSlides({
    startProcess: counting,
    folder,
    specs,
    onProgress: ({ done, total }) => {
      assert.equal(total, 3);
      seen.push(done);
    },
  });
  assert.equal(started, 2);
  assert.deepEqual(seen, seen.toSorted());
  assert.equal(seen.at(-1), 3);
  assert.deepEqual(
    slides.map(({ patient }) => patient),
    specs.map(({ patient }) => patient),
  );
  assert.equal(slides.at(-1)!.regions.length, 0, 'the last slide is for prediction');
  assert.deepEqual((await readdir(folder)).sort(), [
    'demo-1.tif',
    'demo-1.truth',
    'demo-2.tif',
    'demo-2.truth',
    'demo-3.tif',
    'demo-3.truth',
  ]);
});

test('what is drawn already is not drawn again; what was changed or lost is', async () => {
  started = 0;
  const before = await stat(join(folder, 'demo-2.tif'));
  await drawDemoSlides({ startProcess: counting, folder, specs });
  assert.equal(started, 0);

  await rm(join(folder, 'demo-1.tif'));
  await writeFile(join(folder, 'demo-3.truth'), 'damaged');
  const changed = specs.map((spec, i) => (i === 1 ? { ...spec, seed: 999 } : spec));
  await drawDemoSlides({ startProcess: counting, folder, specs: changed });
  assert.equal(started, 2);
  assert.ok((await stat(join(folder, 'demo-1.tif'))).size > 0);
  assert.notEqual((await stat(join(folder, 'demo-2.tif'))).mtimeMs, before.mtimeMs);
});

test('cancelled: the processes end and no half slide stands under its name', async () => {
  const other = await mkdtemp(join(tmpdir(), 'eosin-demo-'));
  const controller = new AbortController();
  const exits: Promise<void>[] = [];
  const watched: StartProcess = (entry, options) => {
    const worker = startProcess(entry, options);
    exits.push(new Promise((resolve) => worker.onExit(() => resolve())));
    return worker;
  };
  try {
    const drawing = drawDemoSlides({
      startProcess: watched,
      folder: other,
      specs: demoSlideSpecs.slice(0, 2),
      onProgress: () => controller.abort(new Error('stopped by the test')),
      signal: controller.signal,
    });
    await assert.rejects(drawing, /stopped by the test/);
    await Promise.all(exits);
    assert.equal(exits.length, 2);
    assert.deepEqual(
      (await readdir(other)).filter((name) => !name.endsWith('.partial')),
      [],
    );
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});

test('a process that dies is told with the slide it was drawing', async () => {
  const other = await mkdtemp(join(tmpdir(), 'eosin-demo-'));
  const dying: StartProcess = (entry, options) => {
    const worker = startProcess(entry, options);
    worker.onMessage(() => worker.kill());
    return worker;
  };
  try {
    const drawing = drawDemoSlides({ startProcess: dying, folder: other, specs: demoSlideSpecs.slice(0, 1) });
    await assert.rejects(drawing, { code: 'demo/process', fields: { slide: 'demo-1', code: null, signal: 'SIGKILL' } });
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});
