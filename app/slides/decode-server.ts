/** The inside of a decode process: one call at a time, slides kept open while they are in use. It may be killed at any moment. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { reportOf } from '../core/errors.ts';
import type { RgbImage } from '../core/slide.ts';
import type { ParentPort } from '../core/worker-process.ts';
import type {
  CallOf,
  DecodeCall,
  DecodeKind,
  DecodeResults,
  FromDecode,
  RegionEncoding,
  TileAnswer,
  ToDecode,
} from './decode-messages.ts';
import { copySlide } from './deidentify/copy-slide.ts';
import { encodeJpeg, encodePng } from './image-codec.ts';
import { openSlide } from './open-slide.ts';
import { cutPatches } from './patch-cutter.ts';
import { decodePictures } from './picture-reader.ts';
import type { OnStep } from './slide.ts';
import { fileError, isOutOfReach, slideChanged } from './slide-errors.ts';
import { type SlideSource, slideSource } from './slide-source.ts';
import { versionNow } from './slide-version.ts';
import { readThumbnail } from './thumbnail.ts';
import type { TiffSlide } from './tiff-slide.ts';
import { readTissueMap } from './tissue-map.ts';

const slidesKeptOpen = 8;
const thumbnailQuality = 88;
const mostBytesInMessage = 2 ** 18;
/** Steps come quicker than anybody needs to hear of them. */
const stepEveryMs = 100;

interface Context {
  open(slide: SlideSource): Promise<TiffSlide>;
  /** Writes to the call's slot and says how many bytes. */
  fill(data: Uint8Array): Promise<number>;
  onStep: OnStep;
}

type Handlers = { [K in DecodeKind]: (call: CallOf<K>, context: Context) => Promise<DecodeResults[K]> };

const handlers: Handlers = {
  describe: async ({ slide: source }, { open }) => {
    const { info, files } = await open(source);
    return { info, files };
  },
  tile: async ({ slide: source, level, x, y }, { open, fill, onStep }) => {
    const slide = await open(source);
    const { bytes, type } = await slide.tile(level, x, y, onStep);
    if (bytes.length <= mostBytesInMessage) return { type, picture: bytes };
    return { type, bytes: await fill(bytes) };
  },
  tiles: async ({ slide: source, places }, { open, onStep }) => {
    const answers: TileAnswer[] = [];
    for (const { level, x, y } of places) {
      try {
        const { bytes, type } = await (await open(source)).tile(level, x, y, onStep);
        answers.push(bytes.length <= mostBytesInMessage ? { type, picture: bytes } : null);
      } catch (thrown) {
        if (isOutOfReach(thrown)) throw thrown;
        answers.push({ error: reportOf(thrown) });
      }
    }
    return { answers };
  },
  region: async ({ slide: source, request, encoding }, { open, fill, onStep }) => {
    const image = await (await open(source)).region(request, onStep);
    return { bytes: await fill(await encode(image, encoding)), widthPx: image.widthPx, heightPx: image.heightPx };
  },
  thumbnail: async ({ slide: source, maxSidePx }, { open, fill, onStep }) => {
    const image = await readThumbnail(await open(source), maxSidePx, onStep);
    return { bytes: await fill(await encodeJpeg(image, thumbnailQuality)) };
  },
  associated: async ({ slide: source, name }, { open, fill }) => ({
    bytes: await fill(await encodeJpeg(await (await open(source)).associated(name), thumbnailQuality)),
  }),
  'tissue-map': async ({ slide: source }, { open, fill, onStep }) => {
    const { scores, pen, ...rest } = await readTissueMap(await open(source), onStep);
    return { bytes: await fill(Buffer.concat([scores, pen])), ...rest };
  },
  'make-levels': async ({ slide: source }, { open, onStep }) => {
    await (await open(source)).makeLevels(onStep);
    return {};
  },
  'cut-patches': async ({ slide: source, request }, { open, onStep }) => {
    return { focus: await cutPatches(await open(source), request, onStep) };
  },
  'decode-pictures': async ({ request }, { onStep }) => {
    await decodePictures(request, onStep);
    return {};
  },
  deidentify: ({ slide: { path }, request }, { onStep }) => copySlide(path, request, onStep),
};

async function encode(image: RgbImage, encoding: RegionEncoding): Promise<Uint8Array> {
  if (encoding.as === 'rgb') return image.data;
  return encoding.as === 'png' ? encodePng(image) : encodeJpeg(image, encoding.quality);
}

/** Answers calls until the host closes the port; then the process ends. */
export function serveDecode(port: ParentPort, { cacheFolder }: { cacheFolder: string }): void {
  const { open, forget } = keepSlidesOpen(cacheFolder);
  const send = (message: FromDecode): void => port.send(message);
  const answer = async ({ id, call, slot }: ToDecode): Promise<void> => {
    let told = performance.now();
    const onStep: OnStep = (progress) => {
      if (performance.now() - told < stepEveryMs) return;
      told = performance.now();
      send({ type: 'step', id, progress });
    };
    const fill = async (data: Uint8Array): Promise<number> => {
      await writeFile(slot, data).catch((thrown) => {
        throw fileError(thrown, basename(slot));
      });
      return data.length;
    };
    try {
      // The handler of a kind takes calls of that kind; TypeScript does not follow that through the index.
      const handle = handlers[call.kind] as (call: DecodeCall, context: Context) => Promise<DecodeResults[DecodeKind]>;
      send({ type: 'done', id, result: await handle(call, { open, fill, onStep }) });
    } catch (thrown) {
      // What was open on a drive that has gone stays dead when the drive comes back.
      if ('slide' in call && isOutOfReach(thrown)) await forget(call.slide);
      send({ type: 'failed', id, error: reportOf(thrown) });
    }
  };
  port.onClose(() => process.exit(0));
  port.onMessage((message) => void answer(message as ToDecode));
  send({ type: 'ready' });
}

/** Opens a look of a slide once; anew when the file behind the path has changed; closes the one that was not used for longest. */
function keepSlidesOpen(cacheFolder: string): {
  open(source: SlideSource): Promise<TiffSlide>;
  forget(source: SlideSource): Promise<void>;
} {
  const slides = new Map<string, { slide: TiffSlide; version: string }>();
  const keyOf = (source: SlideSource): string => JSON.stringify(slideSource(source));
  const forget = async (source: SlideSource): Promise<void> => {
    const key = keyOf(source);
    const known = slides.get(key);
    slides.delete(key);
    await known?.slide.close().catch(() => undefined);
  };
  const opened = async (source: SlideSource): Promise<TiffSlide> => {
    const { path, ...look } = source;
    const key = keyOf(source);
    const known = slides.get(key);
    const version = versionNow(path, known?.slide.files ?? []);
    if (known?.version === version) {
      slides.delete(key);
      slides.set(key, known);
      return known.slide;
    }
    await forget(source);
    const slide = await openSlide(path, { cacheFolder, ...look });
    slides.set(key, { slide, version: slide.files.length > 0 ? versionNow(path, slide.files) : version });
    for (const [oldest, { slide: unused }] of slides) {
      if (slides.size <= slidesKeptOpen) break;
      slides.delete(oldest);
      await unused.close();
    }
    return slide;
  };
  /** Throws `slide/changed` where the file is not the slide that is asked for. */
  const open = async (source: SlideSource): Promise<TiffSlide> => {
    const slide = await opened(source);
    if (source.fingerprint !== undefined && slide.info.fingerprint !== source.fingerprint)
      throw slideChanged(basename(source.path));
    return slide;
  };
  return { open, forget };
}
