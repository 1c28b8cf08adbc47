import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { auditHead, verifyAudit } from '../../app/db/audit.ts';
import type { Project } from '../../app/project.ts';
import { slideSize, square, tempProject } from './temp-project.ts';

interface Row {
  seq: number;
  user: string;
  action: string;
  entity: string;
  before: string | null;
  after: string | null;
  reason: string | null;
}

/** A project with some 60 changes in its trail. */
function busyProject(t: TestContext): Project {
  const { project, slide } = tempProject(t);
  const classId = project.classes.list()[0]!.id;
  for (let i = 0; i < 40; i++) {
    const before = { id: `r${i}`, classId: null, geometry: square(i * 10, 50) };
    const options = { author: i % 2 ? 'ada' : 'model:m1', slideSize };
    project.annotations.apply(slide.id, { created: [before], updated: [], deleted: [] }, options);
    const after = { ...before, classId };
    if (i % 3 === 0)
      project.annotations.apply(slide.id, { created: [], updated: [{ before, after }], deleted: [] }, options);
  }
  project.slides.update(slide.id, { patient: 'P1' });
  project.split.pin('P1', 'test', 'frozen by the study plan');
  return project;
}

/** Who gets round the triggers, as a hex editor would. */
function tamper(project: Project, sql: string): void {
  project.db.sqlite.exec('DROP TRIGGER audit_is_never_updated; DROP TRIGGER audit_is_never_deleted;');
  project.db.sqlite.exec(sql);
}

test('each change is one row: who, what, before and after', (t) => {
  const project = busyProject(t);
  const rows = project.db.sqlite.prepare<[], Row>('SELECT * FROM audit ORDER BY seq').all();
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    rows.map((_, i) => i + 1),
  );
  const kinds = rows.map(({ entity, action }) => `${entity} ${action}`);
  assert.equal(kinds.filter((kind) => kind === 'annotation create').length, 40);
  assert.equal(kinds.filter((kind) => kind === 'annotation update').length, 14);
  const last = rows.at(-1)!;
  assert.equal(last.user, 'ada');
  assert.equal(last.reason, 'frozen by the study plan');
  assert.deepEqual(JSON.parse(last.after!), { part: 'test', pinned: true });
  const slide = rows.find(({ entity, action }) => entity === 'slide' && action === 'update')!;
  assert.equal(JSON.parse(slide.before!).patient, '');
  assert.equal(JSON.parse(slide.after!).patient, 'P1');
  const report = verifyAudit(project.db, auditHead(project.db));
  assert.deepEqual([report.ok, report.rows, report.faults], [true, rows.length, []]);
});

test('the database itself refuses to change, delete or insert out of line', (t) => {
  const { sqlite } = busyProject(t).db;
  assert.throws(() => sqlite.exec("UPDATE audit SET user = 'eve' WHERE seq = 3"), /append only/);
  assert.throws(() => sqlite.exec('DELETE FROM audit WHERE seq = 3'), /append only/);
  assert.throws(() => sqlite.exec('INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3'), /no gap/);
});

test('an altered row is found, wherever it stands and whatever was altered', (t) => {
  const project = busyProject(t);
  tamper(project, '');
  const { sqlite } = project.db;
  const columns = [
    'at',
    'user',
    'machine',
    'app_version',
    'action',
    'entity',
    'entity_id',
    'after',
    'reason',
    'prev',
    'hash',
  ];
  const rows = sqlite.prepare<[], number>('SELECT count(*) FROM audit').pluck().get()!;
  for (let seq = 1; seq <= rows; seq++) {
    const column = columns[seq % columns.length]!;
    const old = sqlite.prepare<[number], string | null>(`SELECT ${column} FROM audit WHERE seq = ?`).pluck().get(seq);
    sqlite.prepare(`UPDATE audit SET ${column} = coalesce(${column}, '') || 'x' WHERE seq = ?`).run(seq);
    const report = verifyAudit(project.db);
    assert.equal(report.ok, false, `${column} of row ${seq}`);
    assert.ok(report.faults.some((fault) => Math.abs(fault.seq - seq) <= 1));
    sqlite.prepare(`UPDATE audit SET ${column} = ? WHERE seq = ?`).run(old, seq);
  }
  assert.equal(verifyAudit(project.db).ok, true);
});

test('a deleted row is found, the last one too', (t) => {
  const project = busyProject(t);
  const { sqlite } = project.db;
  tamper(project, '');
  const rows = sqlite.prepare<[], number>('SELECT count(*) FROM audit').pluck().get()!;
  for (const seq of [1, 2, 30, rows]) {
    sqlite.exec('SAVEPOINT try');
    sqlite.prepare('DELETE FROM audit WHERE seq = ?').run(seq);
    assert.equal(verifyAudit(project.db).ok, false, `row ${seq}`);
    sqlite.exec('ROLLBACK TO try; RELEASE try');
  }
});

test('rows that changed places are found, also when their numbers were mended', (t) => {
  const project = busyProject(t);
  tamper(
    project,
    'UPDATE audit SET seq = 9999 WHERE seq = 10; UPDATE audit SET seq = 10 WHERE seq = 11; UPDATE audit SET seq = 11 WHERE seq = 9999;',
  );
  const { faults } = verifyAudit(project.db);
  assert.deepEqual([...new Set(faults.map(({ seq }) => seq))], [10, 11, 12]);
});

test('a chain cut off at its end and mended is betrayed by a head that was written down', (t) => {
  const project = busyProject(t);
  const head = auditHead(project.db);
  tamper(
    project,
    `DELETE FROM audit WHERE seq > 20;
     UPDATE audit_head SET seq = 20, hash = (SELECT hash FROM audit WHERE seq = 20);`,
  );
  assert.equal(verifyAudit(project.db).ok, true);
  assert.equal(verifyAudit(project.db, head).ok, false);
});

test('a change that fails leaves no row in the trail', (t) => {
  const { project, slide } = tempProject(t);
  const head = auditHead(project.db);
  const good = { id: 'good', classId: null, geometry: square(1, 1) };
  const bad = { id: 'bad', classId: null, geometry: square(9_990, 1) };
  assert.throws(() =>
    project.annotations.apply(
      slide.id,
      { created: [good, bad], updated: [], deleted: [] },
      { author: 'ada', slideSize },
    ),
  );
  assert.equal(auditHead(project.db), head);
  assert.equal(project.annotations.list(slide.id).length, 0);
});
