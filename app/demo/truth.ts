/**
 * The known truth of an example slide as a file:
 *
 *     one line of JSON (size, cell, key)  '\n'  one byte a cell, row by row: index into demoClasses
 *
 * `key` names the drawing that the slide beside it came from, so that a slide is drawn only once.
 */
import { EosinError } from '../core/errors.ts';
import type { LabelImage } from '../evaluation/heatmap-agreement.ts';

export interface DemoTruth extends LabelImage {
  readonly key: string;
}

export function formatTruth({ data, widthPx, heightPx, downsample, key }: DemoTruth): Uint8Array {
  const head = new TextEncoder().encode(`${JSON.stringify({ eosinTruth: 1, widthPx, heightPx, downsample, key })}\n`);
  const out = new Uint8Array(head.length + data.length);
  out.set(head);
  out.set(data, head.length);
  return out;
}

/** Throws `demo/truth` when the bytes are not a whole truth file. */
export function parseTruth(bytes: Uint8Array): DemoTruth {
  const end = bytes.subarray(0, 1000).indexOf(10);
  try {
    const head: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end))));
    if (isHead(head)) {
      const { widthPx, heightPx, downsample, key } = head;
      // A copy: a Buffer's own slice would share memory with the whole file.
      const data = new Uint8Array(bytes.subarray(end + 1));
      if (data.length === widthPx * heightPx) return { data, widthPx, heightPx, downsample, key };
    }
  } catch {
    // Not JSON: told below like any other damage.
  }
  throw new EosinError('demo/truth', 'input', 'The truth file of an example slide is damaged.', {
    remedy: 'Delete the folder of example slides; they are drawn again.',
  });
}

interface Head {
  widthPx: number;
  heightPx: number;
  downsample: number;
  key: string;
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null) return false;
  const head = value as Partial<Record<keyof Head | 'eosinTruth', unknown>>;
  return (
    head.eosinTruth === 1 &&
    Number.isInteger(head.widthPx) &&
    Number.isInteger(head.heightPx) &&
    typeof head.downsample === 'number' &&
    typeof head.key === 'string'
  );
}
