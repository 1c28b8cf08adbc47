/**
 * A slide's pyramid as OpenSeadragon wants it. OpenSeadragon counts levels from the coarsest, the slide from the finest:
 *
 *     OpenSeadragon level   0      1      2
 *     slide level           2      1      0
 *
 * Tiles come over our own fetch, which carries the token.
 */
import OpenSeadragon from 'openseadragon';
import type { SlideView } from '../../app/core/project.ts';
import type { SlideLook } from '../../app/core/slide.ts';
import { pictures } from '../state/api.ts';
import { request } from '../state/http.ts';

export function slideTiles(
  slide: SlideView,
  look: SlideLook,
  failed: (error: unknown) => void,
): OpenSeadragon.TileSource {
  const { widthPx, heightPx } = slide.info;
  // A level no finer than the one before it would confuse the choice of levels.
  const levels = slide.info.levels
    .map((level, index) => ({ ...level, index }))
    .filter((level, at, all) => at === 0 || level.downsample > all[at - 1]!.downsample * 1.01)
    .reverse();
  const source = new OpenSeadragon.TileSource({
    width: widthPx,
    height: heightPx,
    tileSize: levels.at(-1)!.tileWidthPx,
    minLevel: 0,
    maxLevel: levels.length - 1,
  } as OpenSeadragon.TileSourceOptions);

  return Object.assign(source, {
    getLevelScale: (level: number) => 1 / levels[level]!.downsample,
    getTileWidth: (level: number) => levels[level]!.tileWidthPx,
    getTileHeight: (level: number) => levels[level]!.tileHeightPx,
    getNumTiles: (level: number) => {
      const { widthPx: width, heightPx: height, tileWidthPx, tileHeightPx } = levels[level]!;
      return new OpenSeadragon.Point(Math.ceil(width / tileWidthPx), Math.ceil(height / tileHeightPx));
    },
    getTileBounds: (level: number, x: number, y: number, isSource?: boolean) => {
      const one = levels[level]!;
      const left = x * one.tileWidthPx;
      const top = y * one.tileHeightPx;
      const width = Math.min(one.tileWidthPx, one.widthPx - left);
      const height = Math.min(one.tileHeightPx, one.heightPx - top);
      if (isSource) return new OpenSeadragon.Rect(0, 0, width, height);
      // Both axes are measured in widths of the slide.
      const unit = one.downsample / widthPx;
      return new OpenSeadragon.Rect(left * unit, top * unit, width * unit, height * unit);
    },
    getTileUrl: (level: number, x: number, y: number) => pictures.tile(slide, levels[level]!.index, x, y, look),
    downloadTileStart: (job: OpenSeadragon.ImageJob) => void fetchTile(job, failed),
    downloadTileAbort: (job: OpenSeadragon.ImageJob) => (job.userData as { stop?: AbortController }).stop?.abort(),
  });
}

async function fetchTile(job: OpenSeadragon.ImageJob, failed: (error: unknown) => void): Promise<void> {
  const stop = new AbortController();
  (job.userData as { stop?: AbortController }).stop = stop;
  try {
    const blob = await (await request(job.src, { signal: stop.signal })).blob();
    job.finish(blob, undefined as unknown as XMLHttpRequest, 'rasterBlob');
  } catch (error) {
    if (stop.signal.aborted) return;
    failed(error);
    job.fail(error instanceof Error ? error.message : String(error), undefined as unknown as XMLHttpRequest);
  }
}
