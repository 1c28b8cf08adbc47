/** Pixels of a slide: tiles, regions, thumbnail, tissue mask. Nothing here changes anything. */
import { Hono } from 'hono';
import sharp from 'sharp';
import { z } from 'zod';
import type { ColourMode } from '../core/slide.ts';
import type { TissueMap } from '../core/tissue-map.ts';
import type { SlideSource } from '../slides/slide-source.ts';
import type { ApiDeps } from './api-deps.ts';
import { query } from './validated.ts';

/** Which file is meant, by its fingerprint: the slide's own when left out. */
const file = z.string().max(64).optional();
/** A tile of a slide never changes while its id stands for the same file. */
const cacheable = { 'cache-control': 'private, max-age=86400' };
/** How the slide is looked at: the plane counts from 0 in the file's order. */
const look = {
  plane: z.coerce.number().int().min(0).optional(),
  colour: z.enum(['stored', 'srgb']).optional(),
};
const regionSchema = z.object({
  ...look,
  x: z.coerce.number(),
  y: z.coerce.number(),
  width: z.coerce.number().int().min(1).max(4096),
  height: z.coerce.number().int().min(1).max(4096),
  downsample: z.coerce.number().positive().max(4096).default(1),
});

export function slidePixelRoutes({ pool, masks, workspace }: ApiDeps) {
  /** The slide, or the file that stands in its place where somebody asks for that by its fingerprint. */
  const sourceOf = (
    id: string,
    { file, plane, colour }: { file?: string | undefined; plane?: number | undefined; colour?: ColourMode | undefined },
  ): SlideSource => {
    const source = { ...workspace.project().slides.source(id), focalPlane: plane, colour };
    return file === undefined ? source : { ...source, fingerprint: file };
  };
  return new Hono()
    .get('/:id/tiles/:level/:x/:y', query(z.object({ file, ...look })), async (c) => {
      const { id, level, x, y } = c.req.param();
      const at = { level: Number(level), x: Number(x), y: Number(y) };
      const tile = await pool.tile(sourceOf(id, c.req.valid('query')), at, c.req.raw.signal);
      return c.body(own(tile.bytes), 200, { 'content-type': tile.type, ...cacheable });
    })
    .get(
      '/:id/thumbnail',
      query(z.object({ side: z.coerce.number().int().min(16).max(2048).default(256), file, ...look })),
      async (c) => {
        const { side, ...asked } = c.req.valid('query');
        const jpeg = await pool.thumbnail(sourceOf(c.req.param('id'), asked), side, c.req.raw.signal);
        return c.body(own(jpeg), 200, { 'content-type': 'image/jpeg', ...cacheable });
      },
    )
    .get('/:id/region', query(regionSchema), async (c) => {
      const { x, y, width, height, downsample, ...asked } = c.req.valid('query');
      const request = { x, y, widthPx: width, heightPx: height, downsample };
      const jpeg = await pool.regionJpeg(sourceOf(c.req.param('id'), asked), request, 88, c.req.raw.signal);
      return c.body(own(jpeg), 200, { 'content-type': 'image/jpeg', ...cacheable });
    })
    .get('/:id/tissue', async (c) => {
      // Red: the scores; green: pen. The window draws the line itself, so that a threshold can be moved at once.
      const { scores, pen, widthPx, heightPx, ...rest } = await masks.map(
        sourceOf(c.req.param('id'), {}),
        c.req.raw.signal,
      );
      const rgb = new Uint8Array(scores.length * 3);
      for (let i = 0; i < scores.length; i++) {
        rgb[i * 3] = scores[i]!;
        rgb[i * 3 + 1] = pen[i]!;
      }
      const png = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
        .png()
        .toBuffer();
      return c.body(own(png), 200, {
        'content-type': 'image/png',
        'x-tissue-map': JSON.stringify(rest satisfies Omit<TissueMap, 'scores' | 'pen' | 'widthPx' | 'heightPx'>),
        ...cacheable,
      });
    });
}

/** Bytes on a buffer of their own, as a response body wants them. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
