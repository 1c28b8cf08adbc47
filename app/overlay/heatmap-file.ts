/**
 * A heat map on disk, appended row by row: it is the resume state of a prediction.
 *
 *     'EOSINHM1'  uint32 header bytes  header JSON  uint32 crc of the header
 *     row 0: float32 [columns, classes]  uint32 crc      each row is complete and right, or it ends the file
 *     row 1: ...
 *
 * All numbers are little-endian. A torn or rotten last row is dropped when the file is opened again.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { EosinError } from '../core/errors.ts';
import { syncFolder, writeError, writeWhole } from '../files/write-whole.ts';
import { createHeatmap, type Heatmap, type HeatmapHeader } from './heatmap.ts';

const magic = Buffer.from('EOSINHM1', 'ascii');

/** A heat map that grows: memory and file hold the same finished rows. */
export interface HeatmapFile {
  readonly heatmap: Heatmap;
  /** Appends whole rows ([n, columns, classes]) and returns when they are safe on disk. */
  appendRows(values: Float32Array): Promise<void>;
  close(): Promise<void>;
}

const finite = z.number();
const headerSchema = z.strictObject({
  slideId: z.string(),
  slideFingerprint: z.string(),
  modelId: z.string(),
  modelSha256: z.string(),
  classes: z.array(z.strictObject({ name: z.string(), colour: z.string() })).min(1),
  grid: z.strictObject({
    x: finite,
    y: finite,
    strideX: finite.positive(),
    strideY: finite.positive(),
    columns: z.int().min(0),
    rows: z.int().min(0),
    patchWidth: finite.positive(),
    patchHeight: finite.positive(),
  }),
  mpp: z.strictObject({ x: finite.positive(), y: finite.positive() }).nullable(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/**
 * Opens `file` to go on where it stopped, or starts it anew. A file of another prediction (other header) is
 * refused with `heatmap/other`: give the run a file of its own or remove the old one.
 */
export async function openHeatmapFile(file: string, header: HeatmapHeader): Promise<HeatmapFile> {
  const stored = await readIfThere(file);
  let heatmap: Heatmap;
  let length: number;
  if (stored === null) {
    const head = renderHead(header);
    await writeWhole(file, head);
    heatmap = createHeatmap(header);
    length = head.length;
  } else {
    const read = parse(stored);
    if (!isDeepStrictEqual(read.heatmap.header, JSON.parse(JSON.stringify(header)))) {
      throw new EosinError('heatmap/other', 'conflict', 'The stored heat map belongs to another prediction.', {
        remedy: 'Predict with the settings it was started with, or remove it to start again.',
      });
    }
    heatmap = read.heatmap;
    length = read.length;
  }
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(length);
  } catch (cause) {
    await handle.close();
    throw writeError(file, cause);
  }
  return appender(file, handle, heatmap, length);
}

/** Reads a heat map, finished or not. Throws `heatmap/missing`, `heatmap/broken`. */
export async function readHeatmapFile(file: string): Promise<Heatmap> {
  const stored = await readIfThere(file);
  if (stored === null) {
    throw new EosinError('heatmap/missing', 'missing', 'There is no heat map of this prediction.', {
      remedy: 'Predict the slide again.',
    });
  }
  return parse(stored).heatmap;
}

function appender(file: string, handle: FileHandle, heatmap: Heatmap, start: number): HeatmapFile {
  const { columns, rows } = heatmap.header.grid;
  const rowValues = columns * heatmap.header.classes.length;
  let length = start;
  return {
    heatmap,
    async appendRows(values) {
      const count = rowValues === 0 ? 0 : values.length / rowValues;
      if (!Number.isInteger(count) || heatmap.rowsDone + count > rows) {
        throw new RangeError(`appendRows: ${values.length} values are no whole rows of ${rowValues} that still fit`);
      }
      if (count === 0) return;
      const bytes = renderRows(values, rowValues, count);
      try {
        await handle.write(bytes, 0, bytes.length, length);
        await handle.datasync();
      } catch (cause) {
        throw writeError(file, cause);
      }
      length += bytes.length;
      heatmap.values.set(values, heatmap.rowsDone * rowValues);
      heatmap.rowsDone += count;
    },
    async close() {
      await handle.close();
      await syncFolder(dirname(file));
    },
  };
}

function renderHead(header: HeatmapHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const head = Buffer.alloc(magic.length + 8 + json.length);
  magic.copy(head);
  head.writeUInt32LE(json.length, magic.length);
  json.copy(head, magic.length + 4);
  head.writeUInt32LE(crc32(json), magic.length + 4 + json.length);
  return head;
}

function renderRows(values: Float32Array, rowValues: number, count: number): Buffer {
  const rowBytes = rowValues * 4;
  const bytes = Buffer.alloc(count * (rowBytes + 4));
  for (let row = 0; row < count; row++) {
    const at = row * (rowBytes + 4);
    const source = values.subarray(row * rowValues, (row + 1) * rowValues);
    bytes.set(new Uint8Array(source.buffer, source.byteOffset, rowBytes), at);
    if (endianness() === 'BE') bytes.subarray(at, at + rowBytes).swap32();
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + rowBytes)), at + rowBytes);
  }
  return bytes;
}

function parse(stored: Buffer): { heatmap: Heatmap; length: number } {
  const header = parseHead(stored);
  const heatmap = createHeatmap(header.value);
  const rowValues = header.value.grid.columns * header.value.classes.length;
  const rowBytes = rowValues * 4;
  let at = header.length;
  while (heatmap.rowsDone < header.value.grid.rows && rowBytes > 0 && at + rowBytes + 4 <= stored.length) {
    const row = stored.subarray(at, at + rowBytes);
    if (crc32(row) !== stored.readUInt32LE(at + rowBytes)) break;
    const aligned = Buffer.from(row);
    if (endianness() === 'BE') aligned.swap32();
    for (let i = 0; i < rowValues; i++) heatmap.values[heatmap.rowsDone * rowValues + i] = aligned.readFloatLE(i * 4);
    heatmap.rowsDone++;
    at += rowBytes + 4;
  }
  return { heatmap, length: at };
}

function parseHead(stored: Buffer): { value: HeatmapHeader; length: number } {
  const broken = (cause?: unknown): EosinError =>
    new EosinError('heatmap/broken', 'input', 'The stored heat map is damaged.', {
      remedy: 'Remove it and predict the slide again.',
      ...(cause === undefined ? {} : { cause }),
    });
  if (stored.length < magic.length + 8 || !stored.subarray(0, magic.length).equals(magic)) throw broken();
  const jsonBytes = stored.readUInt32LE(magic.length);
  const end = magic.length + 4 + jsonBytes;
  if (end + 4 > stored.length) throw broken();
  const json = stored.subarray(magic.length + 4, end);
  if (crc32(json) !== stored.readUInt32LE(end)) throw broken();
  try {
    return { value: headerSchema.parse(JSON.parse(json.toString('utf8'))), length: end + 4 };
  } catch (cause) {
    throw broken(cause);
  }
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
