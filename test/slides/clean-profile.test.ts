import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankComments } from '../../app/slides/deidentify/blank-comments.ts';
import { cleanProfile } from '../../app/slides/deidentify/clean-profile.ts';
import { readIccProfile } from '../../app/slides/icc-profile.ts';
import { colourProfile, withComments } from '../fixtures/named-slides.ts';

/** Data of the tags by name. */
function tagsOf(profile: Buffer): Map<string, string> {
  const tags = new Map<string, string>();
  for (let i = 0; i < profile.readUInt32BE(128); i++) {
    const entry = 132 + i * 12;
    const at = profile.readUInt32BE(entry + 4);
    tags.set(
      profile.toString('latin1', entry, entry + 4),
      profile.toString('hex', at, at + profile.readUInt32BE(entry + 8)),
    );
  }
  return tags;
}

for (const version of [2, 4] as const)
  test(`a profile of version ${version} keeps its colours and loses its words`, () => {
    const profile = colourProfile(version, ['Dr. Canary', 'Canary Lab']);
    const clean = cleanProfile(profile)!;
    const written = Buffer.from(clean.profile);
    assert.equal(written.readUInt32BE(0), written.length);
    const [before, after] = [tagsOf(profile), tagsOf(written)];
    assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
    for (const [name, data] of before) assert.equal(after.get(name) === data, name !== 'desc' && name !== 'cprt', name);
    assert.equal(readIccProfile(written).icc?.description, 'Scanner profile');
    assert.equal(clean.left.length, 2);
    for (const word of ['Canary', 'C\0a\0n\0a\0r\0y']) assert.ok(!written.includes(word));
  });

test('what is no profile, or lies outside of itself, is none', () => {
  assert.equal(cleanProfile(Buffer.alloc(200)), null);
  const profile = colourProfile(2, ['a', 'b']);
  profile.writeUInt32BE(profile.length, 132 + 4);
  assert.equal(cleanProfile(profile), null);
});

test('comments of a JPEG are blanked where they stand; JFIF, Adobe and the coded px stay', () => {
  const plain = Buffer.from(
    'ffd8ffe000104a46494600010100000100010000ffee000e41646f626500640000000001ffdb0003aaffda0008010203040506fffe0004ffd9',
    'hex',
  );
  const jpeg = withComments(plain, 'by Dr. Canary', 'Canary Cam');
  const before = Buffer.from(jpeg);
  assert.deepEqual(
    blankComments(jpeg).map((bytes) => Buffer.from(bytes).toString('latin1')),
    ['Exif\0\0Canary Cam', 'by Dr. Canary'],
  );
  assert.equal(jpeg.length, before.length);
  assert.ok(!jpeg.includes('Canary'));
  assert.ok(
    jpeg.subarray(-plain.length + 2).equals(plain.subarray(2)),
    'what follows is untouched, also behind the scan',
  );
  assert.deepEqual(blankComments(Buffer.from('no picture')), []);
});
