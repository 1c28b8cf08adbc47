/** What brings slides into the project, and what finds them again. */
import { placeQuestions } from './choose-place.svelte.ts';
import type { Command } from './command.ts';
import { relinking } from './relinking.svelte.ts';
import { slideImport } from './slide-import.svelte.ts';
import { workspace } from './workspace.svelte.ts';

export async function addSlides(): Promise<void> {
  const chosen = await placeQuestions.ask('Add slides', 'slides', 'Add');
  await slideImport.add(chosen.map(({ handle }) => handle));
}

/** The slides of a folder and of those in it. */
export async function addFolder(): Promise<void> {
  const chosen = await placeQuestions.ask('Add all slides of a folder', 'folder', 'Add this folder');
  await slideImport.add(chosen.map(({ handle }) => handle));
}

/** What was dropped on the window: its place is known in the desktop app only. */
export async function addDropped(data: DataTransfer): Promise<void> {
  const { eosin } = window;
  const files = [...data.files];
  if (files.length === 0) return;
  if (eosin) {
    await slideImport.add(await Promise.all(files.map((file) => eosin.handleOfFile(file))));
    return;
  }
  const folders = new Set(
    [...data.items].map((item) => item.webkitGetAsEntry()).flatMap((entry) => (entry?.isDirectory ? [entry.name] : [])),
  );
  const expected = files.map(({ name, size }) => ({ name, bytes: folders.has(name) ? null : size }));
  const what = files.length === 1 ? files[0]!.name : `these ${files.length} files`;
  const chosen = await placeQuestions.ask('Where do they lie?', 'slides', 'Add', {
    expected,
    hint: `A browser does not tell where dropped files lie. Open the folder of ${what} here: they are chosen for you as soon as they are seen.`,
  });
  await slideImport.add(chosen.map(({ handle }) => handle));
}

const withProject = (run: () => void | Promise<void>) => (): unknown => (workspace.project ? run() : false);

export const slideCommands: readonly Command[] = [
  { id: 'add-slides', title: 'Add slides', group: 'Slides', keys: [], run: withProject(addSlides) },
  { id: 'add-folder', title: 'Add all slides of a folder', group: 'Slides', keys: [], run: withProject(addFolder) },
  { id: 'relink', title: 'Find missing slides', group: 'Slides', keys: [], run: withProject(() => relinking.show()) },
];
