/**
 * What a PNG or JPEG says of itself before its first pixel, read in bounded pieces before any decoder sees the file.
 *
 *     PNG    signature | IHDR | iCCP, pHYs, ... | IDAT ...        chunks of length, name, data, checksum
 *     JPEG   SOI | JFIF, Exif, profile, ... | SOF | ...     segments of marker, length, data
 */
import { inflateSync } from 'node:zlib';
import type { Mpp } from '../core/pyramid.ts';
import type { ByteSource } from './byte-source.ts';
import { mostProfileBytes } from './icc-profile.ts';
import { plausibleMpp } from './plausible-mpp.ts';
import { badStructure, truncated, unsupported } from './slide-errors.ts';

export interface PictureHeader {
  readonly format: 'png' | 'jpeg' | 'tiff';
  readonly widthPx: number;
  readonly heightPx: number;
  readonly mpp: Mpp | null;
  /** As `SlideLayout` has it. */
  readonly profile: Uint8Array | null;
  /** Interlaced or progressive: a decoder holds all of it in memory. */
  readonly wholeInMemory: boolean;
  /** A decoder's warning about its data is an error: what it cannot decode would come out as black. */
  readonly strict: boolean;
}

/** Resolutions coarser than this are a printer's or a screen's: 2540 dots an inch. */
const coarsestMpp = 10;
const mostChunks = 10_000;
const umPerInch = 25_400;
const umPerCm = 10_000;

/** Null when the file begins as neither. Throws `slide/structure`, `slide/truncated`, `slide/unsupported`. */
export async function readPictureHeader(source: ByteSource): Promise<PictureHeader | null> {
  if (source.sizeBytes < 16) return null;
  const head = Buffer.from(await source.read(0, 16));
  if (head.readBigUInt64BE(0) === 0x89504e470d0a1a0an) return readPng(source);
  if (head.readUIntBE(0, 3) === 0xffd8ff) return readJpeg(source);
  return null;
}

/** µm per px from dots a unit, where it can be a microscope's; null otherwise. */
export function mppOfDots(dotsX: number, dotsY: number, unitUm: number): Mpp | null {
  const mpp = plausibleMpp(unitUm / dotsX, unitUm / dotsY);
  return mpp && mpp.x <= coarsestMpp && mpp.y <= coarsestMpp ? mpp : null;
}

async function readPng(source: ByteSource): Promise<PictureHeader> {
  const readAt = async (at: number, length: number, what: string): Promise<Buffer> => {
    if (at + length > source.sizeBytes) throw truncated(what, { offset: at, length, sizeBytes: source.sizeBytes });
    return Buffer.from(await source.read(at, length));
  };
  const first = await readAt(8, 25, 'its header');
  if (first.readUInt32BE(0) !== 13 || first.toString('latin1', 4, 8) !== 'IHDR')
    throw badStructure('it does not begin with its size', { offset: 8 });
  const size = { widthPx: first.readUInt32BE(8), heightPx: first.readUInt32BE(12) };
  const interlaced = first[20]! !== 0;
  let mpp: Mpp | null = null;
  let profile: Uint8Array | null = null;
  let at = 33;
  for (let chunk = 0; ; chunk++) {
    const head = await readAt(at, 8, 'its pixels');
    const length = head.readUInt32BE(0);
    const name = head.toString('latin1', 4, 8);
    if (!/^[A-Za-z]{4}$/.test(name) || chunk >= mostChunks)
      throw badStructure('its chunks are none', { chunk, offset: at });
    if (at + 12 + length > source.sizeBytes)
      throw truncated(`its chunk ${name}`, { offset: at, length, sizeBytes: source.sizeBytes });
    if (name === 'IDAT') return { format: 'png', ...size, mpp, profile, wholeInMemory: interlaced, strict: false };
    if (name === 'IEND') throw badStructure('it has no pixels', { offset: at });
    if (name === 'pHYs' && length === 9) {
      const dots = await readAt(at + 8, 9, 'its resolution');
      if (dots[8] === 1) mpp = mppOfDots(dots.readUInt32BE(0), dots.readUInt32BE(4), 1e6);
    }
    if (name === 'iCCP' && !profile)
      profile = inflateProfile(await readAt(at + 8, Math.min(length, mostProfileBytes), 'its profile'));
    at += 12 + length;
  }
}

/** A name, a zero, the method 0 (deflate), then the profile; empty when it is none. */
function inflateProfile(chunk: Buffer): Uint8Array {
  const name = chunk.indexOf(0);
  if (name < 0 || chunk[name + 1] !== 0) return new Uint8Array(0);
  try {
    return inflateSync(chunk.subarray(name + 2), { maxOutputLength: mostProfileBytes });
  } catch {
    return new Uint8Array(0);
  }
}

/** A JPEG's profile comes in parts, numbered from 1. */
function joinProfile(parts: ReadonlyMap<number, Buffer>): Uint8Array | null {
  if (parts.size === 0) return null;
  return Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, part]) => part));
}

async function readJpeg(source: ByteSource): Promise<PictureHeader> {
  let mpp: Mpp | null = null;
  const profile = new Map<number, Buffer>();
  let at = 2;
  for (let segment = 0; segment < mostChunks; segment++) {
    if (at + 4 > source.sizeBytes) throw truncated('its pixels', { offset: at, sizeBytes: source.sizeBytes });
    const head = Buffer.from(await source.read(at, Math.min(20, source.sizeBytes - at)));
    if (head[0] !== 0xff) throw badStructure('its markers are none', { offset: at });
    const marker = head[1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = head.readUInt16BE(2);
    if (marker === 0xda || marker === 0xd9 || length < 2) throw badStructure('it has no size', { offset: at });
    if (at + 2 + length > source.sizeBytes)
      throw truncated('its header', { offset: at, length, sizeBytes: source.sizeBytes });
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { format: 'jpeg', ...readFrame(head, marker, length, at), mpp, profile: joinProfile(profile) };
    if (marker === 0xe0 && length >= 14 && head.toString('latin1', 4, 9) === 'JFIF\0') {
      const unit = head[11];
      if (unit === 1 || unit === 2)
        mpp = mppOfDots(head.readUInt16BE(12), head.readUInt16BE(14), unit === 1 ? umPerInch : umPerCm);
    }
    if (marker === 0xe2 && length > 16 && head.toString('latin1', 4, 16) === 'ICC_PROFILE\0' && profile.size < 255)
      profile.set(head[16]!, Buffer.from(await source.read(at + 18, length - 16)));
    at += 2 + length;
  }
  throw badStructure('it has too many markers', { limit: mostChunks });
}

function readFrame(head: Buffer, marker: number, length: number, at: number) {
  if (length < 8 || head.length < 10) throw badStructure('its size is cut off', { offset: at, length });
  const [bits, heightPx, widthPx, components] = [head[4]!, head.readUInt16BE(5), head.readUInt16BE(7), head[9]!];
  if (marker > 0xc2) throw unsupported('it is a lossless or arithmetic JPEG', { marker });
  if (bits !== 8) throw unsupported(`it has ${bits} bits a sample`, { bits });
  if (components !== 1 && components !== 3)
    throw unsupported(components === 4 ? 'its colours are for print (CMYK)' : `it has ${components} colours`, {
      components,
    });
  return { widthPx, heightPx, wholeInMemory: marker === 0xc2, strict: false };
}
