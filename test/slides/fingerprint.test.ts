import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSlide } from '../../app/slides/open-slide.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { writeSlide } from '../fixtures/tiff-writer.ts';

async function fingerprintOf(path: string): Promise<string> {
  const slide = await openSlide(path, { cacheFolder: path });
  await slide.close();
  return slide.info.fingerprint;
}

test('a fingerprint belongs to the content: not to name or time, but to every part that it covers', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'a.tif');
  await writeSlide(path, [
    { widthPx: 300, heightPx: 200, fields: [{ tag: 270, type: 2, values: 'Patient slide, box 7' }] },
  ]);
  const first = await fingerprintOf(path);
  assert.match(first, /^[0-9a-f]{64}$/);
  const copy = join(folder, 'b.tif');
  copyFileSync(path, copy);
  utimesSync(copy, 1, 1);
  assert.equal(await fingerprintOf(copy), first);

  const changed = async (change: (bytes: Buffer) => Buffer) => {
    const other = join(folder, 'c.tif');
    writeFileSync(other, change(readFileSync(path)));
    return fingerprintOf(other);
  };
  const seen = new Set([first]);
  // 20 tiles are fewer than 64 draws, so a change in one that was drawn shows.
  let tiles = 0;
  for (let tile = 0; tile < 20; tile++) {
    const print = await changed((bytes) => {
      bytes[8 + tile * 64 * 64 * 3 + 100]! ^= 1;
      return bytes;
    });
    if (print !== first) tiles++;
  }
  assert.ok(tiles >= 16, `${tiles} of 20 tiles are covered`);
  seen.add(await changed((bytes) => Buffer.concat([bytes, Buffer.alloc(2)])));
  seen.add(
    await changed((bytes) => {
      bytes.write('9', bytes.indexOf('box 7') + 4);
      return bytes;
    }),
  );
  assert.equal(seen.size, 3);
});
