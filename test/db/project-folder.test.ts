import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EosinError } from '../../app/core/errors.ts';
import { verifyAudit } from '../../app/db/audit.ts';
import { createProject, openProject } from '../../app/project.ts';
import { slideSize, square, tempFolder, tempProject, withCode } from './temp-project.ts';

const childScript = fileURLToPath(new URL('./open-in-child.ts', import.meta.url));

/** Starts a process that opens the project; resolves with it and with its one line. */
async function openInChild(
  t: TestContext,
  folder: string,
  user: string,
): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [childScript, folder, user], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, said };
}

test('a new project is a folder that can be opened again and leaves one database file when closed', (t) => {
  const { folder, project } = tempProject(t);
  assert.deepEqual(readdirSync(folder).sort(), ['Study.eosin', 'one.tif']);
  const before = project.view();
  project.close();
  project.close();
  const files = readdirSync(project.folder).sort();
  assert.deepEqual(files, ['cache', 'heatmaps', 'lock.sqlite', 'models', 'project.sqlite', 'runs']);
  const again = openProject(project.folder);
  t.after(() => again.close());
  assert.deepEqual(again.view(), before);
  assert.deepEqual(
    before.classes.map(({ name, role, key }) => [name, role, key]),
    [
      ['Tumor', 'class', 1],
      ['Stroma', 'class', 2],
      ['Ignore', 'ignore', 3],
    ],
  );
  assert.equal(again.name, 'Study');
});

test('a project is also opened by its database file', (t) => {
  const { project } = tempProject(t);
  project.close();
  const again = openProject(join(project.folder, 'project.sqlite'));
  assert.equal(again.id, project.id);
  again.close();
});

test('a name that is taken or that no file system holds is refused, and nothing is left behind', (t) => {
  const { folder } = tempProject(t);
  assert.throws(() => createProject(folder, { name: 'Study' }), withCode('project/exists'));
  for (const name of ['', '..', '../up', 'a/b', 'a\\b', 'c:', 'a\nb', 'x'.repeat(121)]) {
    assert.throws(() => createProject(folder, { name }), withCode('project/bad-name'), name);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['Study.eosin', 'one.tif']);
});

test('a project that cannot be filled leaves no half folder', (t) => {
  const folder = tempFolder(t);
  assert.throws(() => createProject(folder, { name: 'Half', classes: ['A', 'A'] }), withCode('class/duplicate'));
  assert.deepEqual(readdirSync(folder), []);
});

test('the second opening in one process is told who has it', (t) => {
  const { project } = tempProject(t);
  const open = () => openProject(project.folder, { user: 'bob' });
  assert.throws(open, (thrown) => {
    assert.ok(thrown instanceof EosinError);
    assert.equal(thrown.code, 'project/in-use');
    assert.equal(thrown.kind, 'conflict');
    assert.deepEqual([thrown.fields.user, thrown.fields.host, thrown.fields.pid], ['ada', 'lab-1', process.pid]);
    assert.match(thrown.message, /ada .* lab-1/);
    return true;
  });
  project.close();
  open().close();
});

test('whoever deletes lock.json while the project is open does not get it: the operating system’s lock decides', async (t) => {
  const { project } = tempProject(t);
  rmSync(join(project.folder, 'lock.json'));
  assert.throws(() => openProject(project.folder), withCode('project/in-use'));
  assert.equal((await openInChild(t, project.folder, 'bob')).said, 'project/in-use');
});

test('of two processes one gets the project; killing it sets the project free', async (t) => {
  const { project } = tempProject(t);
  project.close();
  const first = await openInChild(t, project.folder, 'ada');
  assert.equal(first.said, 'open');
  const second = await openInChild(t, project.folder, 'bob');
  assert.equal(second.said, 'project/in-use');
  assert.throws(() => openProject(project.folder), withCode('project/in-use'));
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const third = await openInChild(t, project.folder, 'bob');
  assert.equal(third.said, 'open');
  third.child.stdin!.end();
  await once(third.child, 'exit');
  openProject(project.folder).close();
});

test('eight processes that start together: never two writers', async (t) => {
  const { project } = tempProject(t);
  project.close();
  // A stale lock makes the race harder: each could believe that it may clear it.
  const stale = { host: hostname(), user: 'eve', pid: 2 ** 22 + 1, since: new Date().toISOString() };
  writeFileSync(join(project.folder, 'lock.json'), JSON.stringify(stale));
  const children = await Promise.all(Array.from({ length: 8 }, (_, i) => openInChild(t, project.folder, `user ${i}`)));
  const said = children.map((one) => one.said).sort();
  assert.deepEqual(said, ['open', ...Array<string>(7).fill('project/in-use')]);
});

test('a left-over lock is cleared only when it is of this host and its process is dead', (t) => {
  const { project } = tempProject(t);
  project.close();
  const lock = join(project.folder, 'lock.json');
  const owner = { host: 'lab-1', user: 'eve', pid: 2 ** 22 + 1, since: new Date().toISOString() };
  const open = () => openProject(project.folder, { machine: 'lab-1' });

  writeFileSync(lock, JSON.stringify(owner));
  open().close();
  for (const held of [
    { ...owner, host: 'lab-2' },
    { ...owner, pid: process.ppid },
  ]) {
    writeFileSync(lock, JSON.stringify(held));
    assert.throws(open, withCode('project/in-use'));
    assert.deepEqual(JSON.parse(readFileSync(lock, 'utf8')), held);
  }
  writeFileSync(lock, JSON.stringify({ ...owner, pid: process.ppid, since: '2001-01-01T00:00:00Z' }));
  open().close();
  writeFileSync(lock, '{"host": "la');
  assert.throws(open, withCode('project/in-use'));
});

test('a full disk refuses the change whole, keeps what was there, and goes on when there is room', (t) => {
  const { project, slide } = tempProject(t);
  const { sqlite } = project.db;
  const options = { author: 'ada', slideSize };
  const one = { id: 'one', classId: null, geometry: square(1, 1) };
  project.annotations.apply(slide.id, { created: [one], updated: [], deleted: [] }, options);
  // SQLite's own SQLITE_FULL, as it comes from a file system without room.
  sqlite.pragma(`max_page_count = ${sqlite.pragma('page_count', { simple: true })}`);
  const many = Array.from({ length: 500 }, (_, i) => ({ id: `many ${i}`, classId: null, geometry: square(i, i) }));
  const write = () => project.annotations.apply(slide.id, { created: many, updated: [], deleted: [] }, options);
  assert.throws(write, (thrown) => {
    assert.ok(thrown instanceof EosinError);
    assert.equal(thrown.code, 'project/disk-full');
    assert.equal(thrown.kind, 'retry');
    return true;
  });
  assert.deepEqual(
    project.annotations.list(slide.id).map(({ id }) => id),
    ['one'],
  );
  assert.equal(verifyAudit(project.db).ok, true);
  sqlite.pragma('max_page_count = 1000000');
  assert.equal(write().annotations.length, 500);
});

test('a folder that is missing in the project is made again', (t) => {
  const { project } = tempProject(t);
  const { folders } = project;
  assert.deepEqual(Object.keys(folders).sort(), ['cache', 'heatmaps', 'models', 'runs']);
  mkdirSync(join(folders.runs, 'r1'));
  assert.deepEqual(readdirSync(folders.runs), ['r1']);
});
