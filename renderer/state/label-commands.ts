/** Commands of labelling: tools, corners, undo, what is shown of the regions. QuPath's letters where it has one. */
import { keyToTool } from '../viewer/on-stage.ts';
import type { Command } from './command.ts';
import { labelling, type ToolName } from './labelling.svelte.ts';
import { layout } from './layout.svelte.ts';
import { workspace } from './workspace.svelte.ts';

const tool = (name: ToolName, title: string, key: string): Command => ({
  id: `tool-${name}`,
  title,
  group: 'Label',
  keys: [key],
  run: () => {
    labelling.tool = name;
  },
});

export const labelCommands: readonly Command[] = [
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
