/** The projects that were open lately, newest first; a convenience: a broken list is an empty one, and none is written on a full disk. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const recentsSchema = z.array(z.object({ name: z.string(), folder: z.string(), openedAt: z.string() }));
export type RecentProject = z.infer<typeof recentsSchema>[number];

export interface Recents {
  list(): readonly RecentProject[];
  add(project: { name: string; folder: string }): void;
}

const kept = 12;

export function createRecents(dataFolder: string): Recents {
  const file = path.join(dataFolder, 'recents.json');
  const list = (): RecentProject[] => {
    try {
      return recentsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return [];
    }
  };
  return {
    list,
    add({ name, folder }) {
      const others = list().filter((recent) => recent.folder !== folder);
      const next = [{ name, folder, openedAt: new Date().toISOString() }, ...others].slice(0, kept);
      try {
        mkdirSync(dataFolder, { recursive: true });
        writeFileSync(`${file}.${process.pid}.part`, JSON.stringify(next, null, 2));
        renameSync(`${file}.${process.pid}.part`, file);
      } catch {
        // The project itself is open and safe; only the list of the start page stays as it was.
      }
    },
  };
}
