/** A real project in a temporary folder, with one slide of 10,000 x 8,000 px; gone when the test is over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { MultiPolygon } from '../../app/core/geometry.ts';
import type { SlideView } from '../../app/core/project.ts';
import { onePlane, type SlideInfo } from '../../app/core/slide.ts';
import { createProject, type Project } from '../../app/project.ts';

export const slideSize = { widthPx: 10_000, heightPx: 8_000 };

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'eosin-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a reader would say of a slide; the stores never open its file. */
export function slideInfo(fingerprint: string, changes: Partial<SlideInfo> = {}): SlideInfo {
  return {
    format: 'tiff',
    vendor: 'generic-tiff',
    ...slideSize,
    mpp: { x: 0.5, y: 0.502 },
    objective: 20,
    levels: [],
    associated: [],
    focalPlanes: onePlane,
    icc: null,
    fingerprint,
    properties: { 'tiff.Software': 'test' },
    ...changes,
  };
}

export function addSlide(project: Project, folder: string, name: string, changes: Partial<SlideInfo> = {}): SlideView {
  const absolutePath = join(folder, name);
  writeFileSync(absolutePath, `pixels of ${name}`);
  return project.slides.add({ absolutePath, info: slideInfo(`fingerprint of ${name}`, changes) });
}

export function tempProject(t: TestContext): { folder: string; project: Project; slide: SlideView } {
  const folder = tempFolder(t);
  const project = createProject(folder, { name: 'Study', user: 'ada', machine: 'lab-1', appVersion: '0.1.0' });
  t.after(() => project.close());
  return { folder, project, slide: addSlide(project, folder, 'one.tif') };
}

export function square(x: number, y: number, side = 100): MultiPolygon {
  return [
    [
      [
        [x, y],
        [x + side, y],
        [x + side, y + side],
        [x, y + side],
      ],
    ],
  ];
}

/** For assert.throws: an EosinError of this code. */
export function withCode(code: string): (thrown: unknown) => boolean {
  return (thrown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === code) return true;
    throw thrown;
  };
}
