/** Union, difference and clipping of regions, over polyclip-ts. Rings come back open, as our own geometry has them. */
import * as polyclip from 'polyclip-ts';
import { areaPx2, boxPolygon, type MultiPolygon, type Point } from '../../app/core/geometry.ts';

type Closed = [number, number][][][];

const asClip = (geometry: MultiPolygon): Closed =>
  geometry.map((polygon) => polygon.map((ring) => ring.map(([x, y]): [number, number] => [x, y])));

/** polyclip closes its rings by repeating the first corner; slivers below a pixel's area are dropped. */
function fromClip(result: Closed): MultiPolygon {
  return result
    .map((polygon) =>
      polygon
        .map((ring) => ring.slice(0, -1).map(([x, y]): Point => [grid(x), grid(y)]))
        .filter((ring) => ring.length >= 3 && areaPx2([[ring]]) >= 1),
    )
    .filter((polygon) => polygon.length > 0);
}

/** Regions are stored in 1/64 px. */
const grid = (value: number): number => Math.round(value * 64) / 64;

export function union(a: MultiPolygon, b: MultiPolygon): MultiPolygon {
  return fromClip(polyclip.union(asClip(a), asClip(b)) as Closed);
}

export function difference(a: MultiPolygon, b: MultiPolygon): MultiPolygon {
  return fromClip(polyclip.difference(asClip(a), asClip(b)) as Closed);
}

/** The part of a shape that lies on the slide; also cleans crossings of a free-hand outline. */
export function clipToSlide(geometry: MultiPolygon, widthPx: number, heightPx: number): MultiPolygon {
  const slide = [boxPolygon({ x: 0, y: 0, width: widthPx, height: heightPx })];
  return fromClip(polyclip.intersection(asClip(geometry), asClip(slide)) as Closed);
}

export function moved(geometry: MultiPolygon, dx: number, dy: number): MultiPolygon {
  return geometry.map((polygon) => polygon.map((ring) => ring.map(([x, y]): Point => [grid(x + dx), grid(y + dy)])));
}
