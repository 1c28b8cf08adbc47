/**
 * The description of an Aperio directory with the entries that say how it was scanned, each of a form that can hold no name.
 *
 *     Aperio Image Library v11.2.1        header          kept where it is of a known form
 *     46000x32914 (256x256) JPEG/RGB Q=30 sizes, coding   token by token
 *     |AppMag = 20|MPP = 0.4990|...       numbers         by name; Filename, User, Date, ImageID and all others are taken out
 */
import { type Taken, termsOf } from './search-terms.ts';

const plainHeader = 'Aperio Image Library';
const headerForm = /^Aperio (Image Library|Leica Biosystems (GT450|AT2|CS2)( DX)?) v\d{1,3}(\.\d{1,5}){0,4}$/;
const tokenForm =
  /^(\d+x\d+|\[\d+,\d+|\d+x\d+\]|\(\d+x\d+\)|->|(JPEG|J2K|JP2K|LZW|Deflate|None)(\/(RGB|YCC|YCbCr|YUY2|KDU|J2K))?|Q=\d+)$/;
const number = /^[-+]?\d{1,12}([.,]\d{1,12})?$/;
/** What a reader computes with; all other entries are taken out. */
const numbers: ReadonlySet<string> = new Set(
  [
    ...['AppMag', 'MPP', 'StripeWidth', 'Left', 'Top', 'LineCameraSkew', 'LineAreaXOffset', 'LineAreaYOffset'],
    ...[
      'Focus Offset',
      'OriginalWidth',
      'OriginalHeight',
      'Filtered',
      'Exposure Time',
      'Exposure Scale',
      'DisplayColor',
      'Gamma',
    ],
  ].map((name) => name.toLowerCase()),
);

/** The description to write, and what it leaves out by name. */
export function cleanAperio(description: string): { text: string; taken: Taken[] } {
  const taken: Taken[] = [];
  const [head = '', ...entries] = description.split('|');
  // Behind a semicolon stands the description of the file that this one was cut out of.
  const [own = '', ...origins] = head.split(';');
  const [first = '', ...lines] = own.split(/\r?\n/).map((line) => line.trim());
  const header = headerForm.test(first) ? first : plainHeader;
  if (header !== first) taken.push({ name: 'Aperio header', text: first });
  const tokens = [...lines, ...origins].join(' ').split(/\s+/);
  const sizes = lines
    .join(' ')
    .split(/\s+/)
    .filter((token) => tokenForm.test(token));
  for (const token of tokens)
    if (token !== '' && !tokenForm.test(token) && !headerForm.test(`Aperio Image Library ${token}`))
      taken.push({ name: 'Aperio header', text: token });
  const kept: string[] = [];
  for (const entry of entries) {
    const [name = '', value = ''] = divide(entry);
    if (numbers.has(name.toLowerCase()) && number.test(value)) kept.push(`|${name} = ${value}`);
    else taken.push({ name: `Aperio ${name || 'entry'}`, text: value });
  }
  return {
    text: `${header}\r\n${sizes.join(' ')}${kept.join('')}`,
    taken: taken
      .filter(({ text }) => !words.has(text))
      .filter(({ name, text }) => name !== 'Aperio header' || termsOf(text).length > 0),
  };
}

/** Of the header's own form, where a description holds that of another file. */
const words: ReadonlySet<string> = new Set(['Aperio', 'Image', 'Library', '-', 'label', 'macro']);

function divide(entry: string): [name: string, value: string] {
  const at = entry.indexOf('=');
  return at < 0 ? ['', entry.trim()] : [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
}
