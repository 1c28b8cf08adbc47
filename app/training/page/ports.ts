/** The ports of training in a page: each is a call to the process of the job (calls.ts), which has the files. */
import { EosinError, type ErrorReport } from '../../core/errors.ts';
import { architectures } from '../../networks/architectures.ts';
import { type Backbone, type BackboneWeights, backboneOf } from '../../networks/backbone.ts';
import type { ArtifactSink, CacheStoreFactory, ForwardRunnerFactory, PatchSource } from '../ports.ts';
import type { Download, PageBackbone, PageCall } from './calls.ts';
import { bytesOf, decodeFrame, encodeFrame, floatsIn, partBytes } from './frame.ts';

/**
 * Calls over `send`, which carries one frame there and one back.
 *
 * @param onPause called with each answer once the run is to pause.
 */
export function pageCalls(
  send: (frame: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>,
  onPause: () => void,
): PageCall {
  return async (name, ask, bytes) => {
    const { header, bytes: answered } = decodeFrame(await send(encodeFrame({ call: name, ask }, bytes)));
    const { answer, error, pause } = header as { answer?: never; error?: ErrorReport; pause?: true };
    if (pause) onPause();
    if (error) throw EosinError.fromReport(error);
    return { answer: answer!, bytes: answered };
  };
}

/** Reads that are asked for in one turn of the event loop go in one call; views are made by the threads of the process. */
export function pagePatches(call: PageCall, store: { count: number; sizePx: number; contextPx: number }): PatchSource {
  const bytes = (store.sizePx + 2 * store.contextPx) ** 2 * 3;
  const read = together(bytes, async (indexes) => (await call('patches', { indexes })).bytes);
  return {
    ...store,
    read: async (index, into) => into.set(await read(index)),
    makeViews: async (request) => (await call('views', request)).bytes.slice(),
  };
}

/** Rows are sent when enough of them follow one another to fill a part, or before they are read. */
export function pageCaches(call: PageCall): CacheStoreFactory {
  return {
    async create(name, rows, rowLength) {
      const { cache } = (await call('cache-open', { name, rows, rowLength })).answer;
      const rowBytes = rowLength * 4;
      const room = Math.max(1, Math.floor(partBytes / rowBytes));
      let first = 0;
      let waiting: Float32Array[] = [];
      const flush = async (): Promise<void> => {
        if (waiting.length === 0) return;
        const sent = waiting;
        waiting = [];
        await call('cache-write', { cache, row: first }, joined(sent.map(bytesOf)));
      };
      const read = together(rowBytes, async (wanted) => {
        await flush();
        return (await call('cache-read', { cache, rows: wanted })).bytes;
      });
      return {
        async write(row, values) {
          if (row !== first + waiting.length || waiting.length === room) await flush();
          if (waiting.length === 0) first = row;
          waiting.push(values.slice());
        },
        read: async (row, into) => into.set(floatsIn(await read(row))),
        async close() {
          await call('cache-close', { cache });
        },
      };
    },
  };
}

/** Forward passes run where onnxruntime is, beside the page. */
export function pageForward(call: PageCall): ForwardRunnerFactory {
  return {
    async create(onnx, threads) {
      const { runner } = (await call('runner-open', { upload: await upload(call, onnx), threads })).answer;
      return {
        async run(pixels, count) {
          const { answer, bytes } = await call('runner-run', { runner, count }, pixels);
          const values = floatsIn(bytes);
          let at = 0;
          return Object.fromEntries(
            answer.outputs.map(({ name, length }) => {
              at += length;
              return [name, values.subarray(at - length, at)];
            }),
          );
        },
        async close() {
          await call('runner-close', { runner });
        },
      };
    },
  };
}

export function pageSink(call: PageCall): ArtifactSink {
  return {
    async put(name, bytes) {
      await call('put', { name, upload: await upload(call, bytes) });
    },
    async get(name) {
      const { file } = (await call('get', { name })).answer;
      return file && (await download(call, file));
    },
  };
}

/** The backbone that the job was given, with its weights. */
export async function pageBackbone(
  call: PageCall,
  { architecture, weights, specs, sha256, ...source }: PageBackbone,
): Promise<{ backbone: Backbone; weights: BackboneWeights }> {
  const found = architectures.find(({ name }) => name === architecture);
  if (!found) {
    throw new EosinError('page/outdated', 'conflict', 'This window is from another version of Eosin.', {
      remedy: 'Reload it, then start again.',
    });
  }
  const { buffer } = await download(call, weights);
  return { backbone: backboneOf(found, source), weights: { specs, sha256, data: buffer } };
}

let uploads = 0;

async function upload(call: PageCall, bytes: Uint8Array): Promise<number> {
  const id = uploads++;
  // An empty file is one part, too.
  for (let from = 0; from === 0 || from < bytes.length; from += partBytes) {
    await call('upload', { upload: id, bytes: bytes.length }, bytes.subarray(from, from + partBytes));
  }
  return id;
}

async function download(call: PageCall, file: Download): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(file.bytes);
  for (let from = 0; from < whole.length; ) {
    const { bytes } = await call('download', { download: file.download, from });
    whole.set(bytes, from);
    from += bytes.length;
  }
  return whole;
}

/** One item at a time outside; inside, all that are asked for in one turn of the event loop in one `load`. */
function together(itemBytes: number, load: (keys: readonly number[]) => Promise<Uint8Array>) {
  const most = Math.max(1, Math.floor(partBytes / itemBytes));
  let waiting: { readonly keys: number[]; readonly bytes: Promise<Uint8Array> } | null = null;
  const begin = (): NonNullable<typeof waiting> => {
    const keys: number[] = [];
    const bytes = Promise.resolve().then(() => {
      if (waiting === batch) waiting = null;
      return load(keys);
    });
    const batch = { keys, bytes };
    return batch;
  };
  return async (key: number): Promise<Uint8Array> => {
    if (waiting === null || waiting.keys.length === most) waiting = begin();
    const { keys, bytes } = waiting;
    const at = (keys.push(key) - 1) * itemBytes;
    return (await bytes).subarray(at, at + itemBytes);
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
