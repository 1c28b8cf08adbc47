/** Asks the user for files or a folder: the system's dialog where the host has one, our own browser elsewhere. */
import { api, type DialogPurpose } from './api.ts';
import { notices } from './notices.svelte.ts';
import { workspace } from './workspace.svelte.ts';

type Chosen = readonly { readonly handle: string; readonly name: string }[];

/** What is looked for: by a file's name and size, or by a folder's name. */
export interface Expected {
  readonly name: string;
  /** Null for a folder. */
  readonly bytes: number | null;
}

export interface PlaceQuestion {
  readonly title: string;
  readonly purpose: DialogPurpose;
  readonly action: string;
  /** Chosen at once in the folder where they lie; `hint` says why they are asked for. */
  readonly expected: readonly Expected[];
  readonly hint: string;
  answer(chosen: Chosen): void;
}

class PlaceQuestions {
  open = $state.raw<PlaceQuestion | null>(null);

  /** The folder that was looked at last; the next question begins there. */
  at: string | null = null;

  /** Empty when the user closed the dialog. */
  async ask(
    title: string,
    purpose: DialogPurpose,
    action: string,
    { expected = [], hint = '' }: { expected?: readonly Expected[]; hint?: string } = {},
  ): Promise<Chosen> {
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
        expected,
        hint,
        answer: (chosen) => {
          this.open = null;
          resolve(chosen);
        },
      };
    });
  }
}

export const placeQuestions = new PlaceQuestions();
