/**
 * The audit trail: one row a change, written in the change's own transaction, each row sealed with the hash of the row before.
 *
 *     row n   [seq, at, offset, user, ..., before, after, reason, prev = hash of row n - 1]  -> hash = SHA-256
 *
 * Triggers abort UPDATE and DELETE. Who gets round them (a hex editor) breaks the chain, and `verifyAudit` says where.
 * It supports records in the style of 21 CFR Part 11; it proves nothing against someone who rewrites the whole chain,
 * unless the head hash was written down elsewhere: exports carry it.
 */
import { createHash } from 'node:crypto';
import type { Sqlite } from './open-database.ts';

/** Who changes, where, and with which program. */
export interface Actor {
  readonly user: string;
  readonly machine: string;
  readonly appVersion: string;
}

export interface AuditEntry {
  readonly action: 'create' | 'update' | 'delete';
  readonly entity: 'project' | 'slide' | 'class' | 'annotation' | 'patient' | 'run' | 'model' | 'test part';
  readonly id: string;
  /** Plain JSON values; absent where there was or is nothing. */
  readonly before?: unknown;
  readonly after?: unknown;
  readonly reason?: string | undefined;
}

interface AuditRow {
  seq: number;
  at: string;
  offset_minutes: number;
  user: string;
  machine: string;
  app_version: string;
  action: string;
  entity: string;
  entity_id: string;
  before: string | null;
  after: string | null;
  reason: string | null;
  prev: string;
  hash: string;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly rows: number;
  /** Hash of the last row; 64 zeros for an empty trail. */
  readonly head: string;
  readonly faults: readonly { readonly seq: number; readonly what: string }[];
}

const noHash = '0'.repeat(64);

/** Returns the function that appends a row; only ever called inside the transaction of the change. */
export function auditAppender(db: Sqlite): (actor: Actor, entry: AuditEntry) => void {
  const readHead = db.prepare<[], { seq: number; hash: string }>('SELECT seq, hash FROM audit_head');
  const moveHead = db.prepare<[number, string]>('UPDATE audit_head SET seq = ?, hash = ?');
  const insert = db.prepare<[AuditRow]>(
    `INSERT INTO audit VALUES (@seq, @at, @offset_minutes, @user, @machine, @app_version, @action, @entity, @entity_id,
      @before, @after, @reason, @prev, @hash)`,
  );
  return (actor, entry) => {
    if (!db.inTransaction) throw new Error('an audit row belongs into the transaction of its change');
    const head = readHead.get()!;
    const now = new Date();
    const row = {
      seq: head.seq + 1,
      at: now.toISOString(),
      offset_minutes: -now.getTimezoneOffset(),
      user: actor.user,
      machine: actor.machine,
      app_version: actor.appVersion,
      action: entry.action,
      entity: entry.entity,
      entity_id: entry.id,
      before: entry.before === undefined ? null : JSON.stringify(entry.before),
      after: entry.after === undefined ? null : JSON.stringify(entry.after),
      reason: entry.reason ?? null,
      prev: head.hash,
    };
    const hash = seal(row);
    insert.run({ ...row, hash });
    moveHead.run(row.seq, hash);
  };
}

/** Walks the whole chain; `expectedHead` (from an export) also finds a chain that was rewritten or cut off at its end. */
export function verifyAudit({ sqlite }: { readonly sqlite: Sqlite }, expectedHead?: string): AuditReport {
  const faults: { seq: number; what: string }[] = [];
  let prev = noHash;
  let rows = 0;
  let last = 0;
  let seenExpected = expectedHead === undefined || expectedHead === noHash;
  for (const row of sqlite.prepare<[], AuditRow>('SELECT * FROM audit ORDER BY seq').iterate()) {
    const missing = row.seq - last - 1;
    if (missing > 0) faults.push({ seq: row.seq, what: `${missing} row${missing === 1 ? '' : 's'} before it deleted` });
    else if (row.prev !== prev) faults.push({ seq: row.seq, what: 'does not follow the row before it' });
    if (seal(row) !== row.hash) faults.push({ seq: row.seq, what: 'altered' });
    prev = row.hash;
    last = row.seq;
    rows++;
    seenExpected ||= row.hash === expectedHead;
  }
  const head = sqlite.prepare<[], { seq: number; hash: string }>('SELECT seq, hash FROM audit_head').get();
  if (head?.hash !== prev)
    faults.push({ seq: head?.seq ?? 0, what: 'the last row is not the one that was written last' });
  if (!seenExpected) faults.push({ seq: 0, what: 'the expected hash is not in the chain' });
  return { ok: faults.length === 0, rows, head: prev, faults };
}

/** The head hash that exports carry. */
export function auditHead({ sqlite }: { readonly sqlite: Sqlite }): string {
  return sqlite.prepare<[], string>('SELECT hash FROM audit_head').pluck().get() ?? noHash;
}

function seal(row: Omit<AuditRow, 'hash'>): string {
  const fields = [
    row.seq,
    row.at,
    row.offset_minutes,
    row.user,
    row.machine,
    row.app_version,
    row.action,
    row.entity,
    row.entity_id,
    row.before,
    row.after,
    row.reason,
    row.prev,
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
