/**
 * A picture for people: the slide's thumbnail under the prediction, with title, legend, scale bar and the research-use
 * sentence.
 *
 *     +---------------------------+
 *     | slide · model             |
 *     | thumbnail with overlay    |
 *     | [G] gland  12.3 mm²  84 % |   a letter beside each colour: never by colour alone
 *     | For research use only ... |
 *     +---------------------------+
 */
import sharp from 'sharp';
import { parseHex } from '../../core/colormap.ts';
import { escapeMarkup } from '../../core/escape-markup.ts';
import type { PredictionSummary } from '../../core/project.ts';
import { researchUseOnly } from '../../core/research-use.ts';
import { paintCells } from '../cell-colours.ts';
import type { Heatmap } from '../heatmap.ts';

export interface PreviewWords {
  readonly slide: string;
  readonly model: string;
  readonly slideWidthPx: number;
  /** One a class, as the window draws them. */
  readonly letters: readonly string[];
}

const margin = 24;
const titleHeight = 64;
const lineHeight = 26;
/** Room that title and legend need, also under a narrow slide. */
const leastWidth = 520;
const overlayOpacity = 0.45;

/** PNG bytes; `thumbnailJpeg` shows the whole slide. */
export async function previewPng(
  map: Heatmap,
  summary: PredictionSummary,
  thumbnailJpeg: Uint8Array,
  words: PreviewWords,
): Promise<Uint8Array> {
  const picture = await sharp(thumbnailJpeg).removeAlpha().png().toBuffer({ resolveWithObject: true });
  const { width, height } = picture.info;
  const scale = width / words.slideWidthPx; // px of the thumbnail a level-0 px
  const overlay = sharp(overlayPixels(map, width, height, scale), { raw: { width, height, channels: 4 } });
  const canvasWidth = Math.max(width, leastWidth) + 2 * margin;
  const legendTop = titleHeight + height + 20;
  const canvasHeight = legendTop + (summary.classes.length + 1) * lineHeight + margin;
  const left = Math.floor((canvasWidth - width) / 2);
  const page = {
    width: canvasWidth,
    height: canvasHeight,
    legendTop,
    picture: { left, top: titleHeight, width, height },
    scale,
  };
  return await sharp({ create: { width: canvasWidth, height: canvasHeight, channels: 3, background: '#ffffff' } })
    .composite([
      { input: picture.data, left, top: titleHeight },
      { input: await overlay.png().toBuffer(), left, top: titleHeight },
      { input: Buffer.from(drawing(map, summary, words, page)), left: 0, top: 0 },
    ])
    // The sentence also as text inside the file, for whoever cannot read the picture.
    .withExif({ IFD0: { ImageDescription: `${words.slide}, ${words.model}. ${researchUseOnly}`, Software: 'Eosin' } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/** RGBA of the thumbnail's size: each pixel takes the colour of the cell that it lies in. */
function overlayPixels(map: Heatmap, width: number, height: number, scale: number): Uint8Array {
  const { grid } = map.header;
  const cells = paintCells(
    map,
    { mode: 'class', opacity: overlayOpacity },
    { level: 0, x: 0, y: 0, width: grid.columns, height: grid.rows },
  );
  const from = new Uint32Array(cells.buffer);
  const into = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) / scale - grid.y) / grid.strideY);
    if (row < 0 || row >= grid.rows) continue;
    for (let x = 0; x < width; x++) {
      const column = Math.floor(((x + 0.5) / scale - grid.x) / grid.strideX);
      if (column >= 0 && column < grid.columns) into[y * width + x] = from[row * grid.columns + column]!;
    }
  }
  return new Uint8Array(into.buffer);
}

interface Page {
  readonly width: number;
  readonly height: number;
  readonly legendTop: number;
  readonly picture: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly scale: number;
}

function drawing(map: Heatmap, summary: PredictionSummary, words: PreviewWords, page: Page): string {
  const total = summary.classes.reduce((sum, { patches }) => sum + patches, 0);
  const { picture } = page;
  const legend = summary.classes.map((entry, k) => {
    const y = page.legendTop + k * lineHeight;
    const area = entry.areaUm2 === null ? `${entry.patches} patches` : areaText(entry.areaUm2);
    const percent = total === 0 ? '0' : ((100 * entry.patches) / total).toFixed(1);
    return [
      `<rect x="${margin}" y="${y}" width="20" height="18" rx="3" fill="${escapeMarkup(entry.colour)}"/>`,
      `<text x="${margin + 10}" y="${y + 14}" text-anchor="middle" font-size="12" font-weight="700" fill="${inkOn(entry.colour)}">${escapeMarkup(words.letters[k] ?? '')}</text>`,
      `<text x="${margin + 32}" y="${y + 14}">${escapeMarkup(cut(entry.name, 34))}</text>`,
      `<text x="${margin + 400}" y="${y + 14}" text-anchor="end">${area}</text>`,
      `<text x="${margin + 490}" y="${y + 14}" text-anchor="end">${percent} %</text>`,
    ].join('');
  });
  const last = page.legendTop + summary.classes.length * lineHeight + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${page.width}" height="${page.height}" font-family="Inter, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif" font-size="15" fill="#1b1f24">`,
    `<text x="${margin}" y="30" font-size="18" font-weight="600">${escapeMarkup(cut(words.slide, 60))}</text>`,
    `<text x="${margin}" y="51" font-size="13" fill="#57606a">predicted by ${escapeMarkup(cut(words.model, 60))}</text>`,
    `<rect x="${picture.left + 0.5}" y="${picture.top + 0.5}" width="${picture.width - 1}" height="${picture.height - 1}" fill="none" stroke="#d0d7de"/>`,
    scaleBar(map, page),
    ...legend,
    `<text x="${margin}" y="${last}" font-size="13" font-weight="600">${escapeMarkup(researchUseOnly)}</text>`,
    '</svg>',
  ].join('');
}

/** A bar of 1, 2 or 5 times a power of ten, about a fifth of the picture; none where the slide's mpp is unknown. */
function scaleBar(map: Heatmap, { picture, scale }: Page): string {
  const { mpp } = map.header;
  if (mpp === null) return '';
  const umPerPx = mpp.x / scale;
  const wanted = (picture.width / 5) * umPerPx;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const lengthUm = power * ([5, 2, 1].find((step) => step * power <= wanted) ?? 1);
  const lengthPx = lengthUm / umPerPx;
  const text = lengthUm >= 1000 ? `${lengthUm / 1000} mm` : `${lengthUm} µm`;
  const x = picture.left + 14;
  const y = picture.top + picture.height - 14;
  return [
    `<rect x="${x - 6}" y="${y - 24}" width="${lengthPx + 12}" height="32" rx="4" fill="#ffffff" fill-opacity="0.85"/>`,
    `<path d="M${x} ${y - 5}V${y}H${x + lengthPx}V${y - 5}" fill="none" stroke="#1b1f24" stroke-width="2"/>`,
    `<text x="${x + lengthPx / 2}" y="${y - 8}" text-anchor="middle" font-size="12">${text}</text>`,
  ].join('');
}

/** µm² up to 0.01 mm², then mm². */
export function areaText(areaUm2: number): string {
  return areaUm2 < 10_000 ? `${Math.round(areaUm2)} µm²` : `${(areaUm2 / 1e6).toFixed(areaUm2 < 1e6 ? 3 : 2)} mm²`;
}

/** Black or white, whichever reads better on the colour (relative luminance, WCAG 2). */
function inkOn(colour: string): string {
  const [r, g, b] = parseHex(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
