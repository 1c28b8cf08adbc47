/** Cuts a rectangle out of a slide. */
import path from 'node:path';
import { EosinError } from '../../app/core/errors.ts';
import { downsampleFor, meanMpp } from '../../app/core/pyramid.ts';
import type { SlideInfo } from '../../app/core/slide.ts';
import { writeWhole } from '../../app/files/write-whole.ts';
import { colourOf, number, positive, requiredNumber, requiredText, sidePx, word, wrongUse } from './arguments.ts';
import type { Command, Flags } from './command.ts';

export const region: Command = {
  name: 'region',
  usage:
    'SLIDE --x N --y N --width N --height N [--level N | --mpp F] [--plane N] [--colour stored|srgb] --out FILE.png',
  summary:
    'Cuts a rectangle: x, y in level-0 px; width, height in px of the level or mpp. --plane counts from 0; srgb goes through the slide’s colour profile.',
  flags: Object.fromEntries(
    ['x', 'y', 'width', 'height', 'level', 'mpp', 'plane', 'colour', 'out'].map((name) => [
      name,
      { type: 'string' as const },
    ]),
  ),
  async run({ words, flags, terminal, app, signal }) {
    const { pool } = (await app()).services;
    const slide = { path: path.resolve(word(words, 0, 'SLIDE')), focalPlane: planeOf(flags), colour: colourOf(flags) };
    const file = path.resolve(requiredText(flags, 'out'));
    const widthPx = size(flags, 'width');
    const heightPx = size(flags, 'height');
    const request = { x: requiredNumber(flags, 'x'), y: requiredNumber(flags, 'y'), widthPx, heightPx };
    const downsample = downsampleOf(await pool.describe(slide, signal), flags);
    await writeWhole(file, await pool.regionPng(slide, { ...request, downsample }, signal));
    terminal.result({ file, widthPx, heightPx });
    if (!terminal.json) terminal.say(file);
  },
};

function planeOf(flags: Flags): number | undefined {
  const plane = number(flags, 'plane');
  if (plane !== undefined && !(Number.isInteger(plane) && plane >= 0)) throw wrongUse('--plane wants 0, 1, 2, ...');
  return plane;
}

function size(flags: Flags, name: string): number {
  const value = sidePx(flags, name, 30_000);
  if (value === undefined) throw wrongUse(`--${name} is missing.`);
  return value;
}

function downsampleOf(slide: SlideInfo, flags: Flags): number {
  const level = number(flags, 'level');
  const mpp = positive(flags, 'mpp');
  if (level !== undefined && mpp !== undefined) throw wrongUse('--level and --mpp exclude each other.');
  if (mpp !== undefined) {
    if (slide.mpp) return downsampleFor(meanMpp(slide.mpp), mpp);
    throw new EosinError('slide/unknown-mpp', 'input', 'The slide does not say its µm/px.', {
      remedy: 'Ask for a --level instead.',
    });
  }
  const found = slide.levels[level ?? 0];
  if (!found) throw wrongUse(`There is no level ${level}; the slide has ${slide.levels.length}.`);
  return found.downsample;
}
