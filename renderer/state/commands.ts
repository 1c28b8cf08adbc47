/** Everything that can be done by name or key: the command list, the key sheet and the keyboard read this one table. */
import { meanMpp, objectiveFor } from '../../app/core/pyramid.ts';
import { keyToTool, onStage } from '../viewer/on-stage.ts';
import { labelling, type ToolName } from './labelling.svelte.ts';
import { layout } from './layout.svelte.ts';
import { attempt } from './notices.svelte.ts';
import { overlay } from './overlay.svelte.ts';
import { workspace } from './workspace.svelte.ts';

export type CommandGroup = 'Label' | 'Look' | 'Slides' | 'Window' | 'Runs';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: CommandGroup;
  /** As on the key sheet: `R`, `Ctrl+Z`, `Shift+ArrowLeft`; the first is the one that is shown. */
  readonly keys: readonly string[];
  /** Acts wherever the focus is; others only with the viewer focused (or nothing). */
  readonly everywhere?: boolean;
  /** False when the key should go on to whoever else wants it. */
  run(): unknown;
}

const tool = (name: ToolName, title: string, key: string): Command => ({
  id: `tool-${name}`,
  title,
  group: 'Label',
  keys: [key],
  run: () => {
    labelling.tool = name;
  },
});

/** QuPath's letters where it has one. */
const label: Command[] = [
  tool('move', 'Move and select', 'M'),
  tool('rectangle', 'Rectangle', 'R'),
  tool('polygon', 'Polygon', 'P'),
  tool('brush', 'Brush (Alt subtracts)', 'B'),
  {
    id: 'undo',
    title: 'Undo',
    group: 'Label',
    keys: ['Ctrl+Z'],
    everywhere: true,
    run: () => workspace.regions?.undo(),
  },
  {
    id: 'redo',
    title: 'Redo',
    group: 'Label',
    keys: ['Ctrl+Shift+Z', 'Ctrl+Y'],
    everywhere: true,
    run: () => workspace.regions?.redo(),
  },
  {
    id: 'delete',
    title: 'Delete the selected region, or the last corner',
    group: 'Label',
    keys: ['Delete', 'Backspace'],
    run: () => {
      if (keyToTool('Backspace')) return;
      const selected = workspace.regions?.selected;
      if (selected) workspace.regions?.remove([selected]);
    },
  },
  { id: 'enter', title: 'Set a corner, close, select', group: 'Label', keys: ['Enter'], run: () => keyToTool('Enter') },
  {
    id: 'escape',
    title: 'Give up what is being drawn; show the panels again',
    group: 'Label',
    keys: ['Escape'],
    run: () => {
      if (!keyToTool('Escape')) layout.viewerAlone = false;
    },
  },
  {
    id: 'brush-smaller',
    title: 'Smaller brush',
    group: 'Label',
    keys: ['['],
    run: () => labelling.resizeBrush(1 / 1.2),
  },
  { id: 'brush-larger', title: 'Larger brush', group: 'Label', keys: [']'], run: () => labelling.resizeBrush(1.2) },
  {
    id: 'show-regions',
    title: 'Show or hide the regions',
    group: 'Look',
    keys: ['A'],
    run: () => {
      labelling.showRegions = !labelling.showRegions;
    },
  },
  {
    id: 'fill-regions',
    title: 'Fill the regions or show outlines only',
    group: 'Look',
    keys: ['F'],
    run: () => {
      labelling.fillRegions = !labelling.fillRegions;
    },
  },
];

const arrows: Command[] = (
  [
    ['ArrowLeft', -1, 0, 'left'],
    ['ArrowRight', 1, 0, 'right'],
    ['ArrowUp', 0, -1, 'up'],
    ['ArrowDown', 0, 1, 'down'],
  ] as const
).flatMap(([key, dx, dy, way]) => [
  {
    id: `go-${way}`,
    title: `Pan ${way}, or move the cross ${way}`,
    group: 'Look' as const,
    keys: [key],
    run: () => arrow(dx, dy, 'step'),
  },
  {
    id: `far-${way}`,
    title: `Half a screen ${way}`,
    group: 'Look' as const,
    keys: [`Shift+${key}`],
    run: () => arrow(dx, dy, 'far'),
  },
  {
    id: `fine-${way}`,
    title: `The cross a pixel ${way}`,
    group: 'Look' as const,
    keys: [`Alt+${key}`],
    run: () => arrow(dx, dy, 'fine'),
  },
]);

function arrow(dx: number, dy: number, how: 'step' | 'far' | 'fine'): void {
  const now = onStage();
  if (!now) return;
  if (labelling.tool !== 'move') {
    now.cursor.step(now.stage, dx, dy, how);
    const at = now.cursor.at;
    if (at) now.tool().move({ at, alt: false, shift: false, double: false }, false);
  } else now.stage.panBy(dx * (how === 'far' ? 0.5 : 0.1), dy * (how === 'far' ? 0.5 : 0.1));
}

const magnifications = [1.25, 2.5, 5, 10, 20, 40];

function magnify(to: number): void {
  const mpp = workspace.slide?.mpp;
  if (mpp) onStage()?.stage.zoomTo(to / objectiveFor(meanMpp(mpp)));
}

const look: Command[] = [
  { id: 'zoom-in', title: 'Zoom in', group: 'Look', keys: ['+', '='], run: () => onStage()?.stage.zoomBy(1.6) },
  { id: 'zoom-out', title: 'Zoom out', group: 'Look', keys: ['-'], run: () => onStage()?.stage.zoomBy(1 / 1.6) },
  { id: 'whole', title: 'Whole slide', group: 'Look', keys: ['0', 'Home'], run: () => onStage()?.stage.home() },
  ...magnifications.map(
    (to, index): Command => ({
      id: `magnify-${to}`,
      title: `Magnification ${to}×`,
      group: 'Look',
      keys: [`Ctrl+${index + 1}`],
      everywhere: true,
      run: () => magnify(to),
    }),
  ),
  ...arrows,
  {
    id: 'turn-left',
    title: 'Turn left by 15°',
    group: 'Look',
    keys: ['Shift+['],
    run: () => onStage()?.stage.rotateBy(-15),
  },
  {
    id: 'turn-right',
    title: 'Turn right by 15°',
    group: 'Look',
    keys: ['Shift+]'],
    run: () => onStage()?.stage.rotateBy(15),
  },
  {
    id: 'heat-map',
    title: 'Show or hide the prediction',
    group: 'Look',
    keys: ['H'],
    run: () => {
      overlay.visible = !overlay.visible;
    },
  },
  {
    id: 'tissue',
    title: 'Show or hide the tissue mask',
    group: 'Look',
    keys: ['T'],
    run: () => {
      labelling.showTissue = !labelling.showTissue;
    },
  },
  { id: 'next-slide', title: 'Next slide', group: 'Slides', keys: ['N'], run: () => workspace.nextSlide(1) },
  {
    id: 'previous-slide',
    title: 'Previous slide',
    group: 'Slides',
    keys: ['Shift+N'],
    run: () => workspace.nextSlide(-1),
  },
];

const window_: Command[] = [
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

export const commands: readonly Command[] = [...label, ...look, ...window_];

const areas = ['slides', 'viewer', 'inspector'];

function nextArea(): void {
  const there = areas.filter((id) => document.getElementById(id));
  const now = there.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
  const next = document.getElementById(there[(now + 1) % there.length] ?? '');
  (next?.id === 'viewer' ? next : next?.querySelector<HTMLElement>('[tabindex="0"], button, input'))?.focus();
}
