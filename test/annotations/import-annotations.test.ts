import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importAnnotations } from '../../app/annotations/import-annotations.ts';
import { exportQupathGeoJson } from '../../app/annotations/qupath-geojson.ts';
import { addSlide, slideSize, square, tempProject, withCode } from '../db/temp-project.ts';

const data = process.env.EOSIN_DATA;
const withData = { skip: data === undefined && 'EOSIN_DATA is not set' };
const options = { author: 'ada', slideSize };
const feature = (x: number, name: string | null, id?: string) => ({
  type: 'Feature',
  id,
  geometry: {
    type: 'MultiPolygon',
    coordinates: square(x, 10).map((polygon) => polygon.map((ring) => [...ring, ring[0]])),
  },
  properties: name === null ? {} : { classification: { name } },
});
const bytes = (...features: unknown[]) => Buffer.from(JSON.stringify({ type: 'FeatureCollection', features }));

test('class names find the project’s classes, new ones are made with the next colour', (t) => {
  const { project, slide } = tempProject(t);
  const report = importAnnotations(
    project,
    slide.id,
    bytes(feature(1, 'TUMOR'), feature(2, 'Necrosis'), feature(3, 'Ignore*'), feature(4, null)),
    options,
  );
  assert.deepEqual([report.kept, report.changed, report.refused], [4, 0, []]);
  assert.deepEqual(report.warnings, ['The class Necrosis was added to the project.']);
  const classes = project.classes.list();
  assert.deepEqual(classes.map(({ name, role, colour }) => [name, role, colour]).slice(3), [
    ['Necrosis', 'class', '#009e73'],
  ]);
  const nameOf = (id: string | null) => classes.find((one) => one.id === id)?.name ?? null;
  assert.deepEqual(
    project.annotations.list(slide.id).map(({ classId }) => nameOf(classId)),
    ['Tumor', 'Necrosis', 'Ignore', null],
  );
});

test('Ignore* becomes a class that gives no patches where the project has none', (t) => {
  const { project, slide } = tempProject(t);
  project.classes.save(project.classes.list().slice(0, 2));
  importAnnotations(project, slide.id, bytes(feature(1, 'Ignore*')), options);
  assert.equal(project.classes.find('Ignore')?.role, 'ignore');
});

test('a file that comes again changes only what differs', (t) => {
  const { project, slide } = tempProject(t);
  const a = '82c36084-2b6f-4562-a9ad-370356f82d40';
  const b = 'cd12431e-9f22-4875-9d60-129e67934f57';
  importAnnotations(project, slide.id, bytes(feature(1, 'Tumor', a), feature(2, 'Tumor', b)), options);
  const report = importAnnotations(project, slide.id, bytes(feature(1, 'Tumor', a), feature(5, 'Tumor', b)), {
    ...options,
    fileName: 'again.geojson',
  });
  assert.deepEqual([report.kept, report.changed], [2, 1]);
  assert.deepEqual(
    project.annotations.list(slide.id).map(({ id, revision }) => [id, revision]),
    [
      [a, 1],
      [b, 2],
    ],
  );
  assert.equal(project.annotations.history(b).at(-1)?.reason, 'import of again.geojson');
  const other = addSlide(project, project.folder, 'two.tif');
  importAnnotations(project, other.id, bytes(feature(1, 'Tumor', a)), options);
  assert.notEqual(project.annotations.list(other.id)[0]!.id, a);
});

test('an id that stands twice in a file gives two regions', (t) => {
  const { project, slide } = tempProject(t);
  const id = '82c36084-2b6f-4562-a9ad-370356f82d40';
  assert.equal(
    importAnnotations(project, slide.id, bytes(feature(1, null, id), feature(2, null, id)), options).kept,
    2,
  );
});

test('regions outside the slide are refused one by one, and a file of nothing else as a whole', (t) => {
  const { project, slide } = tempProject(t);
  const report = importAnnotations(project, slide.id, bytes(feature(1, 'Tumor'), feature(50_000, 'Stroma')), options);
  assert.equal(report.kept, 1);
  assert.match(report.refused.join(), /Feature 2 \(Stroma\): .*outside the slide of 10000 x 8000 px/);
  const count = project.classes.list().length;
  assert.throws(
    () => importAnnotations(project, slide.id, bytes(feature(50_000, 'New')), options),
    withCode('annotation/out-of-bounds'),
  );
  const point = { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] } };
  assert.throws(() => importAnnotations(project, slide.id, bytes(point), options), withCode('annotation/nothing-kept'));
  assert.equal(project.classes.list().length, count);
});

test('a file that cannot be stored whole leaves no class and no region', (t) => {
  const { project, slide } = tempProject(t);
  const { sqlite } = project.db;
  sqlite.pragma(`max_page_count = ${sqlite.pragma('page_count', { simple: true })}`);
  const many = Array.from({ length: 500 }, (_, i) => feature(i, 'New'));
  assert.throws(() => importAnnotations(project, slide.id, bytes(...many), options), withCode('project/disk-full'));
  assert.equal(project.classes.list().length, 3);
  assert.equal(project.annotations.list(slide.id).length, 0);
});

test('other formats are named as unknown', (t) => {
  const { project, slide } = tempProject(t);
  for (const text of ['', '   ', '<Annotations/>', 'PK\u0003\u0004']) {
    assert.throws(
      () => importAnnotations(project, slide.id, Buffer.from(text), options),
      withCode('annotation/unknown-format'),
      text,
    );
  }
});

test('regions on glass are kept and said', (t) => {
  const { project, slide } = tempProject(t);
  const tissue = { data: new Uint8Array(100 * 80), widthPx: 100, heightPx: 80, downsample: 100, threshold: 200 };
  // Tissue in the left half only.
  for (let y = 0; y < 80; y++) tissue.data.fill(255, y * 100, y * 100 + 50);
  const report = importAnnotations(project, slide.id, bytes(feature(100, 'Tumor'), feature(9000, 'Tumor')), {
    ...options,
    tissue,
  });
  assert.equal(report.kept, 2);
  assert.deepEqual(report.warnings, ['1 of 2 regions lies off the tissue.']);
});

test('a project’s regions go out to QuPath and come back into another project', (t) => {
  const one = tempProject(t);
  const hole = [
    [20, 20],
    [40, 20],
    [40, 40],
  ] as const;
  const geometry = [[square(10.25, 10)[0]![0]!, hole], square(300, 300)[0]!];
  const classId = one.project.classes.list()[1]!.id;
  const created = [{ id: '82c36084-2b6f-4562-a9ad-370356f82d40', classId, geometry }];
  one.project.annotations.apply(one.slide.id, { created, updated: [], deleted: [] }, options);
  const file = exportQupathGeoJson(one.project.annotations.list(one.slide.id), one.project.classes.list());
  const two = tempProject(t);
  importAnnotations(two.project, two.slide.id, Buffer.from(file), options);
  const [back] = two.project.annotations.list(two.slide.id);
  assert.equal(back!.id, created[0]!.id);
  assert.deepEqual(back!.geometry, geometry);
  assert.equal(two.project.classes.get(back!.classId!).name, 'Stroma');
});

test('the mosaic slides’ ground truth', withData, (t) => {
  const { project, slide } = tempProject(t);
  for (const name of ['lung-A', 'lung-B', 'lung-C', 'lung-D']) {
    const other = addSlide(project, project.folder, `${name}.tif`);
    const report = importAnnotations(
      project,
      other.id,
      readFileSync(join(data!, 'mosaic', `${name}.geojson`)),
      options,
    );
    assert.deepEqual([report.kept, report.refused], [3, []]);
  }
  assert.deepEqual(
    project.classes
      .list()
      .map(({ name }) => name)
      .slice(3),
    ['adenocarcinoma', 'benign', 'squamous'],
  );
  assert.equal(project.annotations.list(slide.id).length, 0);
});

test('an old QuPath file of 2,949 corners', withData, (t) => {
  const { project, slide } = tempProject(t);
  const file = readFileSync(join(data!, 'annotations', 'qupath-geojson', 'histoqc_geojson_example.geojson'));
  const report = importAnnotations(project, slide.id, file, {
    author: 'ada',
    slideSize: { widthPx: 100_000, heightPx: 200_000 },
  });
  assert.deepEqual([report.kept, report.refused], [2, []]);
  assert.throws(() => importAnnotations(project, slide.id, file, options), withCode('annotation/out-of-bounds'));
});
