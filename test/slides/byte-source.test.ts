import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBytes } from '../../app/slides/byte-source.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

test('a range is given whole, and one that is not in the file is refused, also one that a cut-off file makes negative', async (t) => {
  const path = join(tempFolder(t), 'file');
  writeFileSync(path, Buffer.from('0123456789'));
  const source = await openBytes(path);
  t.after(() => source.close());
  assert.equal(Buffer.from(await source.read(3, 4)).toString(), '3456');
  assert.equal((await source.read(10, 0)).length, 0);
  const impossible = [
    [8, 3],
    [-1, 2],
    // Found by fuzzing: what is left of a file, where its end lies before its beginning.
    [20, -15],
    [Number.NaN, 1],
    [0, Number.NaN],
  ] as const;
  for (const [offset, length] of impossible)
    await assert.rejects(source.read(offset, length), { code: 'slide/truncated', name: 'EosinError' });
});
