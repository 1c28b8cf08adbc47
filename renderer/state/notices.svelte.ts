/** Messages over the window: errors stay until they are closed, good news goes by itself. */
import { type ErrorReport, isAbort, reportOf } from '../../app/core/errors.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'error' | 'warning' | 'good';
  readonly title: string;
  /** What to do, or what is safe. */
  readonly text: string;
  readonly code: string | null;
  readonly action: { readonly label: string; run(): void } | null;
}

class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #next = 1;

  add(notice: Omit<Notice, 'id'>): number {
    const id = this.#next++;
    // The same trouble twice is one message.
    const others = this.list.filter((old) => old.title !== notice.title || old.text !== notice.text);
    this.list = [...others, { ...notice, id }].slice(-4);
    if (notice.tone === 'good') setTimeout(() => this.close(id), 4000);
    return id;
  }

  good(title: string, text = ''): void {
    this.add({ tone: 'good', title, text, code: null, action: null });
  }

  warn(title: string, text = ''): void {
    this.add({ tone: 'warning', title, text, code: null, action: null });
  }

  /** Any thrown value as a message; a cancel is none. */
  fail(thrown: unknown, action: Notice['action'] = null): void {
    if (!isAbort(thrown)) this.report(reportOf(thrown), action);
  }

  report(error: ErrorReport, action: Notice['action'] = null): void {
    this.add({ tone: 'error', title: error.message, text: error.remedy, code: error.code, action });
  }

  close(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();

/** Runs an action of the user's; what it throws becomes a message. Gives back whether it went well. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    notices.fail(error);
    return false;
  }
}
