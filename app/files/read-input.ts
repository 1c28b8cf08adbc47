/** Reads a file that a person named: what goes wrong is said in our words. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { EosinError } from '../core/errors.ts';

/** The whole file. Throws `file/missing`, `file/unreadable`. */
export async function readInput(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const name = basename(file);
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      throw new EosinError('file/missing', 'missing', `There is no file ${name}.`, {
        remedy: 'Check its name and folder.',
        fields: { name },
        cause,
      });
    }
    throw new EosinError('file/unreadable', 'input', `${name} cannot be read (${reason}).`, {
      remedy: 'Check that it is a file and that you may read it.',
      fields: { name, reason },
      cause,
    });
  }
}
