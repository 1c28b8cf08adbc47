/**
 * Comments inside a coded picture. The segments stay where they are, filled with zeros, so that offsets and coded pixels are untouched.
 *
 *     JPEG        SOI | APP0 JFIF | APP1 Exif, XMP | APP2 profile | APP13 | COM | tables, frame ... | SOS
 *     JPEG 2000   SOC | SIZ, COD, QCD ...          | COM text                                       | SOT
 */

const [com, sos, eoi] = [0xfe, 0xda, 0xd9];
const [j2kCom, sot] = [0x64, 0x90];

/** Blanks in place; what was there, one copy a comment. Bytes that are neither format are left alone. */
export function blankComments(picture: Uint8Array): Uint8Array[] {
  if (picture[0] !== 0xff) return [];
  if (picture[1] === 0xd8) return blankSegments(picture, isJpegComment, [sos, eoi], 4);
  if (picture[1] === 0x4f) return blankSegments(picture, (marker) => marker === j2kCom, [sot, eoi], 6);
  return [];
}

/** Everything that says no more than how to decode stays: JFIF, Adobe's colour transform, tables, frames. */
function isJpegComment(marker: number, head: string): boolean {
  if (marker === com) return true;
  if (marker === 0xe0) return head !== 'JFIF';
  return marker > 0xe0 && marker <= 0xef && !(marker === 0xee && head === 'Adob');
}

function blankSegments(
  picture: Uint8Array,
  isComment: (marker: number, head: string) => boolean,
  last: readonly number[],
  headBytes: number,
): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 2; at + 4 <= picture.length; ) {
    if (picture[at] !== 0xff) break;
    const marker = picture[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (last.includes(marker)) break;
    const end = at + 2 + ((picture[at + 2]! << 8) | picture[at + 3]!);
    if (end < at + 4 || end > picture.length) break;
    if (isComment(marker, String.fromCharCode(...picture.subarray(at + 4, at + 8)))) {
      const body = picture.subarray(Math.min(end, at + headBytes), end);
      if (body.some((byte) => byte !== 0)) found.push(Uint8Array.from(body));
      body.fill(0);
    }
    at = end;
  }
  return found;
}
