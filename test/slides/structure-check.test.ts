import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { EosinError } from '../../app/core/errors.ts';
import { openBytes } from '../../app/slides/byte-source.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { checkStructure } from '../../app/slides/structure-check.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type Directory, type Field, type FileForm, levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

const sound = await levelDirectory({ widthPx: 200, heightPx: 150, compression: 'deflate' });

function fileOf(t: TestContext, bytes: Uint8Array | string): string {
  const path = join(tempFolder(t), 'slide.svs');
  writeFileSync(path, bytes);
  return path;
}

async function open(path: string): Promise<void> {
  const slide = await openSlide(path, { cacheFolder: path });
  await slide.close();
}

async function refused(t: TestContext, bytes: Uint8Array | string, code: string): Promise<EosinError> {
  const path = fileOf(t, bytes);
  const thrown: unknown = await open(path).then(
    () => null,
    (error) => error,
  );
  assert.ok(thrown instanceof EosinError, `opened without ${code}: ${thrown}`);
  assert.deepEqual([thrown.code, thrown.kind], [code, 'input'], thrown.message);
  assert.ok(thrown.remedy.length > 20);
  return thrown;
}

/** The sound directory with some fields in place of its own. */
function bent(...fields: Field[]): Directory {
  const tags = fields.map(({ tag }) => tag);
  return { ...sound, fields: [...sound.fields.filter(({ tag }) => !tags.includes(tag)), ...fields] };
}

const short = (tag: number, ...values: number[]): Field => ({ tag, type: 3, values });
const long = (tag: number, ...values: number[]): Field => ({ tag, type: 4, values });

test('the sound file opens, in every form', async (t) => {
  for (const form of [{}, { bigEndian: true }, { bigTiff: true }, { bigTiff: true, bigEndian: true }])
    await open(fileOf(t, writeTiff([sound], form)));
});

test('what is no TIFF says so', async (t) => {
  await refused(t, '', 'slide/not-tiff');
  await refused(t, 'II', 'slide/not-tiff');
  await refused(t, 'This is a text file that somebody called .svs\n', 'slide/not-tiff');
  await refused(t, Buffer.from('\x89PNG\r\n\x1a\n0000000000'), 'slide/not-tiff');
  await refused(t, Buffer.from('II\x2c\0\x08\0\0\0\0\0'), 'slide/not-tiff');
});

test('an empty folder is no slide, a pipe is no file, and a missing file is missing', async (t) => {
  const folder = tempFolder(t);
  await assert.rejects(open(folder), { code: 'slide/not-dicom' });
  await assert.rejects(open(join(folder, 'gone.svs')), { code: 'slide/missing', kind: 'missing' });
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [join(folder, 'pipe.svs')]);
  await assert.rejects(open(join(folder, 'pipe.svs')), { code: 'slide/unreadable' });
});

test('a truncated slide says what is missing, wherever it was cut', async (t) => {
  const whole = writeTiff([sound]);
  const path = fileOf(t, whole);
  for (const share of [0.99, 0.9, 0.5, 0.1]) {
    const cut = `${path}-${share}`;
    copyFileSync(path, cut);
    truncateSync(cut, Math.floor(whole.length * share));
    await assert.rejects(open(cut), { code: 'slide/truncated' });
  }
  // The directory first, then its tiles: the cut then hits a tile.
  const shifted = writeTiff([bent(long(324, ...Array.from({ length: 12 }, (_, i) => whole.length - 100 + i * 64)))]);
  const error = await refused(t, shifted, 'slide/truncated');
  assert.equal(error.fields.directory, 0);
});

const circles: Record<string, [Directory[], FileForm]> = {
  'to itself': [[sound], { loopTo: 0 }],
  'to the first of three': [[sound, sound, sound], { loopTo: 0 }],
  'to the second of three': [[sound, sound, sound], { loopTo: 1 }],
  'to itself, BigTIFF': [[sound], { loopTo: 0, bigTiff: true }],
};
for (const [name, [directories, form]] of Object.entries(circles)) {
  test(`directories in a circle: ${name}`, async (t) => {
    await refused(t, writeTiff(directories, form), 'slide/structure');
  });
}

test('SubIFDs are walked with the same limits', async (t) => {
  const below = { ...sound, subIfds: [sound, sound] };
  await open(fileOf(t, writeTiff([below])));
  const pointing = (...values: number[]): Directory => bent(long(330, ...values));
  for (const anywhere of [pointing(8), pointing(0, 0)]) await refused(t, writeTiff([anywhere]), 'slide/structure');
  await refused(t, writeTiff([pointing(2 ** 31)]), 'slide/truncated');
  await refused(t, writeTiff([bent({ tag: 330, type: 2, values: 'text' })]), 'slide/structure');
  await refused(t, writeTiff([bent({ ...long(330, ...new Array<number>(10_001).fill(8)) })]), 'slide/structure');
  // To the directory itself.
  const itself = writeTiff([pointing(1)]);
  const at = itself.readUInt32LE(4);
  for (let i = 0; i < itself.readUInt16LE(at); i++)
    if (itself.readUInt16LE(at + 2 + i * 12) === 330) itself.writeUInt32LE(at, at + 2 + i * 12 + 8);
  const circle = await refused(t, itself, 'slide/structure');
  assert.match(circle.message, /circle/);
  await refused(t, writeTiff([{ ...sound, subIfds: [bent(long(257, 0))] }]), 'slide/structure');
});

const contradictions: Record<string, Directory> = {
  'no width': { ...sound, fields: sound.fields.filter(({ tag }) => tag !== 256) },
  'width zero': bent(long(256, 0)),
  'a million times a million px': bent(long(256, 1e6), long(257, 1e6)),
  'a side of 2^32 - 1': bent(long(256, 2 ** 32 - 1)),
  'a tile of 2^30': bent(long(322, 2 ** 30), long(323, 2 ** 30)),
  'a tile of nothing': bent(long(322, 0)),
  'a tile of 8 px': bent(long(322, 8)),
  'a tile of 4097 px': bent(long(322, 4097)),
  '0xfff9 samples': bent(short(277, 0xfff9)),
  'no samples': bent(short(277, 0)),
  '7 bits': bent(short(258, 7, 7, 7)),
  'fewer offsets than tiles': bent(long(324, 8, 8)),
  'fewer counts than tiles': bent(long(325, 8, 8)),
  'a width that is text': bent({ tag: 256, type: 2, values: '200' }),
  'a description of 5 MiB': bent({ tag: 270, type: 2, values: 'x'.repeat(5 * 2 ** 20) }),
  'a description of 65 MiB in XML': bent({ tag: 270, type: 2, values: '<'.padEnd(65 * 2 ** 20) }),
};
for (const [name, directory] of Object.entries(contradictions)) {
  test(`contradicts itself: ${name}`, async (t) => {
    await refused(t, writeTiff([directory]), 'slide/structure');
  });
}

test('counts beyond everything cost nothing', async (t) => {
  for (const form of [{}, { bigTiff: true }]) {
    await refused(t, writeTiff([bent({ ...long(324, 0), claimedCount: 0xfffffff0 })], form), 'slide/structure');
    await refused(
      t,
      writeTiff([bent({ tag: 347, type: 7, values: Buffer.alloc(9), claimedCount: 0x7fffffff })], form),
      'slide/structure',
    );
    await refused(
      t,
      writeTiff([bent({ tag: 305, type: 2, values: 'short', claimedCount: 1e6 })], form),
      'slide/truncated',
    );
  }
  const fields = writeTiff([sound]);
  fields.writeUInt16LE(0xffff, fields.readUInt32LE(4));
  await refused(t, fields, 'slide/structure');
});

test('an associated picture is held to the same rules', async (t) => {
  const strips: Directory = {
    strips: true,
    pieces: [Buffer.alloc(10)],
    fields: [long(256, 5), long(257, 5), short(277, 1), long(278, 0)],
  };
  await refused(t, writeTiff([sound, strips]), 'slide/structure');
});

test('ten thousand directories are the most', async (t) => {
  const tiny: Directory = {
    strips: true,
    pieces: [Buffer.alloc(2)],
    fields: [long(256, 1), long(257, 1), short(277, 1), long(278, 1)],
  };
  const error = await refused(t, writeTiff([sound, ...new Array<Directory>(10_000).fill(tiny)]), 'slide/structure');
  assert.match(error.message, /too many/);
});

test('whatever byte is changed, the check ends with a verdict and never with another error', async (t) => {
  const path = fileOf(t, '');
  for (const form of [{}, { bigEndian: true }, { bigTiff: true }]) {
    const whole = writeTiff(
      [await levelDirectory({ widthPx: 90, heightPx: 70, compression: 'none', tilePx: 16 })],
      form,
    );
    const directoryAt = form.bigTiff ? 16 : 8;
    const structure = fc.oneof(
      fc.integer({ min: 0, max: directoryAt - 1 }),
      fc.integer({ min: whole.length - 400, max: whole.length - 1 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(structure, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          writeFileSync(path, bytes);
          const source = await openBytes(path);
          try {
            const { directories } = await checkStructure(source);
            for (const { pieces } of directories)
              for (const [i, length] of pieces.byteCounts.entries())
                assert.ok(length === 0 || pieces.offsets[i]! + length <= bytes.length);
          } catch (thrown) {
            assert.ok(thrown instanceof EosinError, String(thrown));
          } finally {
            await source.close();
          }
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  }
});

test('the check does not write', async (t) => {
  const path = fileOf(t, writeTiff([sound]));
  const before = readFileSync(path);
  await open(path);
  assert.deepEqual(readFileSync(path), before);
});
