/** JPEG 2000 pictures to RGB with OpenJPEG (WebAssembly), colours as OpenSlide makes them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readJpeg2000Header } from './jpeg2000-header.ts';

/** What the samples of the picture mean once its own colour transform, if it has one, is undone. */
export type Jpeg2000Colours = 'rgb' | 'ycbcr' | 'grey';

interface Decoder {
  getEncodedBuffer(bytes: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
  /** A copy. */
  getDecodedBuffer(): Uint8ClampedArray;
  delete(): void;
}

interface Codec {
  readonly J2KDecoder: new () => Decoder;
}

type LoadCodec = (options: {
  wasmBinary: Uint8Array;
  print(line: string): void;
  printErr(line: string): void;
}) => Promise<Codec>;

/** Inner tiles are bookkeeping of half a kilobyte each and more; scanners write one. */
const mostInnerTiles = 1024;

let loading: Promise<Codec> | null = null;

/**
 * [height, width, rgb], 8 bits. Throws when the picture is damaged, or is not of this size and these colours with 8 bits a sample;
 * nothing is decoded then. Chroma may be halved across, or across and down.
 */
export async function decodeJpeg2000(
  bytes: Uint8Array,
  { widthPx, heightPx, colours }: { widthPx: number; heightPx: number; colours: Jpeg2000Colours },
): Promise<Uint8Array> {
  const header = readJpeg2000Header(bytes);
  if (!header) throw new Error('no JPEG 2000');
  const { components } = header;
  if (header.widthPx !== widthPx || header.heightPx !== heightPx || !header.atOrigin || header.tiles > mostInnerTiles)
    throw new Error(`a JPEG 2000 picture of ${header.widthPx} x ${header.heightPx} px where another belongs`);
  if (components.length !== (colours === 'grey' ? 1 : 3) || components.some(({ bits, signed }) => bits !== 8 || signed))
    throw new Error(`JPEG 2000 with ${components.length} components of ${components[0]?.bits} bits`);
  const sampling = components.map(({ step }) => step.join('x')).join(' ');
  const isWhole = sampling === '1x1 1x1 1x1' || sampling === '1x1';
  const isHalved = sampling === '1x1 2x1 2x1' || sampling === '1x1 2x2 2x2';
  if (!isWhole && !(isHalved && colours === 'ycbcr')) throw new Error(`JPEG 2000 sampled ${sampling}`);
  const data = await decode(header.codestream, widthPx * heightPx * components.length);
  if (colours === 'grey') return greyToRgb(data);
  // The decoder has already made RGB of halved chroma; it cuts fractions off, so that a channel may be 1 off.
  if (colours === 'ycbcr' && !isHalved) ycbcrToRgb(data);
  return data;
}

async function decode(codestream: Uint8Array, wanted: number): Promise<Uint8Array> {
  loading ??= loadCodec();
  const decoder = new (await loading).J2KDecoder();
  try {
    decoder.getEncodedBuffer(codestream.length).set(codestream);
    decoder.decode();
    const { width, height, componentCount } = decoder.getFrameInfo();
    const data = decoder.getDecodedBuffer();
    // A picture that cannot be decoded has no size: the decoder throws nothing.
    if (width * height * componentCount !== wanted || data.length !== wanted) throw new Error('damaged JPEG 2000');
    decoder.delete();
    return new Uint8Array(data.buffer, data.byteOffset, data.length);
  } catch (thrown) {
    // Whatever stopped it may have left its memory in disorder: the next picture gets a new one.
    loading = null;
    throw thrown instanceof Error ? thrown : new Error('damaged JPEG 2000');
  }
}

function loadCodec(): Promise<Codec> {
  const require = createRequire(import.meta.url);
  const load = require('@cornerstonejs/codec-openjpeg/decodewasmjs') as LoadCodec;
  const wasmBinary = readFileSync(require.resolve('@cornerstonejs/codec-openjpeg/decodewasm'));
  return load({ wasmBinary, print() {}, printErr() {} });
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const data = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) data[i * 3] = data[i * 3 + 1] = data[i * 3 + 2] = grey[i]!;
  return data;
}

/** What Cr adds to red, Cb to blue, and both to green, by their values; made when the first picture needs them. */
let added: { readonly red: Int16Array; readonly green: Int16Array; readonly blue: Int16Array } | null = null;

/** Rounded as OpenSlide does it: 1.772 * 125 is a tie, and goes away from zero. */
function tabulate() {
  const red = Int16Array.from({ length: 256 }, (_, cr) => Math.round(1.402 * (cr - 128)));
  const blue = Int16Array.from(
    { length: 256 },
    (_, cb) => Math.sign(cb - 128) * Math.round(1.772 * Math.abs(cb - 128)),
  );
  const green = Int16Array.from({ length: 65536 }, (_, i) =>
    Math.round(-0.34414 * ((i >> 8) - 128) - 0.71414 * ((i & 255) - 128)),
  );
  return { red, green, blue };
}

/** Full-range BT.601 in place. */
function ycbcrToRgb(data: Uint8Array): void {
  added ??= tabulate();
  const { red, green, blue } = added;
  const out = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < data.length; i += 3) {
    const y = data[i]!;
    const cb = data[i + 1]!;
    const cr = data[i + 2]!;
    out[i] = y + red[cr]!;
    out[i + 1] = y + green[(cb << 8) | cr]!;
    out[i + 2] = y + blue[cb]!;
  }
}
