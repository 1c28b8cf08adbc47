/** What counts as tissue on a slide: as a picture, and as a choice that a project keeps. */
import path from 'node:path';
import sharp from 'sharp';
import type { SlideView } from '../../app/core/project.ts';
import { tissueMaskOf } from '../../app/core/tissue-map.ts';
import { writeWhole } from '../../app/files/write-whole.ts';
import type { SlidePatch } from '../../app/slides/slide-store.ts';
import { number, requiredText, word, wrongUse } from './arguments.ts';
import { call } from './call.ts';
import type { Command, Flags } from './command.ts';
import { openProjectAt } from './open-project.ts';
import { table } from './table.ts';

export const tissue: Command = {
  name: 'tissue',
  usage: 'SLIDE --out FILE.png [--threshold 0..255] [--pen-is-tissue]',
  summary: 'Writes what counts as tissue as a picture, white on black, a pixel about 8 µm wide.',
  flags: { out: { type: 'string' }, threshold: { type: 'string' }, 'pen-is-tissue': { type: 'boolean' } },
  async run({ words, flags, terminal, app, signal }) {
    const { masks } = (await app()).services;
    const slidePath = path.resolve(word(words, 0, 'SLIDE'));
    const file = path.resolve(requiredText(flags, 'out'));
    const choice = { threshold: thresholdOf(flags), penIsTissue: flags['pen-is-tissue'] === true };
    const map = await masks.map(slidePath, signal);
    const { data, widthPx, heightPx, downsample, threshold } = tissueMaskOf(map, choice);
    const raw = { width: widthPx, height: heightPx, channels: 1 as const };
    await writeWhole(file, await sharp(data, { raw }).png().toBuffer());
    const share = (cells: Uint8Array): number => cells.filter((value) => value > 0).length / cells.length;
    const found = { threshold, automatic: map.automatic, tissue: share(data), pen: share(map.pen) };
    terminal.result({ file, widthPx, heightPx, downsample, ...found });
    if (terminal.json) return;
    const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
    terminal.say(
      `${file}\nThreshold ${threshold} (automatic ${map.automatic}); tissue ${percent(found.tissue)} of the slide, pen ${percent(found.pen)}`,
    );
  },
};

export const projectTissue: Command = {
  name: 'project tissue',
  usage: 'DIR [SLIDE=0..255|automatic|pen-is-tissue|pen-is-ink ...]',
  summary: 'Shows and sets where tissue begins on slides of a project; patches and predictions follow it.',
  flags: {},
  async run({ words, terminal, app }) {
    const started = await app();
    await openProjectAt(started, word(words, 0, 'DIR'));
    const { slides } = started.services.workspace.project();
    const edits = words.slice(1).map((given) => {
      const [, name, value] = /^(.+)=(\d+|automatic|pen-is-tissue|pen-is-ink)$/.exec(given) ?? [];
      if (!name || !value) throw wrongUse(`"${given}" is not SLIDE=number, automatic, pen-is-tissue or pen-is-ink.`);
      return { id: slides.find(name).id, change: changeOf(value) };
    });
    for (const { id, change } of edits)
      await call<SlideView>(started, 'PATCH', `/api/slides/${id}`, { tissue: change });
    const list = slides.list().map(({ id, name, tissue: choice }) => ({ id, name, ...choice }));
    terminal.result({ slides: list });
    if (terminal.json) return;
    const rows = list.map(({ name, threshold, penIsTissue }) => [
      name,
      threshold === null ? 'automatic' : String(threshold),
      penIsTissue ? 'tissue' : 'left out',
    ]);
    terminal.say(table(['Slide', 'threshold', 'pen'], rows));
  },
};

function changeOf(value: string): NonNullable<SlidePatch['tissue']> {
  if (value === 'automatic') return { threshold: null };
  if (value.startsWith('pen-')) return { penIsTissue: value === 'pen-is-tissue' };
  return { threshold: Number(value) };
}

export function thresholdOf(flags: Flags): number | null {
  const value = number(flags, 'threshold') ?? null;
  if (value === null || (Number.isInteger(value) && value >= 0 && value <= 255)) return value;
  throw wrongUse('--threshold wants a whole number from 0 to 255.');
}
