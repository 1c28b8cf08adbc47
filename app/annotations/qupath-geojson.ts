/**
 * Regions as QuPath writes and reads them: GeoJSON in level-0 px.
 *
 *     Feature { id, geometry: Polygon | MultiPolygon | GeometryCollection,
 *               properties: { objectType, classification: { name, color: [r, g, b] | colorRGB: int } } }
 *
 * The file comes from outside: only own properties that are known by name are read, into fresh objects, so that a
 * `__proto__` in it is a word like any other.
 */
import type { Annotation, RegionClass } from '../core/annotation.ts';
import { parseHex } from '../core/colormap.ts';
import { EosinError, reportOf } from '../core/errors.ts';
import { type MultiPolygon, type Point, type Polygon, type Ring, ringArea } from '../core/geometry.ts';
import { researchUseOnly } from '../core/research-use.ts';
import { mostPointsInRing } from './check-geometry.ts';
import { isIgnoreName } from './class-store.ts';
import { jsonItems } from './json-items.ts';

export interface ImportLimits {
  readonly bytes: number;
  readonly features: number;
  readonly vertices: number;
}

const importLimits: ImportLimits = { bytes: 512 * 1024 * 1024, features: 1_000_000, vertices: 5_000_000 };

/** A region of a file: its class still by name. */
export interface ImportedRegion {
  /** Its place in the file, from 1. */
  readonly feature: number;
  /** The file's id where it is a UUID, else null. */
  readonly id: string | null;
  readonly className: string | null;
  /** `#rrggbb`, or null where the file names none. */
  readonly colour: string | null;
  readonly geometry: MultiPolygon;
}

export interface ImportedRegions {
  readonly regions: readonly ImportedRegion[];
  /** A sentence for each feature that was not taken. */
  readonly refused: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Reads a FeatureCollection, an array of features, or one feature. Throws `annotation/too-large`, `annotation/not-json`,
 * `annotation/too-deep`, and `annotation/not-geojson` when it holds no feature at all.
 */
export function readQupathGeoJson(bytes: Uint8Array, limits: ImportLimits = importLimits): ImportedRegions {
  if (bytes.length > limits.bytes) throw tooLarge(`${bytes.length} bytes`);
  const regions: ImportedRegion[] = [];
  const refused: string[] = [];
  const warnings = new Set<string>();
  let features = 0;
  let vertices = 0;
  let sawGeoJson = false;
  for (const item of jsonItems(bytes)) {
    features++;
    sawGeoJson ||= geoJsonTypes.has(own(item, 'type'));
    if (features > limits.features) throw tooLarge(`more than ${limits.features} features`);
    try {
      const geometry = readGeometry(own(item, 'type') === 'Feature' ? own(item, 'geometry') : item);
      for (const polygon of geometry) for (const ring of polygon) vertices += ring.length;
      if (vertices > limits.vertices) throw tooLarge(`more than ${limits.vertices} corners`);
      regions.push({ feature: features, ...readFeature(item, warnings), geometry: tidy(geometry, features, warnings) });
    } catch (thrown) {
      const { code, message } = reportOf(thrown);
      if (code === 'annotation/too-large') throw thrown;
      refused.push(`Feature ${features}: ${message}`);
    }
  }
  if (features > 0 && !sawGeoJson) throw notGeoJson();
  return { regions, refused, warnings: [...warnings] };
}

const lineTypes: readonly unknown[] = ['Point', 'MultiPoint', 'LineString', 'MultiLineString'];
const geoJsonTypes: ReadonlySet<unknown> = new Set([
  'Feature',
  'Polygon',
  'MultiPolygon',
  'GeometryCollection',
  ...lineTypes,
]);

/** As QuPath 0.4 and later read it, with the ids that the regions have here. */
export function exportQupathGeoJson(annotations: readonly Annotation[], classes: readonly RegionClass[]): string {
  const byId = new Map(classes.map((one) => [one.id, one]));
  const features = annotations.map(({ id, classId, geometry }) => ({
    type: 'Feature',
    id,
    geometry: writeGeometry(geometry),
    properties: {
      objectType: 'annotation',
      ...(classId === null ? {} : { classification: writeClass(byId.get(classId)) }),
    },
  }));
  const lines = features.map((feature) => JSON.stringify(feature)).join(',\n');
  return `{"type":"FeatureCollection","researchUse":${JSON.stringify(researchUseOnly)},"features":[\n${lines}\n]}\n`;
}

function writeClass(one: RegionClass | undefined): { name: string; color: readonly number[] } | undefined {
  if (!one) return undefined;
  return { name: one.role === 'ignore' && isIgnoreName(one.name) ? 'Ignore*' : one.name, color: parseHex(one.colour) };
}

function writeGeometry(geometry: MultiPolygon): { type: string; coordinates: unknown } {
  const closed = geometry.map((polygon) => polygon.map((ring) => [...ring, ring[0]!]));
  return closed.length === 1
    ? { type: 'Polygon', coordinates: closed[0] }
    : { type: 'MultiPolygon', coordinates: closed };
}

/** A property that the object itself has; never one of its prototype. */
function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function readFeature(item: unknown, warnings: Set<string>): Omit<ImportedRegion, 'feature' | 'geometry'> {
  const id = own(item, 'id');
  const properties = own(item, 'properties');
  const classification = own(properties, 'classification');
  const name = typeof classification === 'string' ? classification : own(classification, 'name');
  const className = typeof name === 'string' && name.trim() !== '' ? name.trim() : joinedNames(classification);
  const title = own(properties, 'name');
  if (className === null && typeof title === 'string' && title !== '') {
    warnings.add(`Regions named “${title.slice(0, 60)}” have no class: a name is not a class in QuPath.`);
  }
  return { id: isUuid(id) ? id : null, className, colour: readColour(classification) };
}

/** QuPath 0.5 writes derived classes (`Tumor: Positive`) as a list of names. */
function joinedNames(classification: unknown): string | null {
  const names = own(classification, 'names');
  if (!Array.isArray(names) || names.length === 0 || !names.every((one) => typeof one === 'string')) return null;
  return names.join(': ');
}

/** `color: [r, g, b]` of newer files, `colorRGB`: a signed 32-bit ARGB of Java, of older ones. */
function readColour(classification: unknown): string | null {
  const color = own(classification, 'color');
  if (
    Array.isArray(color) &&
    color.length >= 3 &&
    color.slice(0, 3).every((part) => Number.isInteger(part) && part >= 0 && part <= 255)
  ) {
    return hex((color[0] << 16) | (color[1] << 8) | color[2]);
  }
  const argb = own(classification, 'colorRGB');
  return typeof argb === 'number' && Number.isInteger(argb) ? hex(argb & 0xffffff) : null;
}

function hex(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`;
}

function isUuid(id: unknown): id is string {
  return typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
}

/** Area geometries as one MultiPolygon, rings still closed; others are refused by name. */
function readGeometry(geometry: unknown): Polygon[] {
  const type = own(geometry, 'type');
  const coordinates = own(geometry, 'coordinates');
  if (type === 'Polygon') return [readPolygon(coordinates)];
  if (type === 'MultiPolygon') return list(coordinates).map(readPolygon);
  if (type === 'GeometryCollection') return list(own(geometry, 'geometries')).flatMap(readGeometry);
  if (lineTypes.includes(type)) throw refusal(`a ${type} has no area and gives no region.`);
  throw refusal('it is not a polygon.');
}

function readPolygon(coordinates: unknown): Polygon {
  const rings = list(coordinates).map(readRing);
  if (rings.length === 0) throw refusal('it has an empty polygon.');
  return rings;
}

function readRing(coordinates: unknown): Ring {
  const points = list(coordinates);
  if (points.length > mostPointsInRing + 1)
    throw refusal(`an outline has ${points.length} points; ${mostPointsInRing} is the most.`);
  return points.map(readPoint);
}

function readPoint(point: unknown): Point {
  if (!Array.isArray(point)) throw refusal('its coordinates are not numbers.');
  const [x, y] = point as unknown[];
  if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y)) {
    throw refusal('its coordinates are not finite numbers.');
  }
  return [x, y];
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw refusal('its coordinates are not a list.');
  return value as unknown[];
}

/** Open rings without repeated corners; rings without an area go, an outer one with its polygon. */
function tidy(polygons: readonly Polygon[], feature: number, warnings: Set<string>): MultiPolygon {
  const kept: Polygon[] = [];
  for (const polygon of polygons) {
    const [outer, ...holes] = polygon.map(withoutRepeats);
    if (!outer || isFlat(outer)) warnings.add(`Feature ${feature}: a part without an area was left out.`);
    else kept.push([outer, ...holes.filter((hole) => !isFlat(hole))]);
    if (holes.some(isFlat)) warnings.add(`Feature ${feature}: a hole without an area was left out.`);
  }
  if (kept.length === 0) throw refusal('it has no area.');
  return kept;
}

function withoutRepeats(ring: Ring): Ring {
  const open = ring.filter(([x, y], i) => i === 0 || x !== ring[i - 1]![0] || y !== ring[i - 1]![1]);
  const first = open[0];
  const last = open.at(-1);
  return open.length > 1 && first![0] === last![0] && first![1] === last![1] ? open.slice(0, -1) : open;
}

function isFlat(ring: Ring): boolean {
  return ring.length < 3 || ringArea(ring) === 0;
}

/** The sentence is completed by `Feature N: `. */
function refusal(what: string): EosinError {
  return new EosinError('annotation/refused', 'input', what, { remedy: 'Draw it as a polygon.' });
}

function tooLarge(what: string): EosinError {
  return new EosinError('annotation/too-large', 'input', `The file has ${what}, more than Eosin takes in.`, {
    remedy: 'Export fewer regions, or simplify them first.',
  });
}

function notGeoJson(): EosinError {
  return new EosinError('annotation/not-geojson', 'input', 'The file holds no regions in GeoJSON.', {
    remedy: 'In QuPath: File > Export objects as GeoJSON, uncompressed.',
  });
}
