/** Commands of the window: panels, tabs, theme, runs, the project. */
import type { Command } from './command.ts';
import { layout } from './layout.svelte.ts';
import { attempt } from './notices.svelte.ts';
import { trainings } from './trainings.svelte.ts';
import { workspace } from './workspace.svelte.ts';

export const windowCommands: readonly Command[] = [
  {
    id: 'alone',
    title: 'The viewer alone',
    group: 'Window',
    keys: ['Tab'],
    run: () => {
      layout.viewerAlone = !layout.viewerAlone;
    },
  },
  {
    id: 'areas',
    title: 'Next area: slides, viewer, panel',
    group: 'Window',
    keys: ['F6'],
    everywhere: true,
    run: nextArea,
  },
  {
    id: 'commands',
    title: 'Command list',
    group: 'Window',
    keys: ['Ctrl+K'],
    everywhere: true,
    run: () => {
      layout.commandsOpen = true;
    },
  },
  {
    id: 'keys',
    title: 'All keys',
    group: 'Window',
    keys: ['?'],
    run: () => {
      layout.keysOpen = true;
    },
  },
  { id: 'tab-label', title: 'Label', group: 'Window', keys: [], run: () => layout.showTab('label') },
  { id: 'tab-patches', title: 'Patches', group: 'Window', keys: [], run: () => layout.showTab('patches') },
  { id: 'tab-train', title: 'Train', group: 'Window', keys: [], run: () => layout.showTab('train') },
  { id: 'tab-results', title: 'Results', group: 'Window', keys: [], run: () => layout.showTab('results') },
  { id: 'tab-slide', title: 'Slide', group: 'Window', keys: [], run: () => layout.showTab('slide') },
  {
    id: 'slides-list',
    title: 'Fold or open the slides list',
    group: 'Window',
    keys: ['Ctrl+B'],
    everywhere: true,
    run: () => {
      layout.slidesOpen = !layout.slidesOpen;
      layout.remember();
    },
  },
  {
    id: 'inspector',
    title: 'Fold or open the panel on the right',
    group: 'Window',
    keys: ['Ctrl+I'],
    everywhere: true,
    run: () => {
      layout.inspectorOpen = !layout.inspectorOpen;
      layout.remember();
    },
  },
  {
    id: 'theme',
    title: 'Next theme: dark, light, high contrast',
    group: 'Window',
    keys: [],
    run: () => layout.nextTheme(),
  },
  {
    id: 'engines',
    title: 'Engines: what this computer trains with',
    group: 'Runs',
    keys: [],
    run: () => {
      layout.enginesOpen = true;
    },
  },
  {
    id: 'jobs',
    title: 'Runs and their logs',
    group: 'Runs',
    keys: ['Ctrl+J'],
    everywhere: true,
    run: () => {
      layout.jobsOpen = !layout.jobsOpen;
    },
  },
  {
    id: 'training-runs',
    title: 'Training runs side by side',
    group: 'Runs',
    keys: [],
    available: () => workspace.training !== null,
    run: () => {
      layout.showTab('train');
      trainings.shown = true;
    },
  },
  {
    id: 'pause',
    title: 'Pause the training',
    group: 'Runs',
    keys: [],
    available: () => workspace.training?.state === 'running',
    run: () => void workspace.training?.pause(),
  },
  {
    id: 'cancel',
    title: 'Cancel the running run',
    group: 'Runs',
    keys: [],
    run: () => void workspace.running?.cancel(),
  },
  {
    id: 'close',
    title: 'Close the project',
    group: 'Window',
    keys: [],
    run: () => void attempt(() => workspace.close()),
  },
];

const areas = ['slides', 'viewer', 'inspector'];

function nextArea(): void {
  const there = areas.filter((id) => document.getElementById(id));
  const now = there.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
  const next = document.getElementById(there[(now + 1) % there.length] ?? '');
  (next?.id === 'viewer' ? next : next?.querySelector<HTMLElement>('[tabindex="0"], button, input'))?.focus();
}
