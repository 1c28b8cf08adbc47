/** WebP as far as needed to know a picture's size before a decoder sees it. */

/** Null when the bytes are no WebP picture. Source: RFC 9649. */
export function readWebpSize(bytes: Uint8Array): { widthPx: number; heightPx: number } | null {
  if (bytes.length < 30 || text(bytes, 0) !== 'RIFF' || text(bytes, 8) !== 'WEBP') return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (text(bytes, 12)) {
    case 'VP8 ':
      if (view.getUint16(23) !== 0x9d01 || bytes[25] !== 0x2a) return null;
      return { widthPx: view.getUint16(26, true) & 0x3fff, heightPx: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      if (bytes[20] !== 0x2f) return null;
      const packed = view.getUint32(21, true);
      return { widthPx: (packed & 0x3fff) + 1, heightPx: ((packed >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { widthPx: (view.getUint32(23, true) >>> 8) + 1, heightPx: (view.getUint32(26, true) >>> 8) + 1 };
    default:
      return null;
  }
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
