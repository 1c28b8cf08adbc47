/**
 * The slides of `npm run bench slides`, made once into the cache folder and used again:
 *
 *     jpeg      20,480 px square, painted tissue; JPEG 4:2:0 of quality 85 in tiles of 256 px, levels of 1 2 4 8 ...   by libvips
 *     quarter   the same tiles with levels of 1 4 16, as Aperio stores them: half the resolution has to be made
 *     large     61,440 px square: the quarter slide's tiles nine times, each stored again
 *     jpeg2000  20,480 px square: lossy JPEG 2000 in tiles of 256 px, one level. The encoder at hand cannot aim at a size: what it encodes
 *               is drawn at half the resolution, so that a tile has the 10 to 20 KB that scanners give it
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { demoSlideSpecs, drawingVersion } from '../../app/demo/demo-slides.ts';
import { drawDemoSlides } from '../../app/demo/draw-demo-slides.ts';
import { openBytes } from '../../app/slides/byte-source.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { checkStructure } from '../../app/slides/structure-check.ts';
import { readDirectories } from '../../app/slides/tiff-directory.ts';
import { startProcess } from '../../main/start-process.ts';
import { encodeRgbPicture } from '../fixtures/jpeg2000-writer.ts';
import { type Field, writeTiff } from '../fixtures/tiff-writer.ts';

export type MadeSlide = 'jpeg' | 'quarter' | 'large' | 'jpeg2000';

export const sidePx = 20_480;
export const largeSidePx = 3 * sidePx;
export const tilePx = 256;
/** Side of the painting that is repeated all over. */
const paintedPx = 4096;
/** Grows when the slides change. */
const version = 1;

/** The slide's path; has it made, in a process of its own, when it is not there. */
export function madeSlide(name: MadeSlide, folder: string): string {
  const file = fileOf(name, folder);
  if (existsSync(file)) return file;
  console.log(`  making ${file}`);
  execFileSync(process.execPath, [import.meta.filename, name, folder], { stdio: 'inherit' });
  return file;
}

function fileOf(name: MadeSlide, folder: string): string {
  return path.join(folder, `${name}-${version}-${drawingVersion}.${name === 'jpeg2000' ? 'svs' : 'tif'}`);
}

async function make(name: MadeSlide, folder: string): Promise<void> {
  const part = `${fileOf(name, folder)}.part`;
  if (name === 'jpeg') await writePyramid(part, await painting(folder));
  else if (name === 'jpeg2000') await writeJpeg2000(part, await painting(folder));
  else await copyTiles(madeSlide('jpeg', folder), part, name === 'large' ? 3 : 1);
  await rename(part, fileOf(name, folder));
}

/** [paintedPx, paintedPx, rgb] of painted tissue. */
async function painting(folder: string): Promise<Uint8Array> {
  const spec = { ...demoSlideSpecs[0]!, name: 'painting', widthPx: paintedPx, heightPx: paintedPx };
  const [drawn] = (await drawDemoSlides({ startProcess, folder: path.join(folder, 'painting'), specs: [spec] })).slides;
  const slide = await openSlide(drawn!.file, { cacheFolder: folder });
  try {
    return (await slide.region({ x: 0, y: 0, widthPx: paintedPx, heightPx: paintedPx, downsample: 1 })).data;
  } finally {
    await slide.close();
  }
}

async function writePyramid(file: string, tissue: Uint8Array): Promise<void> {
  const size = { width: sidePx, height: sidePx, channels: 3 as const, background: '#fff' };
  const raw = { width: paintedPx, height: paintedPx, channels: 3 as const };
  await sharp({ create: size, limitInputPixels: false })
    .composite([
      { input: Buffer.from(tissue.buffer, tissue.byteOffset, tissue.length), raw, tile: true, gravity: 'northwest' },
    ])
    .removeAlpha()
    .tiff({ compression: 'jpeg', quality: 85, tile: true, tileWidth: tilePx, tileHeight: tilePx, pyramid: true })
    .toFile(file);
}

/** Copies every second level's tiles, undecoded, `repeat` times across and down. */
async function copyTiles(from: string, to: string, repeat: number): Promise<void> {
  const source = await openBytes(from);
  const file = await open(to, 'w');
  try {
    const directories = await readDirectories(source, await checkStructure(source));
    // A first level of whole tiles keeps whole tiles when it is halved twice, and again.
    const levels = [];
    let end = 16;
    for (const level of [0, 2, 4].map((i) => directories[i]!)) {
      const columns = level.widthPx / tilePx;
      const tiles = columns * repeat;
      const offsets = new Array<number>(tiles * tiles);
      const byteCounts = new Array<number>(tiles * tiles);
      for (let row = 0; row < tiles; row++) {
        const pieces: Uint8Array[] = [];
        for (let column = 0; column < tiles; column++) {
          const index = (row % columns) * columns + (column % columns);
          const piece = await source.read(level.pieces.offsets[index]!, level.pieces.byteCounts[index]!);
          offsets[row * tiles + column] = end;
          byteCounts[row * tiles + column] = piece.length;
          end += piece.length;
          pieces.push(piece);
        }
        await file.writev(pieces, end - pieces.reduce((sum, { length }) => sum + length, 0));
      }
      levels.push({ level, offsets, byteCounts });
    }
    // The directories, written as a file of their own, are moved behind the tiles.
    const fields = levels.map(({ level, offsets, byteCounts }, i): Field[] => [
      // Without the mark of a smaller copy OpenSlide takes the first directory for the only level.
      { tag: 254, type: 4, values: [i === 0 ? 0 : 1] },
      { tag: 256, type: 4, values: [level.widthPx * repeat] },
      { tag: 257, type: 4, values: [level.heightPx * repeat] },
      { tag: 258, type: 3, values: [8, 8, 8] },
      { tag: 259, type: 3, values: [level.compression] },
      { tag: 262, type: 3, values: [level.photometric] },
      { tag: 277, type: 3, values: [3] },
      { tag: 284, type: 3, values: [1] },
      { tag: 322, type: 4, values: [tilePx] },
      { tag: 323, type: 4, values: [tilePx] },
      { tag: 324, type: 16, values: offsets },
      { tag: 325, type: 4, values: byteCounts },
      { tag: 347, type: 7, values: level.jpegTables! },
      { tag: 530, type: 3, values: level.chromaSubsampling },
    ]);
    const start = end + (end & 1);
    const directory = writeTiff(
      fields.map((each) => ({ fields: each, pieces: [] })),
      { bigTiff: true, startsAt: start },
    );
    await file.write(directory, 0, 16, 0);
    await file.write(directory, 16, directory.length - 16, start);
  } finally {
    await file.close();
    await source.close();
  }
}

async function writeJpeg2000(file: string, painted: Uint8Array): Promise<void> {
  const raw = { width: paintedPx, height: paintedPx, channels: 3 as const };
  const tissue = sharp(painted, { raw })
    .extract({ left: 0, top: 0, width: paintedPx / 2, height: paintedPx / 2 })
    .resize(paintedPx, paintedPx);
  const smooth = await tissue.raw().toBuffer();
  const distinct = paintedPx / tilePx;
  const encoded: Buffer[] = [];
  for (let index = 0; index < distinct * distinct; index++) {
    const left = (index % distinct) * tilePx;
    const top = Math.floor(index / distinct) * tilePx;
    const tile = sharp(smooth, { raw }).extract({ left, top, width: tilePx, height: tilePx });
    encoded.push(await encodeRgbPicture(await tile.raw().toBuffer(), { widthPx: tilePx, heightPx: tilePx }, true));
  }
  const columns = sidePx / tilePx;
  const pieces = Array.from(
    { length: columns * columns },
    (_, i) => encoded[(Math.floor(i / columns) % distinct) * distinct + ((i % columns) % distinct)]!,
  );
  const fields: Field[] = [
    { tag: 256, type: 4, values: [sidePx] },
    { tag: 257, type: 4, values: [sidePx] },
    { tag: 258, type: 3, values: [8, 8, 8] },
    { tag: 259, type: 3, values: [33005] },
    { tag: 262, type: 3, values: [2] },
    { tag: 270, type: 2, values: `Aperio Image Library v12\r\n${sidePx}x${sidePx} (256x256)|AppMag = 40|MPP = 0.25` },
    { tag: 277, type: 3, values: [3] },
    { tag: 284, type: 3, values: [1] },
    { tag: 322, type: 4, values: [tilePx] },
    { tag: 323, type: 4, values: [tilePx] },
  ];
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(writeTiff([{ fields, pieces }]));
  } finally {
    await handle.close();
  }
}

if (import.meta.main) {
  const [name, folder] = process.argv.slice(2);
  await make(name as MadeSlide, folder!);
}
