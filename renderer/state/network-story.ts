/** What happens to each layer group of a network: before a run as its recipe plans it, during and after it as it was told. */
import type { NetworkMap } from '../../app/core/network-map.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import type { ProbeDepth } from '../../app/core/run.ts';
import type { Story } from './run-story.ts';

/**
 * unused: above the head. frozen: as pretrained. opens: will learn in a later phase. may open: a rung that has to prove itself.
 * learns: now. learned: kept. undone: learned, did not help, and was put back.
 */
export type GroupState = 'unused' | 'frozen' | 'opens' | 'may open' | 'learns' | 'learned' | 'undone';

export interface GroupStory {
  readonly name: string;
  readonly layers: readonly string[];
  readonly state: GroupState;
  /** The linear probe on this group, where there was one. */
  readonly probe: ProbeDepth | null;
  /** The head stands on it. */
  readonly holdsHead: boolean;
}

type Told = Pick<Story, 'probe' | 'phases' | 'rungs' | 'ended'>;

/** From the input up. `story` is null before a run. */
export function groupStories({ groups }: NetworkMap, recipe: Recipe, story: Told | null): GroupStory[] {
  const names = groups.map(({ name }) => name);
  const attach = story?.probe?.attach ?? recipe.attach;
  const head = names.includes(attach) ? names.indexOf(attach) : names.length - 1;
  return groups.map(({ name, layers }, i) => ({
    name,
    layers,
    state: i > head ? 'unused' : story && story.phases.length > 0 ? told(name, story) : planned(head - i, recipe),
    probe: story?.probe?.depths.find(({ group }) => group === name) ?? null,
    holdsHead: i === head,
  }));
}

/** `below` counts groups from the one under the head, 0 is that one. */
function planned(below: number, { phases, ladder }: Recipe): GroupState {
  const deepest = Math.max(...phases.map(({ unfreeze }) => (unfreeze === 'all' ? Number.POSITIVE_INFINITY : unfreeze)));
  if (below < deepest) return 'opens';
  return ladder && below < ladder.groups ? 'may open' : 'frozen';
}

function told(group: string, { phases, rungs, ended }: Told): GroupState {
  const own = phases.filter(({ groups }) => groups.includes(group));
  const last = own.at(-1);
  if (!last) return 'frozen';
  const wasUndone = ({ name }: { readonly name: string }): boolean =>
    rungs.some((rung) => rung.phase === name && !rung.kept);
  if (ended === null && last === phases.at(-1) && !rungs.some(({ phase }) => phase === last.name)) return 'learns';
  return own.every(wasUndone) ? 'undone' : 'learned';
}
