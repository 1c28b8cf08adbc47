import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { unreadEndings } from '../../app/core/slide-endings.ts';
import { openSlide } from '../../app/slides/open-slide.ts';
import { unreadFormats } from '../../app/slides/unread-formats.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type Field, levelDirectory, writeTiff } from '../fixtures/tiff-writer.ts';

async function refused(
  t: TestContext,
  name: string,
  bytes: Uint8Array,
  message: RegExp,
  remedy: RegExp,
): Promise<void> {
  const folder = tempFolder(t);
  writeFileSync(join(folder, name), bytes);
  await assert.rejects(
    openSlide(join(folder, name), { cacheFolder: folder }),
    (thrown: Error & { remedy?: string }) => {
      assert.match(thrown.message, message);
      assert.match(thrown.remedy ?? '', remedy);
      return 'code' in thrown && thrown.code === 'slide/unsupported';
    },
  );
}

test('a format that is not read is refused by its name, though a part of it could be opened', async (t) => {
  const preview = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#fff' } })
    .jpeg()
    .toBuffer();
  await refused(t, 'slide.mrxs', preview, /MIRAX/, /vips tiffsave/);
  await refused(t, 'SLIDE.MRXS', preview, /MIRAX/, /vips tiffsave/);
  const label = writeTiff([await levelDirectory({ widthPx: 64, heightPx: 64 })]);
  await refused(t, 'slide.vsi', label, /Olympus VSI/, /bfconvert/);
  await refused(t, 'slide.ndpis', Buffer.from('[NanoZoomer Digital Pathology Image Set]'), /NDPI/, /one by one/);
});

test('a TIFF of such a maker is refused whatever its name', async (t) => {
  const withField = async (field: Field): Promise<Buffer> =>
    writeTiff([await levelDirectory({ widthPx: 64, heightPx: 64, fields: [field] })]);
  const iScan = Buffer.from(
    '<?xml version="1.0"?><EncodeInfo></EncodeInfo><Metadata><iScan Magnification="40"/></Metadata>',
  );
  await refused(t, 'slide.tif', await withField({ tag: 700, type: 7, values: iScan }), /Ventana BIF/, /vips/);
  const other = join(tempFolder(t), 'other.tif');
  writeFileSync(
    other,
    await withField({ tag: 700, type: 7, values: Buffer.from('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>') }),
  );
  await (await openSlide(other, { cacheFolder: tempFolder(t) })).close();
  await refused(t, 'slide.tif', await withField({ tag: 305, type: 2, values: 'MedScan 2.1' }), /Trestle/, /vips/);
});

test('what a search through folders says it found but cannot open has a name and a way out', () => {
  assert.deepEqual(Object.keys(unreadFormats), unreadEndings);
});
