/** OpenSlide's C API and fastslide in a Python process of their own. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { peerPython } from './peer-python.ts';

const openSlide = ['openslide-bin==4.0.1.2', 'pillow==13.0.0'];
const fastslide = 'fastslide==0.8.1';
const script = path.join(import.meta.dirname, 'slides-peer.py');

export interface Cost {
  /** User and system time of all processes that took part. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** x and y in level-0 px, the size in px of the level. */
export type PeerBox = readonly [x: number, y: number, level: number, widthPx: number, heightPx: number];

export interface Peer {
  readonly versions: { readonly openslide: string; readonly fastslide: string | null };
  /** `callMs` is what calling from Python costs; `jpeg` encodes each box at that quality. */
  read(slide: string, boxes: readonly PeerBox[], jpeg?: number): Promise<Cost & { readonly callMs: number }>;
  readWithFastslide(slide: string, boxes: readonly PeerBox[]): Promise<Cost>;
  open(slide: string): Promise<Cost>;
  /** Drops the file from the system's page cache. */
  forget(file: string): Promise<void>;
  close(): void;
}

/** Installs what is missing, without fastslide where there is no build of it; null where Python or OpenSlide cannot be had. */
export async function startPeer(): Promise<Peer | null> {
  const python = peerPython('slides', [...openSlide, fastslide]) ?? peerPython('slides-openslide', openSlide);
  if (python === null) return null;
  const child = spawn(python, ['-u', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the peer ended')));
  });
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async <T>(request: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value } = await Promise.race([lines.next(), ended]);
    const answer = JSON.parse(value ?? '{"error":"no answer"}') as T & { error?: string };
    if (answer.error) throw new Error(`the peer says: ${answer.error}`);
    return answer;
  };
  return {
    versions: await ask<Peer['versions']>({ task: 'versions' }),
    read: (slide, boxes, jpeg) => ask({ task: 'read', path: slide, boxes, jpeg: jpeg ?? null }),
    readWithFastslide: (slide, boxes) => ask({ task: 'fastslide', path: slide, boxes }),
    open: (slide) => ask({ task: 'open', path: slide }),
    forget: (file) => ask({ task: 'forget', path: file }),
    close: () => child.stdin.end(),
  };
}
