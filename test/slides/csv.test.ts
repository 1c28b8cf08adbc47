import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCsv, parseCsv } from '../../app/slides/csv.ts';
import { withCode } from '../db/temp-project.ts';

test('any table comes back as it was', () => {
  // A row of one empty field is a blank line, which tables do not have.
  const field = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '=1+1', "'=1", "''-x", 'a,b', '"', '\r\n', ' x ', '@', '\ttab'),
  );
  const row = fc.array(field, { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
      // The first line decides the separator: give it a comma outside of quotes.
      const table = [['a', 'b'], ...rows];
      assert.deepEqual(parseCsv(formatCsv(table)), table);
    }),
    { numRuns: 1000 },
  );
});

test('what a spreadsheet would run as a formula goes out as text', () => {
  assert.equal(
    formatCsv([['=HYPERLINK("x")', '+1', '-1', '@a', 'a=1']]),
    '"\'=HYPERLINK(""x"")",\'+1,\'-1,\'@a,a=1\r\n',
  );
});

test('line ends, byte order mark, blank lines, a missing last line end, semicolons and tabs', () => {
  assert.deepEqual(parseCsv('\ufeffa,b\r\n1,2\n\n3,\r4,"x\ny"'), [
    ['a', 'b'],
    ['1', '2'],
    ['3', ''],
    ['4', 'x\ny'],
  ]);
  assert.deepEqual(parseCsv('a;b\n1;"2;3"\n'), [
    ['a', 'b'],
    ['1', '2;3'],
  ]);
  assert.deepEqual(parseCsv('a\tb\n1\t2,5'), [
    ['a', 'b'],
    ['1', '2,5'],
  ]);
  assert.deepEqual(parseCsv('a,b\n1,'), [
    ['a', 'b'],
    ['1', ''],
  ]);
  assert.deepEqual(parseCsv(''), []);
});

test('a quote that does not end is said with its line', () => {
  assert.throws(() => parseCsv('a,b\n1,"2\n3'), withCode('csv/open-quote'));
});
