import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPatience } from '../../app/slides/silent-drive.ts';
import { fileError, isOutOfReach } from '../../app/slides/slide-errors.ts';

test('a drive that does not answer is refused after a while, its other files at once, other drives not at all', async () => {
  const patiently = createPatience(30);
  const gone = Promise.withResolvers<string>();
  const silent = { code: 'slide/storage', kind: 'retry' };
  const first = patiently(join('far', 'a.svs'), () => gone.promise);
  await assert.rejects(first, silent);
  let asked = 0;
  const ask = async (): Promise<string> => `${++asked}`;
  await assert.rejects(patiently(join('far', 'b.svs'), ask), silent);
  assert.equal(asked, 0, 'nobody else is sent to wait there');
  assert.equal(await patiently(join('near', 'b.svs'), ask), '1');
  gone.resolve('back');
  await gone.promise;
  assert.equal(await patiently(join('far', 'b.svs'), ask), '2');
  await assert.rejects(
    patiently(join('far', 'c.svs'), () => Promise.reject(new Error('of its own'))),
    /of its own/,
  );
});

test('whatever a drive says when it goes away is one kind of trouble, with a way out', () => {
  for (const code of ['ENOENT', 'EIO', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTDOWN', 'ENODEV']) {
    const error = fileError(Object.assign(new Error(code), { code }), 'a.svs');
    assert.ok(isOutOfReach(error), code);
  }
  assert.ok(!isOutOfReach(fileError(Object.assign(new Error('x'), { code: 'EACCES' }), 'a.svs')));
  assert.ok(!isOutOfReach(new Error('x')));
});
