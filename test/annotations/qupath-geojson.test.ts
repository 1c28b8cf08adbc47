import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantise } from '../../app/annotations/geometry-codec.ts';
import { exportQupathGeoJson, readQupathGeoJson } from '../../app/annotations/qupath-geojson.ts';
import type { Annotation, RegionClass } from '../../app/core/annotation.ts';
import { withCode } from '../db/temp-project.ts';

const data = process.env.EOSIN_DATA;
const withData = { skip: data === undefined && 'EOSIN_DATA is not set' };
const read = (value: unknown) =>
  readQupathGeoJson(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const ring = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
  [0, 0],
];
const hole = [
  [2, 2],
  [4, 2],
  [4, 4],
  [2, 2],
];
const feature = (geometry: unknown, properties: unknown = {}, id?: string) => ({
  type: 'Feature',
  id,
  geometry,
  properties,
});
const polygon = { type: 'Polygon', coordinates: [ring, hole] };

test('collections, lists, features and bare geometries are read; rings come open', () => {
  const open = [
    [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
    ],
    [
      [2, 2],
      [4, 2],
      [4, 4],
    ],
  ];
  for (const file of [
    { type: 'FeatureCollection', features: [feature(polygon)] },
    [feature(polygon)],
    feature(polygon),
    polygon,
  ]) {
    assert.deepEqual(
      read(file).regions.map(({ geometry }) => geometry),
      [[open]],
    );
  }
  const multi = { type: 'MultiPolygon', coordinates: [[ring], [ring, hole]] };
  const collection = { type: 'GeometryCollection', geometries: [polygon, multi] };
  assert.equal(read([feature(collection)]).regions[0]!.geometry.length, 3);
  assert.deepEqual(read({ type: 'FeatureCollection', features: [] }), { regions: [], refused: [], warnings: [] });
});

test('classes come with name and colour, in the words of old and new QuPath', () => {
  const classOf = (properties: unknown) => {
    const { className, colour } = read([feature(polygon, properties)]).regions[0]!;
    return [className, colour];
  };
  assert.deepEqual(classOf({ classification: { name: 'Tumor', color: [200, 0, 16] } }), ['Tumor', '#c80010']);
  assert.deepEqual(classOf({ classification: { name: 'Tumor', colorRGB: -3670016 } }), ['Tumor', '#c80000']);
  assert.deepEqual(classOf({ classification: { names: ['Tumor', 'Positive'], color: [1, 2, 3] } }), [
    'Tumor: Positive',
    '#010203',
  ]);
  assert.deepEqual(classOf({ classification: { name: 'Tumor', color: [999, 0, 0] } }), ['Tumor', null]);
  assert.deepEqual(classOf({ objectType: 'annotation' }), [null, null]);
  assert.deepEqual(classOf(null), [null, null]);
});

test('ids are kept where they are UUIDs', () => {
  const id = '82c36084-2b6f-4562-a9ad-370356f82d40';
  assert.equal(read([feature(polygon, {}, id)]).regions[0]!.id, id);
  assert.equal(read([feature(polygon, {}, 'PathAnnotationObject')]).regions[0]!.id, null);
});

test('what is no area is refused and said, the rest is taken', () => {
  const { regions, refused } = read([
    feature({ type: 'Point', coordinates: [1, 2] }),
    feature({ type: 'LineString', coordinates: ring }),
    feature(null),
    feature({
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    }),
    feature({
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          ['1', 1],
          [5, 0],
        ],
      ],
    }),
    feature({ type: 'Polygon', coordinates: 'none' }),
    feature(polygon),
  ]);
  assert.equal(regions.length, 1);
  assert.equal(regions[0]!.feature, 7);
  assert.deepEqual(refused, [
    'Feature 1: a Point has no area and gives no region.',
    'Feature 2: a LineString has no area and gives no region.',
    'Feature 3: it is not a polygon.',
    'Feature 4: it has no area.',
    'Feature 5: its coordinates are not finite numbers.',
    'Feature 6: its coordinates are not a list.',
  ]);
});

test('parts without an area are left out with a warning', () => {
  const flat = [
    [5, 5],
    [6, 6],
    [5, 5],
  ];
  const { regions, warnings } = read([feature({ type: 'MultiPolygon', coordinates: [[flat], [ring, flat]] })]);
  assert.deepEqual(regions[0]!.geometry, [
    [
      [
        [0, 0],
        [10, 0],
        [10, 10],
        [0, 10],
      ],
    ],
  ]);
  assert.equal(warnings.length, 2);
});

test('a file from outside cannot reach a prototype', () => {
  const evil =
    '[{"type":"Feature","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9]]]},' +
    '"properties":{"classification":{"__proto__":{"name":"Planted"}}}}]';
  const { regions } = read(evil);
  assert.equal(regions[0]!.className, null);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  // Nor does a prototype that somebody else spoiled speak for a feature.
  Object.defineProperty(Object.prototype, 'classification', { value: { name: 'Planted' }, configurable: true });
  try {
    assert.equal(read([feature(polygon)]).regions[0]!.className, null);
  } finally {
    Reflect.deleteProperty(Object.prototype, 'classification');
  }
});

test('limits of bytes, features, corners and points in a ring', () => {
  const limits = { bytes: 1000, features: 3, vertices: 20 };
  const count = (n: number) =>
    Buffer.from(JSON.stringify(Array.from({ length: n }, () => ({ type: 'Polygon', coordinates: [ring] }))));
  assert.equal(readQupathGeoJson(count(3), limits).regions.length, 3);
  assert.throws(() => readQupathGeoJson(count(4), limits), withCode('annotation/too-large'));
  assert.throws(() => readQupathGeoJson(count(3), { ...limits, vertices: 14 }), withCode('annotation/too-large'));
  assert.throws(() => readQupathGeoJson(count(3), { ...limits, bytes: 100 }), withCode('annotation/too-large'));
  const long = Array.from({ length: 100_002 }, (_, i) => [i % 300, Math.floor(i / 300)]);
  assert.match(read([feature({ type: 'Polygon', coordinates: [long] })]).refused[0]!, /100002 points/);
});

test('other JSON is no GeoJSON', () => {
  for (const file of ['{}', '{"slides":[]}', '[1,2]', 'null', '"text"']) {
    assert.throws(() => read(file), withCode('annotation/not-geojson'), file);
  }
});

const classes: RegionClass[] = [
  { id: 't', name: 'Tumor', role: 'class', colour: '#c80000', pattern: 'solid', letter: 'T', key: 1 },
  { id: 'i', name: 'Ignore', role: 'ignore', colour: '#7f7f7f', pattern: 'grid', letter: 'I', key: 2 },
];

test('what is exported is what QuPath writes, and says what it is for', () => {
  const annotation = {
    id: 'id-1',
    slideId: 's',
    classId: 'i',
    geometry: [
      [
        [
          [0, 0],
          [1, 0],
          [1, 1],
        ],
      ],
    ],
    author: 'a',
    revision: 1,
    changedAt: '',
  } as const;
  const file = JSON.parse(exportQupathGeoJson([annotation], classes));
  assert.deepEqual(file, {
    type: 'FeatureCollection',
    researchUse: 'For research use only. Not for use in diagnostic procedures.',
    features: [
      {
        type: 'Feature',
        id: 'id-1',
        geometry: {
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 0],
              [1, 1],
              [0, 0],
            ],
          ],
        },
        properties: { objectType: 'annotation', classification: { name: 'Ignore*', color: [127, 127, 127] } },
      },
    ],
  });
});

test('what is exported comes back exactly: polygons with holes and multipolygons, classes and ids', () => {
  const coordinate = fc.double({ min: 0, max: 200_000, noNaN: true });
  // Corners of a star around a point: never flat, never twice the same corner in a row.
  const star = fc
    .tuple(coordinate, coordinate, fc.integer({ min: 3, max: 12 }), fc.double({ min: 1, max: 500, noNaN: true }))
    .map(([x, y, n, radius]) =>
      Array.from(
        { length: n },
        (_, i) => [x + radius * Math.cos((2 * Math.PI * i) / n), y + radius * Math.sin((2 * Math.PI * i) / n)] as const,
      ),
    );
  const geometry = fc.array(fc.array(star, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
  const region = fc.record({ id: fc.uuid(), classId: fc.constantFrom('t', null), geometry });
  fc.assert(
    fc.property(fc.array(region, { maxLength: 5 }), (drawn) => {
      const annotations: Annotation[] = drawn.map((one) => ({
        ...one,
        geometry: quantise(one.geometry),
        slideId: 's',
        author: 'a',
        revision: 1,
        changedAt: '',
      }));
      const { regions, refused } = read(exportQupathGeoJson(annotations, classes));
      assert.deepEqual(refused, []);
      assert.deepEqual(
        regions.map(({ id, className, geometry }) => ({ id, className, geometry })),
        annotations.map(({ id, classId, geometry }) => ({ id, className: classId && 'Tumor', geometry })),
      );
    }),
    { numRuns: 300 },
  );
});

test('QuPath 0.5 and an older one, as they wrote their files', withData, () => {
  const folder = join(data!, 'annotations', 'qupath-geojson');
  const newer = readQupathGeoJson(readFileSync(join(folder, 'dlup_qupath05.geojson')));
  assert.deepEqual(
    newer.regions.map(({ id, className }) => [id?.slice(0, 8), className]),
    [
      ['6423a977', null],
      ['f350cce8', null],
      ['a9d3d08f', null],
    ],
  );
  assert.equal(newer.warnings.length, 2);
  const older = readQupathGeoJson(readFileSync(join(folder, 'histoqc_geojson_example.geojson')));
  assert.deepEqual(
    older.regions.map(({ className, colour, id }) => [className, colour, id]),
    [
      ['Tumor', '#c80000', null],
      ['Invborder', '#00ff00', null],
    ],
  );
  assert.deepEqual([...newer.refused, ...older.refused], []);
});
