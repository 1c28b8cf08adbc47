/** What was acknowledged survives kill -9: the real store in a real process, killed at random moments. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { boundsOf } from '../../app/core/geometry.ts';
import { randomFor } from '../../app/core/random.ts';
import { verifyAudit } from '../../app/db/audit.ts';
import { openProject, type Project } from '../../app/project.ts';
import { tempProject } from './temp-project.ts';

const kills = 50;
const longestMs = 120;
const script = fileURLToPath(new URL('./write-annotations.ts', import.meta.url));

/** Runs the writer, kills it `delayMs` after its first commit was possible, and returns the revisions it had acknowledged. */
async function writeUntilKilled(folder: string, round: number, delayMs: number): Promise<Map<string, number>> {
  const writer = spawn(process.execPath, [script, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    writer.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.startsWith('ready\n')) resolve();
    });
    writer.once('exit', () => reject(new Error('the writer ended by itself')));
  });
  await ready;
  await wait(delayMs);
  writer.kill('SIGKILL');
  await once(writer, 'close');
  // The last line may be cut off; it then was not acknowledged.
  const lines = said.split('\n').slice(1, -1);
  return new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
}

/** Row, index and audit trail tell the same story. */
function assertConsistent(project: Project): void {
  const { sqlite } = project.db;
  assert.equal(sqlite.pragma('integrity_check', { simple: true }), 'ok');
  assert.deepEqual(sqlite.pragma('foreign_key_check'), []);
  assert.deepEqual(verifyAudit(project.db).faults, []);
  const slide = project.slides.list()[0]!;
  const rows = project.annotations.list(slide.id);
  const index = sqlite.prepare<[], { id: string; x0: number; x1: number; y0: number; y1: number }>(
    'SELECT a.id, i.x0, i.x1, i.y0, i.y1 FROM annotation_index i LEFT JOIN annotations a ON a.key = i.key ORDER BY i.key',
  );
  assert.deepEqual(
    index.all(),
    rows.map(({ id, geometry }) => {
      const { x, y, width, height } = boundsOf(geometry);
      return { id, x0: 64 * x, x1: 64 * (x + width), y0: 64 * y, y1: 64 * (y + height) };
    }),
  );
  const audited = sqlite.prepare<[], { id: string; revision: number }>(
    "SELECT entity_id AS id, count(*) AS revision FROM audit WHERE entity = 'annotation' GROUP BY entity_id ORDER BY min(seq)",
  );
  assert.deepEqual(
    audited.all(),
    rows.map(({ id, revision }) => ({ id, revision })),
  );
}

/** Kills one writer after another on one project and opens it after each; returns how many regions were acknowledged. */
async function killAgainAndAgain(t: TestContext, lane: number, rounds: number): Promise<number> {
  const { project, slide } = tempProject(t);
  project.close();
  const random = randomFor(lane, 'kill');
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const written = await writeUntilKilled(project.folder, round, random.next() * longestMs);
    for (const [id, revision] of written) acknowledged.set(id, revision);
    const again = openProject(project.folder, { known: true });
    try {
      const stored = new Map(again.annotations.list(slide.id).map(({ id, revision }) => [id, revision]));
      for (const [id, revision] of acknowledged) {
        const found = stored.get(id) ?? 0;
        assert.ok(found >= revision, `round ${round}: revision ${revision} of ${id} was acknowledged and is lost`);
      }
      if (round % 8 === 0 || round === rounds - 1) assertConsistent(again);
    } finally {
      again.close();
    }
  }
  return acknowledged.size;
}

test(`${kills} kills while regions are written: none that was acknowledged is lost, none is half there`, async (t) => {
  const lanes = [1, 2];
  const counts = await Promise.all(lanes.map((lane) => killAgainAndAgain(t, lane, kills / lanes.length)));
  const acknowledged = counts.reduce((sum, count) => sum + count, 0);
  assert.ok(acknowledged > kills, `only ${acknowledged} regions were written`);
  t.diagnostic(`${acknowledged} regions acknowledged over ${kills} kills`);
});
