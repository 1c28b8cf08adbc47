/**
 * A full disk, by both means that there are: a small file system of its own where this process may mount one, and a limit
 * on the size of files (EFBIG instead of ENOSPC), which every process may set.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { boxPolygon } from '../../app/core/geometry.ts';
import { writeTinyModel } from '../fixtures/tiny-model.ts';
import { writeTissueSlide } from '../fixtures/tissue-slide.ts';
import { writeRegionsFile } from './fixtures/regions-file.ts';
import { assertRefused, type Bench, documentOf, type Outcome, openBench } from './fixtures/run-eosin.ts';

interface Disk {
  readonly name: string;
  /** Folder whose disk can be full; null where this way is not open here. */
  open(bench: Bench): string | null;
  fill(folder: string): void;
  free(folder: string): void;
  /** In front of a command that shall find the disk full. */
  readonly shell?: string;
  close(folder: string): void;
}

const filler = 'filler';
const smallFileSystem: Disk = {
  name: 'a full file system',
  open(bench) {
    const folder = bench.file('mounted');
    mkdirSync(folder);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]).status === 0;
    return mounted ? folder : null;
  },
  fill(folder) {
    const chunk = Buffer.alloc(4096, 1);
    try {
      for (;;) appendFileSync(join(folder, filler), chunk);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  },
  free: (folder) => rmSync(join(folder, filler)),
  close: (folder) => spawnSync('umount', ['-l', folder]),
};
const fileSizeLimit: Disk = {
  name: 'a limit on file sizes',
  open(bench) {
    const folder = bench.file('limited');
    mkdirSync(folder);
    return folder;
  },
  fill: () => undefined,
  free: () => undefined,
  // Blocks of 512 bytes.
  shell: 'ulimit -f 24',
  close: () => undefined,
};

let bench: Bench;
before(async () => {
  bench = openBench();
  await writeTissueSlide(bench.file('good.tif'));
  await writeTinyModel(bench.file('model'));
  for (const file of ['train/a/1', 'train/b/2', 'val/a/3', 'val/b/4']) {
    mkdirSync(join(bench.file(file), '..'), { recursive: true });
    const background = { r: 40 * Number(file.at(-1)), g: 90, b: 160 };
    await sharp({ create: { width: 224, height: 224, channels: 3, background } })
      .png()
      .toFile(`${bench.file(file)}.png`);
  }
  const regions = Array.from({ length: 2000 }, (_, i) => ({
    className: 'Gland',
    geometry: [boxPolygon({ x: (i % 50) * 8, y: 80 + Math.floor(i / 50) * 7, width: 5, height: 5 })],
  }));
  writeRegionsFile(bench.file('many.geojson'), regions);
});
after(() => bench.close());

for (const disk of [smallFileSystem, fileSizeLimit]) {
  describe(`${disk.name} is one clear line and exit code 75, with nothing half written`, () => {
    let folder: string | null = null;
    before(() => {
      folder = disk.open(bench);
      if (folder === null) console.log('not verified: a really full file system (this process may not mount one)');
    });
    after(() => {
      if (folder !== null) disk.close(folder);
    });

    const whileFull = async (args: readonly string[]): Promise<Outcome> => {
      disk.fill(folder!);
      const outcome = await bench.start(args, disk.shell).ended;
      disk.free(folder!);
      return outcome;
    };
    const onDisk = (name: string): string => join(folder!, name);
    const names = (): string[] => readdirSync(folder!).sort();

    test('a region, a new project', async () => {
      if (folder === null) return;
      const region = ['region', 'good.tif', '--x=0', '--y=64', '--width=400', '--height=300', '--out', onDisk('o.png')];
      const refused = await whileFull(region);
      assertRefused(refused, 75, disk.shell ? 'disk/full' : 'file/disk-full');
      assert.deepEqual(names(), []);
      assert.equal((await bench.eosin(...region)).code, 0);
      assert.deepEqual(names(), ['o.png']);
      assertRefused(await whileFull(['project', 'create', onDisk('New.eosin')]), 75, 'project/disk-full');
      assert.deepEqual(names(), ['o.png']);
    });

    test('an import of regions: none of them is kept, and what was there before still is', async () => {
      if (folder === null) return;
      const project = onDisk('Study.eosin');
      await bench.eosin('project', 'create', project);
      await bench.eosin('project', 'add', project, 'good.tif');
      writeRegionsFile(bench.file('first.geojson'), [
        { className: 'Stroma', geometry: [boxPolygon({ x: 300, y: 100, width: 90, height: 90 })] },
      ]);
      await bench.eosin('annotations', 'import', project, 'good', 'first.geojson');
      assertRefused(
        await whileFull(['annotations', 'import', project, 'good', 'many.geojson']),
        75,
        'project/disk-full',
      );
      const shown = documentOf(await bench.eosin('project', 'show', project, '--json'));
      assert.equal((shown.slides as { regions: number }[])[0]?.regions, 1);
      const again = documentOf(await bench.eosin('annotations', 'import', project, 'good', 'many.geojson', '--json'));
      assert.equal(again.kept, 2000);
    });

    test('a prediction: the same command finishes it when there is space again', async () => {
      if (folder === null) return;
      const args = ['predict', 'model', 'good.tif', '--out', onDisk('predicted'), '--json'];
      const refused = await whileFull(args);
      assertRefused(refused, 75, 'file/disk-full');
      const left = existsSync(onDisk('predicted')) ? readdirSync(onDisk('predicted')) : [];
      assert.deepEqual(
        left.filter((name) => !name.endsWith('.unfinished')),
        [],
      );
      assert.equal((await bench.eosin(...args)).code, 0);
      assert.equal(readdirSync(onDisk('predicted')).length, 5);
    });

    test('a training on folders leaves no patches behind', async () => {
      if (folder === null) return;
      const out = onDisk('trained');
      const refused = await whileFull(['train-patches', 'train', 'val', '--out', out, '--json']);
      assert.equal(refused.code, 75, `${refused.stdout}${refused.stderr}`);
      assert.match(refused.stderr, /^eosin: (file\/disk-full|disk\/full): /m);
      assert.ok(!existsSync(out) || readdirSync(out).length === 0);
    });
  });
}
