import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { randomFor } from '../../app/core/random.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { decodeJpeg2000 } from '../../app/slides/jpeg2000.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { encodePlanes, encodeRgbPicture, type Plane } from '../fixtures/jpeg2000-writer.ts';
import { hasOpenSlide, openSlideRgb } from '../fixtures/openslide.ts';
import { storedTile } from '../fixtures/stored-tile.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { coordinates, type Field, levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

const needsOpenSlide = hasOpenSlide() ? false : 'python3-openslide is not installed';
const tilePx = 64;
const tile = { widthPx: tilePx, heightPx: tilePx };
const size = { widthPx: 300, heightPx: 210 };
const whole = { x: 0, y: 0, ...size, downsample: 1 };

type Encode = (raw: Uint8Array) => Promise<Uint8Array>;

/** An Aperio slide with these tiles; `raw` is what the encoder got, tile by tile. */
async function open(t: TestContext, compression: number, encode: Encode, fields: readonly Field[] = []) {
  const plain = await levelDirectory({
    ...size,
    tilePx,
    fields: [
      { tag: 259, type: 3, values: [compression] },
      { tag: 270, type: 2, values: 'Aperio Image Library v12\r\n300x210 (64x64)|AppMag = 20|MPP = 0,5' },
      ...fields,
    ],
  });
  const raw = plain.pieces.map((piece) => piece!);
  const pieces = await Promise.all(raw.map(encode));
  const folder = tempFolder(t);
  const path = join(folder, 'slide.svs');
  writeFileSync(path, writeTiff([{ ...plain, pieces }]));
  const slide = await openSlide(path, { cacheFolder: join(folder, 'cache') });
  t.after(() => slide.close());
  return { path, slide, raw, pieces };
}

/** One component of interleaved samples, each the mean of `step` px. */
function plane(raw: Uint8Array, component: number, step: readonly [number, number] = [1, 1]): Plane {
  const [widthPx, heightPx] = [tilePx / step[0], tilePx / step[1]];
  const data = new Uint8Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++)
      data[y * widthPx + x] = raw[(y * step[1] * tilePx + x * step[0]) * 3 + component]!;
  return { data, widthPx, heightPx, step };
}

const planes =
  (step: readonly [number, number]): Encode =>
  (raw) =>
    encodePlanes([plane(raw, 0), plane(raw, 1, step), plane(raw, 2, step)]);

/** Noise, so that all values of all components meet. */
const noise: Encode = (raw) => {
  const random = randomFor(3, `${raw[0]} ${raw[1]}`);
  for (let i = 0; i < raw.length; i++) raw[i] = random.integer(256);
  return planes([1, 1])(raw);
};

const theirs = (path: string) =>
  openSlideRgb(path, { level: 0, x: 0, y: 0, width: size.widthPx, height: size.heightPx });

function worst(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test('every px of lossless RGB is where it belongs: 33005 and 34712', async (t) => {
  for (const compression of [33005, 34712]) {
    const { slide } = await open(t, compression, (raw) => encodeRgbPicture(raw, tile));
    assert.equal(slide.info.levels[0]!.compression, 'jpeg2000');
    const at = { x: 61, y: 37, widthPx: 139, heightPx: 101, downsample: 1 };
    const { data } = await slide.region(at);
    for (let y = 0; y < at.heightPx; y++)
      for (let x = 0; x < at.widthPx; x++) {
        const from = (y * at.widthPx + x) * 3;
        assert.deepEqual([...data.subarray(from, from + 3)], coordinates(at.x + x, at.y + y));
      }
    const shown = await decodeRgb((await slide.tile(0, 4, 3)).bytes);
    assert.deepEqual([shown.widthPx, shown.heightPx], [44, 18]);
    assert.equal(await storedTile(slide, 0, 0, 0), null);
  }
});

for (const [name, compression, encode, most] of [
  ['RGB', 33005, (raw) => encodeRgbPicture(raw, tile), 0],
  ['lossy RGB', 33005, (raw) => encodeRgbPicture(raw, tile, true), 0],
  ['YCbCr', 33003, noise, 0],
  ['YCbCr with chroma halved across', 33003, planes([2, 1]), 1],
  ['YCbCr with chroma halved across and down', 33003, planes([2, 2]), 1],
] as const satisfies readonly (readonly [string, number, Encode, number])[]) {
  test(`pixels equal OpenSlide's to ${most}: ${name}`, { skip: needsOpenSlide }, async (t) => {
    const { path, slide } = await open(t, compression, encode);
    const { data } = await slide.region(whole);
    const difference = worst(data, theirs(path));
    assert.ok(difference <= most, `${difference}`);
  });
}

test('34712 says in its colour space what its samples are; a JP2 file in a tile is read as its codestream', async (t) => {
  const ycbcr = await open(t, 33003, noise);
  const photometric: Field = { tag: 262, type: 3, values: [6] };
  const boxed = await open(
    t,
    34712,
    async (raw) => {
      const codestream = Buffer.from(await noise(raw));
      const box = (name: string, content: Buffer): Buffer => {
        const head = Buffer.alloc(8);
        head.writeUInt32BE(8 + content.length);
        head.write(name, 4, 'latin1');
        return Buffer.concat([head, content]);
      };
      const signature = box('jP  ', Buffer.from('0d0a870a', 'hex'));
      return Buffer.concat([signature, box('ftyp', Buffer.from('jp2 \0\0\0\0jp2 ')), box('jp2c', codestream)]);
    },
    [photometric],
  );
  const [a, b] = [await ycbcr.slide.region(whole), await boxed.slide.region(whole)];
  assert.ok(Buffer.from(a.data).equals(b.data));
});

test('grey becomes RGB', async () => {
  const data = Uint8Array.from({ length: tilePx * tilePx }, (_, i) => (i * 7) & 255);
  const stored = await encodePlanes([{ data, ...tile, step: [1, 1] }]);
  const rgb = await decodeJpeg2000(stored, { ...tile, colours: 'grey' });
  assert.ok(rgb.every((value, i) => value === data[Math.floor(i / 3)]));
});

const changed = (bytes: Uint8Array, at: number, value: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(value, at);
  return copy;
};

for (const [name, damage] of Object.entries<(good: Buffer, raw: Uint8Array) => Buffer | Promise<Buffer>>({
  'another width': (good) => changed(good, 8, 65),
  'a monstrous size': (good) => changed(changed(good, 8, 2 ** 31), 12, 2 ** 31),
  'a picture that does not begin at the origin': (good) => changed(changed(good, 16, 64), 8, 128),
  'thousands of inner tiles': (good) => changed(changed(good, 24, 1), 28, 1),
  'inner tiles of no size': (good) => changed(good, 24, 0),
  'cut off': (good) => good.subarray(0, good.length >> 1),
  'the header alone': (good) => good.subarray(0, 51),
  'no JPEG 2000': () => Buffer.alloc(99, 7),
  'one byte': () => Buffer.of(255),
  'one component where three belong': (_, raw) => encodePlanes([plane(raw, 0)]),
  '16 bits a sample': (good) => Buffer.concat([good.subarray(0, 42), Buffer.of(15), good.subarray(43)]),
  'chroma sampled as no scanner does': (_, raw) =>
    encodePlanes([plane(raw, 0), plane(raw, 1, [4, 1]), plane(raw, 2, [4, 1])]),
  'a box that is longer than its tile': (good) =>
    Buffer.concat([Buffer.from('0000000c6a5020200d0a870a7fffffff6a703263', 'hex'), good]),
})) {
  test(`a damaged tile is named and its neighbours are read: ${name}`, async (t) => {
    let index = 0;
    const { slide } = await open(t, 33003, async (raw) => {
      const good = await encodePlanes([plane(raw, 0), plane(raw, 1), plane(raw, 2)]);
      return index++ === 7 ? damage(good, raw) : good;
    });
    await assert.rejects(slide.region(whole), {
      code: 'slide/damaged-tile',
      fields: { column: 2, row: 1, downsample: 1 },
    });
    await slide.region({ x: 0, y: 0, widthPx: 128, heightPx: 210, downsample: 1 });
  });
}

test('whatever bytes of a picture are changed, it decodes to its size or throws, and the next one is sound', async () => {
  const data = Uint8Array.from({ length: tilePx * tilePx * 3 }, (_, i) => (i * 11) & 255);
  const good = await encodeRgbPicture(data, tile);
  const random = randomFor(5, 'jpeg2000');
  const as = { ...tile, colours: 'rgb' } as const;
  for (let run = 0; run < 200; run++) {
    const bytes = Buffer.from(good);
    for (let change = random.integer(4); change >= 0; change--)
      bytes[random.integer(random.next() < 0.5 ? 120 : bytes.length)] = random.integer(256);
    const decoded = await decodeJpeg2000(bytes, as).catch((thrown: unknown) => thrown);
    assert.ok(decoded instanceof Error || (decoded instanceof Uint8Array && decoded.length === data.length));
  }
  assert.ok(Buffer.from(await decodeJpeg2000(good, as)).equals(data));
});
