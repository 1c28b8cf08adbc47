import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { SlideView } from '../../app/core/project.ts';
import { mayName, withoutNames } from '../../app/core/slide-names.ts';
import { makeNamedSlides } from '../fixtures/named-slides.ts';
import { openTempApp, type TempApp } from './fixtures/temp-app.ts';

let app: TempApp;
let slide: SlideView;
let names: readonly string[];
before(async () => {
  app = openTempApp();
  await app.createProject('Names');
  const named = (await makeNamedSlides())['aperio.svs']!;
  names = named.names;
  writeFileSync(join(app.folder, 'a.svs'), named.bytes);
  const { body } = await app.ask<{ added: SlideView[] }>('POST', '/api/slides', { handles: [app.handle('a.svs')] });
  slide = body.added[0]!;
});
after(() => app.close());

const events = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; report?: { removed: string[] }; error?: { code: string } });

test('properties that may name a person are counted, and told when all are asked for', async () => {
  const route = `/api/slides/${slide.id}`;
  const { body, headers } = await app.ask<{ properties: Record<string, string>; hidden: number }>('GET', route);
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(body.properties['aperio.AppMag'], '20');
  for (const name of ['aperio.User', 'aperio.Filename', 'aperio.Barcode', 'tiff.dateTime'])
    assert.equal(body.properties[name], undefined, name);
  assert.ok(body.hidden >= 8, `${body.hidden}`);
  const all = (await app.ask<typeof body>('GET', `${route}?properties=all`)).body;
  assert.equal(all.hidden, 0);
  assert.ok(names.includes(all.properties['aperio.User']!));
  assert.equal(Object.keys(all.properties).length, Object.keys(body.properties).length + body.hidden);
  await app.refused(app.ask('GET', `${route}?properties=some`), 400, 'api/invalid');
});

test('no answer of the project says a name of the slide unless it is asked for', async () => {
  // What a colour profile calls itself is shown with the choice of colours.
  const told = names.filter((name) => !name.includes('Icc'));
  for (const route of ['/api/project', '/api/slides.csv', `/api/slides/${slide.id}/annotations`]) {
    const text = await (await app.send('GET', route)).text();
    for (const name of told) assert.ok(!text.includes(name), `${route} says ${name}`);
  }
});

test('label and macro are pictures that no cache keeps; what is not there is refused', async () => {
  assert.deepEqual([...slide.info.associated].sort(), ['label', 'macro', 'thumbnail']);
  const response = await app.send('GET', `/api/slides/${slide.id}/associated/label`);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { width, height, format } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  assert.deepEqual([format, width, height], ['jpeg', 40, 30]);
  await app.refused(app.ask('GET', `/api/slides/${slide.id}/associated/nothing`), 404, 'slide/no-such-part');
});

test('a copy is saved into the folder that was chosen, under a plain name', async () => {
  const route = `/api/slides/${slide.id}/copy`;
  const folder = app.handle('documents');
  const copy = async (name: string) => {
    const response = await app.send('POST', route, JSON.stringify({ folder, name }));
    const text = await response.text();
    for (const each of names) assert.ok(!text.includes(each), each);
    return { status: response.status, text };
  };
  const last = events((await copy('clean.svs')).text).at(-1)!;
  assert.equal(last.type, 'done');
  assert.ok(last.report!.removed.includes('Aperio User'));
  const bytes = readFileSync(join(app.folder, 'documents', 'clean.svs'));
  for (const name of names) assert.ok(!bytes.includes(name), name);
  assert.equal(events((await copy('clean.svs')).text).at(-1)!.error?.code, 'deidentify/exists');
  for (const name of ['../a.svs', '/etc/a.svs', '.hidden', 'a\\b', ''])
    assert.equal((await copy(name)).status, 400, name);
  await app.refused(app.ask('POST', route, { folder: 'nowhere', name: 'b.svs' }), 404, 'place/unknown');
  assert.deepEqual(
    readdirSync(join(app.folder, 'documents')).filter((name) => !name.endsWith('.eosin')),
    ['clean.svs'],
  );
});

test('what is not known to be technical may be a name', () => {
  for (const name of ['aperio.MPP', 'tiff.software', 'ome.Pixels.SizeX', 'dicom.manufacturer', 'icc.not-used'])
    assert.ok(!mayName(name, '0.5'), name);
  const header = 'Aperio Image Library v11.2.1 \r\n46000x32914 [42673,5576 2220x2967] (240x240) -> 10x10 JPEG/RGB Q=30';
  assert.ok(!mayName('aperio.header', `${header};${header}`));
  for (const [name, value] of [
    ['aperio.header', `${header} Jane`],
    ['aperio.MPP', 'Jane'],
    ['aperio.OriginalWidth', '12 Jane'],
  ] as const)
    assert.ok(mayName(name, value), value);
  for (const name of [
    ...['aperio.User', 'aperio.ScanScope ID', 'aperio.Title', 'tiff.dateTime', 'tiff.imageDescription'],
    ...['ome.Image.Name', 'leica.creation-date', 'dicom.series', 'philips.DICOM_DEVICE_SERIAL_NUMBER'],
    ...['hamamatsu.SerialNumber', 'hamamatsu.Comment', 'something.new', 'aperio.MPP of Jane'],
  ])
    assert.ok(mayName(name, '0.5'), name);
  assert.deepEqual(withoutNames({ 'aperio.MPP': '1', x: '2', y: '3' }), {
    properties: { 'aperio.MPP': '1' },
    hidden: 2,
  });
});
