import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase, readPragmas } from '../../app/db/open-database.ts';
import { tempFolder, tempProject } from './temp-project.ts';

test('every connection has the pragmas that keep commits and distrust the file', (t) => {
  const { project } = tempProject(t);
  assert.deepEqual(readPragmas(project.db.sqlite), {
    trusted_schema: 0,
    cell_size_check: 1,
    mmap_size: 0,
    busy_timeout: 5000,
    foreign_keys: 1,
    recursive_triggers: 1,
    // 2 is FULL: each COMMIT waits for fsync of the log.
    synchronous: 2,
    fullfsync: 1,
    checkpoint_fullfsync: 1,
    wal_autocheckpoint: 1000,
    journal_size_limit: 67108864,
    journal_mode: 'wal',
    application_id: 0x456f7350,
    user_version: 3,
  });
});

test('a database in memory cannot have a write-ahead log and is refused', () => {
  assert.throws(() => openDatabase(':memory:', { create: true }), { code: 'project/unsafe-storage', kind: 'config' });
});

test('a folder where no file may be made is said in plain words', (t) => {
  assert.throws(() => openDatabase(join(tempFolder(t), 'nowhere', 'project.sqlite'), { create: true }), Error);
});
