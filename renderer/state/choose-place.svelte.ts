/** Asks the user for files or a folder: the system's dialog where the host has one, our own browser elsewhere. */
import { api, type DialogPurpose } from './api.ts';
import { notices } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

type Chosen = readonly { readonly handle: string; readonly name: string }[];

export interface PlaceQuestion {
  readonly title: string;
  readonly purpose: DialogPurpose;
  readonly action: string;
  answer(chosen: Chosen): void;
}

class PlaceQuestions {
  open = $state.raw<PlaceQuestion | null>(null);

  /** Empty when the user closed the dialog. */
  async ask(title: string, purpose: DialogPurpose, action: string): Promise<Chosen> {
    if (workspace.info?.hasDialogs) {
      try {
        return (await api.dialog(purpose)).chosen;
      } catch (error) {
        notices.fail(error);
        return [];
      }
    }
    return new Promise((resolve) => {
      this.open = {
        title,
        purpose,
        action,
        answer: (chosen) => {
          this.open = null;
          resolve(chosen);
        },
      };
    });
  }
}

export const placeQuestions = new PlaceQuestions();
