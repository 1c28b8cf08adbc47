/** What is in a slide. */
import path from 'node:path';
import type { SlideInfo } from '../../app/core/slide.ts';
import { withoutNames } from '../../app/core/slide-names.ts';
import { word } from './arguments.ts';
import type { Command } from './command.ts';
import { table } from './table.ts';

export const info: Command = {
  name: 'info',
  usage: 'SLIDE [--all]',
  summary: 'What is in a slide: size, µm/px, levels, compression; with --all also what may name a person.',
  flags: { all: { type: 'boolean' } },
  async run({ words, flags, terminal, app, signal }) {
    const { pool } = (await app()).services;
    const slide = await pool.describe(path.resolve(word(words, 0, 'SLIDE')), signal);
    const shown = flags.all ? { properties: slide.properties, hidden: 0 } : withoutNames(slide.properties);
    terminal.result({ ...slide, ...shown });
    if (terminal.json) return;
    const mpp = slide.mpp ? `${slide.mpp.x} x ${slide.mpp.y} µm/px` : 'µm/px unknown';
    terminal.say(
      `${slide.format} (${slide.vendor}), ${slide.widthPx} x ${slide.heightPx} px, ${mpp}, objective ${slide.objective ?? 'unknown'}`,
    );
    const rows = slide.levels.map((level, i) => [
      String(i),
      `${level.widthPx} x ${level.heightPx}`,
      level.downsample.toFixed(2),
      `${level.tileWidthPx} x ${level.tileHeightPx}`,
      level.compression,
    ]);
    terminal.say(table(['Level', 'px', 'downsample', 'tile', 'compression'], rows));
    for (const line of moreInWords(slide)) terminal.say(line);
    terminal.say(`Stored beside it: ${slide.associated.join(', ') || 'nothing'}`);
    terminal.say(`Fingerprint ${slide.fingerprint}`);
    if (flags.all) {
      for (const [name, value] of Object.entries(shown.properties))
        terminal.say(`  ${name}: ${value.replaceAll(/\s+/g, ' ')}`);
    } else if (shown.hidden > 0)
      terminal.say(
        shown.hidden === 1
          ? '1 property that may name a person is not shown; --all shows it.'
          : `${shown.hidden} properties that may name a person are not shown; --all shows them.`,
      );
  },
};

/** Only what not every slide has. */
function moreInWords({ focalPlanes: { offsetsUm, shown }, icc, properties }: SlideInfo): string[] {
  const heights = offsetsUm.map((um) => (um === null ? '?' : String(um))).join(', ');
  const why = properties['icc.not-used'];
  return [
    ...(offsetsUm.length > 1
      ? [`Focal planes: ${offsetsUm.length}, at ${heights} µm; without --plane ${shown} is shown`]
      : []),
    ...(icc ? [`Colour profile: ${icc.description}`] : []),
    ...(why === undefined ? [] : [`Colour profile: not used, because ${why}`]),
  ];
}
