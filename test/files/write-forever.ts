/** A process that writes a file and folders over and over until it is killed; for write-whole.test.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderWhole, writeWhole } from '../../app/files/write-whole.ts';

const [folder, round] = process.argv.slice(2) as [string, string];
process.stdout.write('ready');
for (let i = 0; ; i++) {
  const text = `${round}.${i}\n`.repeat(20_000);
  await writeWhole(join(folder, 'file.txt'), text);
  await writeFolderWhole(join(folder, `model-${round}-${i}`), async (temporary) => {
    await writeFile(join(temporary, 'a.txt'), text);
    await writeFile(join(temporary, 'b.txt'), text);
  });
}
