import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { openBytes } from '../../app/slides/byte-source.ts';
import { compileSearch, type Needle, scanRange } from '../../app/slides/deidentify/scan-bytes.ts';
import { searchTerms, termsOf } from '../../app/slides/deidentify/search-terms.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const needle = (text: string): Needle => ({ name: text, bytes: Buffer.from(text, 'latin1') });

test('finds what a search byte by byte finds, for needles of every length', () => {
  const random = randomFor(1, 'scan-bytes');
  const letters = 'abc';
  const word = (length: number): string =>
    Array.from({ length }, () => letters[random.integer(letters.length)]!).join('');
  for (let round = 0; round < 60; round++) {
    const data = Buffer.from(word(400));
    const needles = Array.from({ length: 1 + random.integer(6) }, () => needle(word(2 + random.integer(9))));
    const found: string[] = [];
    compileSearch(needles)(data, ({ name }, at) => found.push(`${name}@${at}`));
    const wanted: string[] = [];
    for (const { name } of needles)
      for (let at = data.indexOf(name); at >= 0; at = data.indexOf(name, at + 1)) wanted.push(`${name}@${at}`);
    assert.deepEqual(found.sort(), wanted.sort());
  }
});

test('a needle over the border of two blocks is found, one before the range is not', async (t) => {
  const path = join(tempFolder(t), 'file');
  const block = 4 * 2 ** 20;
  const bytes = Buffer.alloc(2 * block + 100);
  bytes.write('early', 10);
  bytes.write('border', 12 + block - 3);
  bytes.write('second', 12 + 2 * block - 1);
  bytes.write('end', bytes.length - 3);
  writeFileSync(path, bytes);
  const source = await openBytes(path);
  t.after(() => source.close());
  const needles = ['early', 'border', 'second', 'end', 'none'].map(needle);
  let seen = 0;
  const found = await scanRange(source, needles, { from: 12, to: source.sizeBytes }, (count) => {
    seen += count;
  });
  assert.deepEqual([...found].sort(), ['border', 'end', 'second']);
  assert.equal(seen, source.sizeBytes - 12);
});

test('values are searched for piece by piece, in four encodings, unless they say nothing', () => {
  assert.deepEqual(termsOf('MÜLLER^Änne=x\r\npath\\to/file|12345|123456|unknown|0000000'), [
    'MÜLLER',
    'Änne',
    'path',
    'to',
    'file',
    '123456',
  ]);
  const { everywhere, besidePixels, terms, left } = searchTerms(
    [
      { name: 'PatientName', text: 'Müller^Lee' },
      { name: 'User', text: 'anna' },
      { name: 'Kept', text: 'JPEG/RGB' },
    ],
    'a JPEG and RGB',
  );
  assert.deepEqual(
    terms.map(({ text }) => text),
    ['Müller', 'anna'],
  );
  assert.equal(left, 1, 'Lee is too short');
  // Müller in UTF-8 (7 bytes), both UTF-16 (12), Latin-1 (6); anna in both UTF-16 (8).
  assert.deepEqual(
    everywhere.map(({ bytes }) => bytes.length),
    [7, 12, 12, 6, 8, 8],
  );
  assert.deepEqual(
    besidePixels.map(({ bytes }) => bytes.length),
    [4],
  );
});
