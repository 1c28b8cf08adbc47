/** Commands of looking: pan, zoom, turn, magnification, what lies over the slide, the next slide. */
import { meanMpp, objectiveFor } from '../../app/core/pyramid.ts';
import { onStage } from '../viewer/on-stage.ts';
import type { Command } from './command.ts';
import { labelling } from './labelling.svelte.ts';
import { overlay } from './overlay.svelte.ts';
import { slideLook } from './slide-look.svelte.ts';
import { workspace } from './workspace.svelte.ts';

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

export const lookCommands: readonly Command[] = [
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
  {
    id: 'focus-up',
    title: 'Focus a plane up',
    group: 'Look',
    keys: ['PageUp'],
    available: () => slideLook.planes > 1,
    run: () => slideLook.step(1),
  },
  {
    id: 'focus-down',
    title: 'Focus a plane down',
    group: 'Look',
    keys: ['PageDown'],
    available: () => slideLook.planes > 1,
    run: () => slideLook.step(-1),
  },
  {
    id: 'colours',
    title: 'Colours as scanned, or through the slide’s profile',
    group: 'Look',
    keys: ['C'],
    available: () => slideLook.profile !== null,
    run: () => slideLook.changeColour(),
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
