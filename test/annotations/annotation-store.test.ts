import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ApplyOptions } from '../../app/annotations/annotation-store.ts';
import { type AnnotationEdit, type ChangeSet, inverse } from '../../app/core/annotation.ts';
import type { MultiPolygon } from '../../app/core/geometry.ts';
import { verifyAudit } from '../../app/db/audit.ts';
import { addSlide, slideSize, square, tempProject, withCode } from '../db/temp-project.ts';

const options: ApplyOptions = { author: 'ada', slideSize };
const change = (part: Partial<ChangeSet>): ChangeSet => ({ created: [], updated: [], deleted: [], ...part });
const region = (id: string, geometry: MultiPolygon, classId: string | null = null): AnnotationEdit => ({
  id,
  classId,
  geometry,
});

test('a region is stored on the 1/64 px grid and answered as stored', (t) => {
  const { project, slide } = tempProject(t);
  const classId = project.classes.list()[0]!.id;
  const drawn = region('a', square(10.301, 20.5, 99.7), classId);
  const { annotations } = project.annotations.apply(slide.id, change({ created: [drawn] }), options);
  assert.equal(annotations.length, 1);
  const stored = annotations[0]!;
  assert.deepEqual(
    [stored.id, stored.slideId, stored.classId, stored.author, stored.revision],
    ['a', slide.id, classId, 'ada', 1],
  );
  assert.equal(stored.geometry[0]![0]![0]![0], Math.round(10.301 * 64) / 64);
  assert.match(stored.changedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
  assert.deepEqual(project.annotations.list(slide.id), [stored]);
  assert.deepEqual(project.annotations.get('a'), stored);
  assert.equal(project.slides.get(slide.id).regions, 1);
});

test('an update counts the revision up, keeps the history, and takes what the client drew as `before`', (t) => {
  const { project, slide } = tempProject(t);
  const before = region('a', square(10.301, 20.5));
  const after = region('a', square(50, 60));
  project.annotations.apply(slide.id, change({ created: [before] }), options);
  const { annotations } = project.annotations.apply(slide.id, change({ updated: [{ before, after }] }), {
    ...options,
    author: 'bob',
  });
  assert.equal(annotations[0]!.revision, 2);
  project.annotations.apply(slide.id, change({ deleted: [after] }), { ...options, reason: 'artefact' });
  assert.equal(project.annotations.get('a'), undefined);
  const history = project.annotations.history('a');
  assert.deepEqual(
    history.map(({ action, author, reason }) => [action, author, reason]),
    [
      ['create', 'ada', null],
      ['update', 'bob', null],
      ['delete', 'ada', 'artefact'],
    ],
  );
  assert.deepEqual(history[1]!.before!.geometry, history[0]!.after!.geometry);
  assert.deepEqual(history[2]!.before!.geometry, after.geometry);
  assert.equal(history[2]!.before!.author, 'bob');
});

test('a write over a state that nobody has any more is a conflict and changes nothing', (t) => {
  const { project, slide } = tempProject(t);
  const other = addSlide(project, project.folder, 'two.tif');
  const first = region('a', square(10, 10));
  const second = region('a', square(20, 20));
  project.annotations.apply(slide.id, change({ created: [first, region('b', square(5, 5))] }), options);
  project.annotations.apply(slide.id, change({ updated: [{ before: first, after: second }] }), options);
  const stale: [string, ChangeSet][] = [
    ['an update over an older geometry', change({ updated: [{ before: first, after: region('a', square(30, 30)) }] })],
    ['a deletion of an older geometry', change({ created: [region('c', square(1, 1))], deleted: [first] })],
    ['an update over another class', change({ updated: [{ before: { ...second, classId: 'x' }, after: second }] })],
    ['a deletion of what is not there', change({ deleted: [region('z', square(1, 1))] })],
    ['a creation of what is there', change({ created: [second] })],
  ];
  const before = project.annotations.list(slide.id);
  for (const [what, set] of stale) {
    assert.throws(() => project.annotations.apply(slide.id, set, options), withCode('annotation/changed'), what);
  }
  assert.throws(
    () => project.annotations.apply(other.id, change({ deleted: [second] }), options),
    withCode('annotation/changed'),
  );
  assert.deepEqual(project.annotations.list(slide.id), before);
});

const unusable: [what: string, code: string, geometry: MultiPolygon][] = [
  ['no polygon', 'annotation/degenerate', []],
  ['an empty polygon', 'annotation/degenerate', [[]]],
  [
    'two corners',
    'annotation/degenerate',
    [
      [
        [
          [0, 0],
          [5, 5],
        ],
      ],
    ],
  ],
  [
    'a line',
    'annotation/degenerate',
    [
      [
        [
          [0, 0],
          [5, 5],
          [10, 10],
        ],
      ],
    ],
  ],
  ['an area below the grid', 'annotation/degenerate', square(5, 5, 0.001)],
  [
    'a flat hole',
    'annotation/degenerate',
    [
      [
        ...square(0, 0)[0]!,
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
      ],
    ],
  ],
  [
    'NaN',
    'annotation/not-finite',
    [
      [
        [
          [0, 0],
          [Number.NaN, 5],
          [10, 0],
        ],
      ],
    ],
  ],
  [
    'infinity',
    'annotation/not-finite',
    [
      [
        [
          [0, 0],
          [Number.POSITIVE_INFINITY, 5],
          [10, 0],
        ],
      ],
    ],
  ],
  ['beyond the right edge', 'annotation/out-of-bounds', square(slideSize.widthPx - 98.9, 0)],
  ['beyond the lower edge', 'annotation/out-of-bounds', square(0, slideSize.heightPx - 98.9)],
  ['before the left edge', 'annotation/out-of-bounds', square(-1.1, 0)],
  [
    '100,001 points',
    'annotation/too-many-points',
    [[Array.from({ length: 100_001 }, (_, i) => [i % 5000, Math.floor(i / 5000)] as const)]],
  ],
];
for (const [what, code, geometry] of unusable) {
  test(`refused with a reason, and the whole change with it: ${what}`, (t) => {
    const { project, slide } = tempProject(t);
    const set = change({ created: [region('good', square(1, 1)), region('bad', geometry)] });
    assert.throws(
      () => project.annotations.apply(slide.id, set, options),
      (thrown) => {
        withCode(code)(thrown);
        assert.equal((thrown as { kind: string }).kind, 'input');
        return true;
      },
    );
    assert.deepEqual(project.annotations.list(slide.id), []);
  });
}

test('one pixel beyond the edge is the rounding of other programs and is kept', (t) => {
  const { project, slide } = tempProject(t);
  const set = change({
    created: [region('a', square(-1, -1)), region('b', square(slideSize.widthPx - 99, slideSize.heightPx - 99))],
  });
  assert.equal(project.annotations.apply(slide.id, set, options).annotations.length, 2);
});

test('unknown slides and classes are said', (t) => {
  const { project, slide } = tempProject(t);
  const set = change({ created: [region('a', square(1, 1), 'nowhere')] });
  assert.throws(() => project.annotations.apply(slide.id, set, options), withCode('class/unknown'));
  assert.throws(() => project.annotations.apply('nowhere', change({}), options), withCode('slide/unknown'));
  assert.throws(() => project.annotations.list('nowhere'), withCode('slide/unknown'));
});

test('a box finds the regions that touch it, on its own slide only', (t) => {
  const { project, slide } = tempProject(t);
  const other = addSlide(project, project.folder, 'two.tif');
  const grid = Array.from({ length: 100 }, (_, i) => region(`g${i}`, square((i % 10) * 200, Math.floor(i / 10) * 200)));
  project.annotations.apply(slide.id, change({ created: grid }), options);
  project.annotations.apply(other.id, change({ created: [region('other', square(200, 200))] }), options);
  const ids = (box: { x: number; y: number; width: number; height: number }) =>
    project.annotations.list(slide.id, box).map(({ id }) => id);
  assert.deepEqual(ids({ x: 150, y: 150, width: 200, height: 200 }), ['g11']);
  assert.deepEqual(ids({ x: 101, y: 0, width: 98, height: 5000 }), []);
  assert.deepEqual(ids({ x: 50, y: 50, width: 160, height: 10 }), ['g0', 'g1']);
  assert.equal(ids({ x: -1e9, y: -1e9, width: 3e9, height: 3e9 }).length, 100);
});

test('counts are by slide and class', (t) => {
  const { project, slide } = tempProject(t);
  const other = addSlide(project, project.folder, 'two.tif');
  const [tumor] = project.classes.list();
  project.annotations.apply(
    slide.id,
    change({
      created: [region('a', square(1, 1), tumor!.id), region('b', square(1, 1), tumor!.id), region('c', square(1, 1))],
    }),
    options,
  );
  project.annotations.apply(other.id, change({ created: [region('d', square(1, 1))] }), options);
  const counts = project.annotations.counts().sort((a, b) => b.regions - a.regions);
  assert.equal(counts.length, 3);
  assert.deepEqual(counts[0], { slideId: slide.id, classId: tumor!.id, regions: 2 });
  assert.ok(counts.some((count) => count.slideId === other.id && count.classId === null && count.regions === 1));
});

test('any edits, then all of them taken back: the start is there again, and the trail has a row for each', (t) => {
  const { project, slide } = tempProject(t);
  const start = [region('s1', square(100, 100)), region('s2', square(300, 300))];
  project.annotations.apply(slide.id, change({ created: start }), options);
  const state = () =>
    project.annotations
      .list(slide.id)
      .map(({ id, geometry, classId }) => ({ id, geometry, classId }))
      .sort((a, b) => a.id.localeCompare(b.id));
  const initial = state();
  const auditRows = () => project.db.sqlite.prepare<[], number>('SELECT count(*) FROM audit').pluck().get()!;
  let serial = 0;
  const step = fc.tuple(fc.constantFrom('create', 'move', 'delete'), fc.nat(1000), fc.nat(5000));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const done: ChangeSet[] = [];
      const rows = auditRows();
      for (const [kind, which, to] of steps) {
        const now = state();
        const one = now[which % Math.max(1, now.length)];
        const set =
          kind === 'create' || !one
            ? change({ created: [region(`n${serial++}`, square(to, 7))] })
            : kind === 'move'
              ? change({ updated: [{ before: one, after: { ...one, geometry: square(to, to) } }] })
              : change({ deleted: [one] });
        project.annotations.apply(slide.id, set, options);
        done.push(set);
      }
      for (const set of done.reverse()) project.annotations.apply(slide.id, inverse(set), options);
      assert.deepEqual(state(), initial);
      assert.equal(auditRows(), rows + 2 * steps.length);
    }),
    { numRuns: 40 },
  );
  assert.deepEqual(verifyAudit(project.db).faults, []);
  // A region that an undo brought back goes on counting.
  for (const { id, revision } of project.annotations.list(slide.id)) {
    assert.equal(revision, project.annotations.history(id).length);
  }
});
