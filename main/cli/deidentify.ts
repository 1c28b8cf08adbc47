/** A copy of a slide without names. */
import path from 'node:path';
import { createEta } from '../../app/core/progress.ts';
import type { CopyReport } from '../../app/slides/deidentify/copy-slide.ts';
import { saveCopyWithoutNames } from '../../app/slides/deidentify/save-copy.ts';
import { requiredText, word } from './arguments.ts';
import type { Command } from './command.ts';

const megabyte = 1e6;

export const deidentify: Command = {
  name: 'deidentify',
  usage: 'SLIDE --out FILE',
  summary: 'Writes a copy without label, macro and identifying tags, and searches every byte of it for them.',
  flags: { out: { type: 'string' } },
  async run({ words, flags, terminal, app, signal }) {
    const { pool, host } = (await app()).services;
    const slide = path.resolve(word(words, 0, 'SLIDE'));
    const out = path.resolve(requiredText(flags, 'out'));
    const eta = createEta();
    const report = await saveCopyWithoutNames(
      pool,
      { slide, out, user: host.user },
      ({ done, total }) => {
        // What is copied is then searched: as many bytes again.
        const half = total / 2;
        const searching = done > half;
        terminal.progress({
          type: 'progress',
          stage: searching ? 'searching the copy' : 'copying',
          done: Math.round((searching ? done - half : done) / megabyte),
          total: Math.round(half / megabyte),
          unit: 'MB',
          etaSeconds: eta.after(done, total),
        });
      },
      signal,
    );
    terminal.result({ ...report, file: out });
    for (const line of linesOf(report, out)) terminal.say(line);
    if (report.inName.length > 0)
      terminal.note(
        `Warning: the name ${path.basename(out)} itself holds what was taken out (${report.inName.join(', ')}).`,
      );
  },
};

function linesOf({ removed, pictures, searched, bytes, isFolder, files }: CopyReport, out: string): string[] {
  const short = searched.tooShort === 0 ? '' : ` ${searched.tooShort} are too short to be searched for.`;
  return [
    isFolder ? `${out} (${files.length === 1 ? 'one file' : `${files.length} files`})` : out,
    `Left out: ${[...pictures, ...removed].join(', ') || 'nothing that names anybody was there'}`,
    `Searched ${bytes.toLocaleString('en')} bytes for ${searched.values.toLocaleString('en')} values taken out: ${searched.found} found.${short}`,
    'Tiles are as the scanner coded them. What the tissue itself shows, such as writing on the glass, is still there.',
  ];
}
