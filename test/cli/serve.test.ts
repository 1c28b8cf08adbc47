import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertRefused, type Bench, documentOf, openBench } from './fixtures/run-eosin.ts';

let bench: Bench;
before(async () => {
  bench = openBench();
  await bench.eosin('project', 'create', 'Study.eosin');
});
after(() => bench.close());

test('serve gives its address once it answers, has the project open, and ends with Ctrl-C as done', async () => {
  const { child, ended } = bench.start(['serve', '--project', 'Study.eosin', '--json']);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout!.once('data', (text: string) => resolve(text));
    child.once('exit', () => reject(new Error('ended before it had an address')));
  });
  const { address } = JSON.parse(line) as { address: string };
  const { origin, hostname, hash } = new URL(address);
  assert.equal(hostname, '127.0.0.1');
  const token = new URLSearchParams(hash.slice(1)).get('token');
  assert.equal((await fetch(`${origin}/api/project`)).status, 401);
  const answer = await fetch(`${origin}/api/project`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(((await answer.json()) as { name: string }).name, 'Study');
  assertRefused(await bench.eosin('project', 'show', 'Study.eosin'), 75, 'project/in-use');
  process.kill(-child.pid!, 'SIGINT');
  assert.equal((await ended).code, 0);
  assert.equal(documentOf(await bench.eosin('project', 'show', 'Study.eosin', '--json')).name, 'Study');
});

test('a project that is none ends it before there is an address', async () => {
  const outcome = await bench.eosin('serve', '--project', '.');
  assertRefused(outcome, 65, 'project/not-a-project');
  assert.equal(outcome.stdout, '');
});
