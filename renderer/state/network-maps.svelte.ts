/** Networks as their layer groups, asked for once each. */
import type { NetworkMap } from '../../app/core/network-map.ts';
import type { Recipe } from '../../app/core/recipe.ts';
import { api } from './api.ts';
import { attempt } from './notices.svelte.ts';

type Asked = Pick<Recipe, 'backbone' | 'input'>;

class NetworkMaps {
  #known = $state.raw<Readonly<Record<string, NetworkMap | null>>>({});
  readonly #asked = new Set<string>();

  /** Null while it is not known, and for a network that Eosin does not know. */
  of(recipe: Asked): NetworkMap | null {
    return this.#known[keyOf(recipe)] ?? null;
  }

  async load(recipe: Asked): Promise<void> {
    const key = keyOf(recipe);
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    const loaded = await attempt(async () => {
      const { map } = await api.networkMap(recipe.backbone, recipe.input.sizePx);
      this.#known = { ...this.#known, [key]: map };
    });
    if (!loaded) this.#asked.delete(key);
  }
}

const keyOf = ({ backbone, input }: Asked): string => `${backbone} ${input.sizePx}`;

export const networkMaps = new NetworkMaps();
