import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EosinError } from '../../app/core/errors.ts';
import { randomFor } from '../../app/core/random.ts';
import {
  removeTemporaries,
  temporaryBeside,
  writeError,
  writeFolderWhole,
  writeWhole,
  writeWholeBy,
} from '../../app/files/write-whole.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eosin-write-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a file appears with its folder, and is replaced', async () => {
  const file = join(folder, 'a', 'b', 'x.json');
  await writeWhole(file, 'one');
  await writeWhole(file, new Uint8Array([116, 119, 111]));
  assert.equal(await readFile(file, 'utf8'), 'two');
  assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['x.json']);
});

test('a write that fails half way leaves the old file and nothing else', async () => {
  const place = join(folder, 'half');
  await writeWhole(join(place, 'x'), 'old');
  await assert.rejects(
    writeWholeBy(join(place, 'x'), async (handle) => {
      await handle.writeFile('ne');
      throw new Error('the lights went out');
    }),
    /lights/,
  );
  await assert.rejects(
    writeFolderWhole(join(place, 'model'), async (temporary) => {
      await writeFile(join(temporary, 'a'), 'a');
      throw new Error('the lights went out');
    }),
    /lights/,
  );
  assert.deepEqual(await readdir(place), ['x']);
  assert.equal(await readFile(join(place, 'x'), 'utf8'), 'old');
});

test('a place that cannot be written is told in words', async () => {
  await writeFile(join(folder, 'no-folder'), '');
  await assert.rejects(writeWhole(join(folder, 'no-folder', 'x'), ''), (error: EosinError) => {
    assert.equal(error.code, 'file/not-written');
    assert.equal(error.kind, 'input');
    return true;
  });
  const locked = join(folder, 'locked');
  await mkdir(locked);
  await chmod(locked, 0o500);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot)
    await assert.rejects(writeWhole(join(locked, 'x'), ''), (error: EosinError) => error.code === 'file/not-written');
});

test('a full disk is a matter of trying again later; errors of ours and bugs pass unchanged', () => {
  const full = writeError('/x/y.png', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })) as EosinError;
  assert.deepEqual([full.code, full.kind], ['file/disk-full', 'retry']);
  assert.match(full.message, /y\.png/);
  assert.doesNotMatch(full.message, /\/x\//, 'no path in words');
  const ours = new EosinError('a/b', 'usage', 'x', { remedy: 'y' });
  assert.equal(writeError('/x', ours), ours);
  const bug = new TypeError('bug');
  assert.equal(writeError('/x', bug), bug);
});

test('a full disk, really: the old file stays', { skip: await noFullDevice() }, async () => {
  await assert.rejects(
    writeWholeBy(join(folder, 'on-full'), async () => {
      await writeFile('/dev/full', 'x'.repeat(100_000));
    }),
    (error: EosinError) => error.code === 'file/disk-full',
  );
  await assert.rejects(access(join(folder, 'on-full')));
});

async function noFullDevice(): Promise<string | false> {
  return access('/dev/full').then(
    () => false as const,
    () => 'this system has no /dev/full',
  );
}

test('kill -9 at any moment: each file and folder is old or new, never partial', async () => {
  const place = join(folder, 'killed');
  await mkdir(place);
  const random = randomFor(1, 'kills');
  const script = fileURLToPath(new URL('./write-forever.ts', import.meta.url));
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [script, place, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await wait(random.integer(60));
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const name of await readdir(place)) {
      if (name.startsWith('.')) continue; // unfinished, under a name that nobody reads
      const files = name === 'file.txt' ? [name] : [`${name}/a.txt`, `${name}/b.txt`];
      for (const file of files) {
        const lines = (await readFile(join(place, file), 'utf8')).trimEnd().split('\n');
        assert.equal(lines.length, 20_000, file);
        assert.equal(new Set(lines).size, 1, file);
      }
    }
  }
  assert.ok(
    (await readdir(place)).some((name) => name.startsWith('model-')),
    'some folders were finished',
  );
});

test('what a killed writer has left is removed, and nothing else is', async () => {
  const place = join(folder, 'swept');
  await mkdir(join(place, 'below'), { recursive: true });
  const kept = ['a.ckpt', '.hidden.tmp', 'below/b.ckpt'];
  for (const name of kept) await writeFile(join(place, name), name);
  await writeFile(temporaryBeside(join(place, 'a.ckpt')), 'half');
  await writeFile(temporaryBeside(join(place, 'below/b.ckpt')), 'half');
  await removeTemporaries(place);
  const left = (await readdir(place, { recursive: true })).filter((name) => name !== 'below');
  assert.deepEqual(left.toSorted(), kept.toSorted());
});
