/**
 * Pixels of every format against OpenSlide 4: boxes of each stored level at coordinates that are multiples of its downsample,
 * on the made slides of all formats and on the real ones of EOSIN_DATA.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomFor } from '../../app/core/random.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import type { TiffSlide } from '../../app/slides/tiff-slide.ts';
import { makeSoundSlides } from '../fixtures/sound-slides.ts';
import { peerPython } from './peer-python.ts';

const requirements = ['openslide-python==1.4.3', 'openslide-bin==4.0.1.2', 'pillow==13.0.0'];
const boxesALevel = 16;
const mostSide = 160;
const mostBytes = 2 ** 30;
/** Without boxes says the levels of a slide; reads the boxes otherwise. What the file leaves out is white, as in Eosin. */
const script = `
import json, sys, openslide, PIL.Image
slide = openslide.OpenSlide(sys.argv[1])
boxes = json.load(sys.stdin)
if not boxes:
    print(json.dumps([[*size, down] for size, down in zip(slide.level_dimensions, slide.level_downsamples)]))
for x, y, level, width, height in boxes:
    image = slide.read_region((x, y), level, (width, height))
    white = PIL.Image.new('RGBA', image.size, 'white')
    white.paste(image, mask=image.getchannel('A'))
    sys.stdout.buffer.write(white.convert('RGB').tobytes())
`;

type OpenSlideLevel = readonly [widthPx: number, heightPx: number, downsample: number];

/** x and y in level-0 px, the size in px of the level. */
type Box = readonly [x: number, y: number, level: number, width: number, height: number];

export async function benchParity(): Promise<void> {
  const python = peerPython('parity', requirements);
  if (python === null) return;
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'eosin-parity-'));
  try {
    for (const [name, bytes] of Object.entries(await makeSoundSlides())) {
      // A folder each: OpenSlide takes all DICOM files beside one as its slide.
      const file = path.join(scratch, name, name);
      mkdirSync(path.dirname(file));
      writeFileSync(file, bytes);
      await compare(python, file, scratch);
    }
    for (const file of realSlides()) await compare(python, file, scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function realSlides(): string[] {
  const data = process.env.EOSIN_DATA;
  if (!data) return [];
  return ['slides', 'dicom', 'mosaic'].flatMap((folder) => {
    const within = path.join(data, folder);
    return existsSync(within) ? readdirSync(within).map((name) => path.join(within, name)) : [];
  });
}

async function compare(python: string, file: string, cacheFolder: string): Promise<void> {
  const slide = await openSlide(file, { cacheFolder }).catch(() => null);
  if (!slide) return;
  try {
    const levelsThere = askOpenSlide(python, file, []);
    if (levelsThere === null) return console.log(`  ${path.basename(file)}: not read by OpenSlide`);
    const boxes = boxesOf(slide, path.basename(file), JSON.parse(levelsThere.toString()) as OpenSlideLevel[]);
    const theirs = askOpenSlide(python, file, boxes)!;
    let [at, largest, sum] = [0, 0, 0];
    for (const [x, y, level, widthPx, heightPx] of boxes) {
      const { downsample } = slide.info.levels[level]!;
      const { data } = await slide.region({ x, y, widthPx, heightPx, downsample });
      for (const [i, value] of data.entries()) {
        const difference = Math.abs(value - theirs[at + i]!);
        largest = Math.max(largest, difference);
        sum += difference;
      }
      at += data.length;
    }
    if (boxes.length === 0) return console.log(`  ${path.basename(file)}: no level that can be compared`);
    const levels = new Set(boxes.map(([, , level]) => level)).size;
    console.log(
      `  ${path.basename(file)}: ${levels} levels, ${(at / 3).toLocaleString('en')} px, largest difference ${largest}, mean ${(sum / at).toFixed(4)}`,
    );
  } finally {
    await slide.close();
  }
}

/**
 * Of levels that are stored, that OpenSlide has too at a whole downsample (it blurs at others), and that are at least a tile wide
 * (narrower ones are not read rightly by all of its libraries).
 */
function boxesOf({ info }: TiffSlide, name: string, theirs: readonly OpenSlideLevel[]): Box[] {
  const random = randomFor(1, 'parity', name);
  return info.levels.flatMap((level, number) => {
    const [widthPx, heightPx, step = 0] = theirs[number] ?? [];
    const isSame = widthPx === level.widthPx && heightPx === level.heightPx && Number.isInteger(step);
    if (!isSame || level.compression === 'made' || level.widthPx < level.tileWidthPx) return [];
    return Array.from({ length: boxesALevel }, (): Box => {
      const width = Math.min(level.widthPx, 16 + random.integer(mostSide));
      const height = Math.min(level.heightPx, 16 + random.integer(mostSide));
      const x = random.integer(level.widthPx - width + 1) * step;
      const y = random.integer(level.heightPx - height + 1) * step;
      return [x, y, number, width, height];
    });
  });
}

function askOpenSlide(python: string, file: string, boxes: readonly Box[]): Buffer | null {
  // Of a folder of DICOM files OpenSlide wants one.
  const one = file.endsWith('.dcm') || path.extname(file) !== '' ? file : path.join(file, readdirSync(file)[0]!);
  try {
    return execFileSync(python, ['-c', script, one], {
      input: JSON.stringify(boxes),
      maxBuffer: mostBytes,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch {
    return null;
  }
}
