/** What the window looks like: theme, folded panels, sizes and the open tab; remembered on this computer. */

import { defaultPatchRule, type PatchRule } from '../../app/core/patch-quality.ts';

export type Theme = 'dark' | 'light' | 'contrast';
export type InspectorTab = 'label' | 'patches' | 'train' | 'results' | 'slide';

const storageKey = 'eosin-layout';
const themes: readonly Theme[] = ['dark', 'light', 'contrast'];

function stored(): Record<string, unknown> {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** What was remembered of the rule, as far as it is one. */
function sound(old: unknown): PatchRule {
  const { maxPen, minFocus, leaveOutPen, leaveOutBlurred } = { ...defaultPatchRule, ...(old as Partial<PatchRule>) };
  const share = (value: number, otherwise: number): number => (value >= 0 && value <= 1 ? value : otherwise);
  return {
    maxPen: share(maxPen, defaultPatchRule.maxPen),
    minFocus: share(minFocus, defaultPatchRule.minFocus),
    leaveOutPen: leaveOutPen !== false,
    leaveOutBlurred: leaveOutBlurred === true,
  };
}

class Layout {
  theme = $state<Theme>('dark');
  slidesOpen = $state(true);
  inspectorOpen = $state(true);
  slidesWidth = $state(236);
  inspectorWidth = $state(348);
  tab = $state<InspectorTab>('label');
  recipe = $state('quick');
  /** Which patches are left out of a training run. */
  patchRule = $state.raw<PatchRule>(defaultPatchRule);
  /** Not remembered: the viewer alone, the drawer and the dialogs over it. */
  viewerAlone = $state(false);
  jobsOpen = $state(false);
  commandsOpen = $state(false);
  keysOpen = $state(false);
  enginesOpen = $state(false);

  constructor() {
    const old = stored();
    if (themes.includes(old.theme as Theme)) this.theme = old.theme as Theme;
    if (typeof old.slidesOpen === 'boolean') this.slidesOpen = old.slidesOpen;
    if (typeof old.inspectorOpen === 'boolean') this.inspectorOpen = old.inspectorOpen;
    if (typeof old.slidesWidth === 'number') this.slidesWidth = old.slidesWidth;
    if (typeof old.inspectorWidth === 'number') this.inspectorWidth = old.inspectorWidth;
    if (typeof old.tab === 'string') this.tab = old.tab as InspectorTab;
    if (typeof old.recipe === 'string') this.recipe = old.recipe;
    this.patchRule = sound(old.patchRule);
  }

  get showSlides(): boolean {
    return this.slidesOpen && !this.viewerAlone;
  }
  get showInspector(): boolean {
    return this.inspectorOpen && !this.viewerAlone;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.applyTheme();
    this.remember();
  }
  nextTheme(): void {
    this.setTheme(themes[(themes.indexOf(this.theme) + 1) % themes.length]!);
  }
  applyTheme(): void {
    document.documentElement.dataset.theme = this.theme;
  }

  showTab(tab: InspectorTab): void {
    this.tab = tab;
    this.inspectorOpen = true;
    this.viewerAlone = false;
    this.remember();
  }

  remember(): void {
    const { theme, slidesOpen, inspectorOpen, slidesWidth, inspectorWidth, tab, recipe, patchRule } = this;
    try {
      localStorage.setItem(
        storageKey,
        JSON.stringify({ theme, slidesOpen, inspectorOpen, slidesWidth, inspectorWidth, tab, recipe, patchRule }),
      );
    } catch {
      // A full or forbidden storage only costs the memory of the layout.
    }
  }
}

export const layout = new Layout();
