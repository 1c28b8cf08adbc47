import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EosinError } from '../../app/core/errors.ts';
import { childrenOf, elementAt, looksLikeXml, parseXml, xmlLimits } from '../../app/slides/xml.ts';

const refused = { code: 'slide/structure', kind: 'input' };

test('elements, attributes, text and CDATA; prefixes are left out', () => {
  const root = parseXml(
    '<?xml version="1.0"?><!-- a --><o:Root xmlns:o="urn:x"><o:A k="1 &lt; 2">b &amp; c</o:A><A><![CDATA[<d>]]></A><B/></o:Root>',
  );
  assert.deepEqual([root.name, root.children.length], ['Root', 3]);
  assert.deepEqual(
    childrenOf(root, 'A').map(({ text }) => text),
    ['b & c', '<d>'],
  );
  assert.equal(elementAt(root, 'A')?.attributes.get('k'), '1 < 2');
  assert.equal(elementAt(root, 'B', 'C'), undefined);
});

test('long texts come whole, across the pieces in which the parser is fed', () => {
  const long = 'µ0123456789'.repeat(40_000);
  assert.equal(parseXml(`<a><b>${long}</b></a>`).children[0]?.text, long);
});

test('document types and entities are refused before parsing, in any case and place', () => {
  for (const text of [
    '<!DOCTYPE a><a/>',
    '<!doctype a><a/>',
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<a><!ENTITY b SYSTEM "file:///etc/passwd"></a>',
    `${' '.repeat(100_000)}<!DOCTYPE a><a/>`,
  ])
    assert.throws(() => parseXml(text), { ...refused, message: /declares/ });
  assert.throws(() => parseXml('<a>&b;</a>'), refused);
  assert.throws(() => parseXml('<a>&nbsp;</a>'), refused);
});

test('depth, length and number of parts end somewhere', () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  assert.equal(parseXml(nested(xmlLimits.depth)).name, 'a');
  assert.throws(() => parseXml(nested(xmlLimits.depth + 1)), { ...refused, message: /too deeply/ });
  assert.throws(() => parseXml(`<a>${'<b/>'.repeat(xmlLimits.parts)}</a>`), { ...refused, message: /too many parts/ });
  assert.throws(() => parseXml(`<a>${' '.repeat(xmlLimits.characters)}</a>`), { ...refused, message: /too long/ });
});

test('what is not well-formed is refused, whatever it is', () => {
  for (const text of ['', '   ', '<a>', '<a></b>', '<a b=1/>', '<a/><b/>', 'text', '<a><b></a></b>'])
    assert.throws(() => parseXml(text), refused, text);
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('<a>', '</a>', '<a b="c"/>', '&', '<', '"', '\0', 'é', '<![CDATA[', ']]>', '<?')),
      (parts) => {
        try {
          parseXml(parts.join(''));
        } catch (thrown) {
          assert.ok(thrown instanceof EosinError);
        }
      },
    ),
  );
});

test('names of the language are names like others', () => {
  const root = parseXml('<constructor __proto__="x" toString="y"/>');
  assert.deepEqual([root.name, root.attributes.get('toString')], ['constructor', 'y']);
});

test('a text that is not XML is told apart', () => {
  assert.ok(looksLikeXml('\uFEFF <OME>') && looksLikeXml('<?xml ?>'));
  assert.ok(!looksLikeXml('Aperio <x>') && !looksLikeXml(''));
});
