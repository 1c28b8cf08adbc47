import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { randomFor } from '../../app/core/random.ts';
import { decodeRgb } from '../../app/slides/image-codec.ts';
import { readJpegHeader, wholeJpeg } from '../../app/slides/jpeg-stream.ts';
import { writeMiniTiff } from '../../app/slides/mini-tiff.ts';
import { decodeJpegInto, hasTurboJpeg } from '../../app/slides/turbo-jpeg.ts';

const tilePx = 96;
const rgb = 2;
const yCbCr = 6;
const needsLibrary = hasTurboJpeg() ? false : 'libjpeg-turbo is there on Linux only';

/** Noise over slopes, so that all frequencies and the edges of clipping occur. */
function picture(): Uint8Array {
  const random = randomFor(5, 'jpeg');
  return new Uint8Array(tilePx * tilePx * 3).map((_, i) => ((i >> 5) & 255) * 0.7 + random.integer(90));
}

/** libvips writes neither JFIF nor Adobe markers, as in TIFF. */
function tile(chromaSubsampling: '4:4:4' | '4:2:0'): Promise<Uint8Array> {
  const raw = sharp(picture(), { raw: { width: tilePx, height: tilePx, channels: 3 } });
  return raw.jpeg({ quality: 85, chromaSubsampling }).toBuffer();
}

/** As libtiff decodes it, which goes by `photometric` alone. */
async function throughTiff(jpeg: Uint8Array, photometric: number): Promise<Uint8Array> {
  const { chromaSubsampling } = readJpegHeader(jpeg)!;
  const size = { widthPx: tilePx, heightPx: tilePx, pieceHeightPx: tilePx, kind: 'tiles' as const };
  const fields = { compression: 7, photometric, samples: 3, predictor: 1, jpegTables: null, chromaSubsampling };
  return new Uint8Array((await decodeRgb(writeMiniTiff({ ...size, ...fields }, [jpeg]))).data);
}

function decode(jpeg: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(tilePx * tilePx * 3);
  return decodeJpegInto(jpeg, tilePx, tilePx, out) ? out : null;
}

const whole = (jpeg: Uint8Array, photometric: number) => wholeJpeg(null, photometric, jpeg, readJpegHeader(jpeg)!);

describe('libjpeg-turbo called directly', { skip: needsLibrary }, () => {
  for (const [chroma, photometric] of [['4:4:4', yCbCr] as const, ['4:2:0', yCbCr] as const, ['4:4:4', rgb] as const])
    test(`gives the px that libtiff gives: ${chroma}, photometric ${photometric}`, async () => {
      const jpeg = await tile(chroma);
      assert.deepEqual(decode(whole(jpeg, photometric)!), await throughTiff(jpeg, photometric));
    });

  test('refuses another size, a cut-off picture and what is no JPEG, and goes on after each', async () => {
    const jpeg = await tile('4:2:0');
    const good = whole(jpeg, yCbCr)!;
    const out = new Uint8Array(tilePx * tilePx * 3);
    assert.equal(decodeJpegInto(good, tilePx, tilePx - 16, out.slice(0, tilePx * (tilePx - 16) * 3)), false);
    assert.equal(decodeJpegInto(good, tilePx, tilePx, out.subarray(3)), false);
    assert.equal(decode(good.subarray(0, good.length >> 1)), null);
    assert.equal(decode(out), null);
    assert.ok(decode(good));
  });
});

describe('a tile as a JPEG of its own', () => {
  test('is refused where its markers state other colours than the file', async () => {
    const jpeg = await tile('4:4:4');
    const header = readJpegHeader(jpeg)!;
    assert.equal(wholeJpeg(null, rgb, jpeg, { ...header, jfif: true }), null);
    assert.equal(wholeJpeg(null, rgb, jpeg, { ...header, adobeTransform: 1 }), null);
    assert.equal(wholeJpeg(null, yCbCr, jpeg, { ...header, adobeTransform: 0 }), null);
    assert.ok(wholeJpeg(null, yCbCr, jpeg, { ...header, adobeTransform: 1 }));
  });

  test('is refused when it is progressive, grey, or of more bits', async () => {
    const jpeg = await tile('4:4:4');
    const header = readJpegHeader(jpeg)!;
    for (const other of [{ frame: 0xc2 }, { components: 1 }, { bits: 12 }])
      assert.equal(wholeJpeg(null, yCbCr, jpeg, { ...header, ...other }), null);
  });
});
