/** The host's one write connection: every change is one IMMEDIATE transaction with its audit rows, or did not happen. */
import { type Actor, type AuditEntry, auditAppender } from './audit.ts';
import type { Sqlite } from './open-database.ts';
import { storageError } from './storage-error.ts';

/** Appends an audit row for what the transaction changes. */
export type RecordChange = (entry: AuditEntry) => void;

export interface ProjectDatabase {
  readonly sqlite: Sqlite;
  readonly actor: Actor;
  /**
   * Runs `work` in one transaction (a savepoint when one is already open) and returns after COMMIT reached the disk.
   * `user` is who the audit rows name, by default the actor. A full disk is `project/disk-full` and leaves nothing behind.
   */
  change<T>(work: (record: RecordChange) => T, user?: string): T;
}

export function createProjectDatabase(sqlite: Sqlite, actor: Actor): ProjectDatabase {
  const append = auditAppender(sqlite);
  const run = sqlite.transaction((task: () => unknown) => task());
  return {
    sqlite,
    actor,
    change<T>(work: (record: RecordChange) => T, user: string = actor.user): T {
      const who = { ...actor, user };
      try {
        return run.immediate(() => work((entry) => append(who, entry))) as T;
      } catch (thrown) {
        throw storageError(thrown);
      }
    },
  };
}
