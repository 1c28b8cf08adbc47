/** Finding one's way among a backbone's layer groups. */
import { EosinError } from '../core/errors.ts';
import type { LayerGroup } from './backbone.ts';

/**
 * The groups from the input up to and with `attach`; `last` is the topmost group.
 *
 * @throws EosinError `network/no-such-group`
 */
export function backboneUpTo(groups: readonly LayerGroup[], attach: string): readonly LayerGroup[] {
  const index = attach === 'last' ? groups.length - 1 : groups.findIndex((group) => group.name === attach);
  if (index < 0) {
    throw new EosinError('network/no-such-group', 'usage', `The backbone has no layer group '${attach}'.`, {
      remedy: `Use 'last', 'auto' or one of: ${groups.map((group) => group.name).join(', ')}.`,
      fields: { attach },
    });
  }
  return groups.slice(0, index + 1);
}

/**
 * The group below which everything is frozen when `unfreeze` groups learn; null when all of them learn.
 * Its output is what the activation cache holds.
 */
export function boundaryGroup(groups: readonly LayerGroup[], unfreeze: number): LayerGroup | null {
  return groups[groups.length - 1 - unfreeze] ?? null;
}
