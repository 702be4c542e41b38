/** The audit log, one row for each call. */
import type { AuditFilter, AuditRow } from '../control.ts'
import type { Connection } from './sqlite.ts'

/** See `ControlStore.audit`. */
export type Audit = {
  add(rows: readonly AuditRow[]): void
  list(which: AuditFilter): (AuditRow & { id: number })[]
  /** Deletes the rows before this time (Unix milliseconds), and the oldest ones above {@link MOST_ROWS}. */
  prune(beforeMs: number): void
}

/** About 100 MiB. */
const MOST_ROWS = 500_000

type Row = Omit<AuditRow, 'atMs'> & { id: number; at_ms: number }

export function createAudit(db: Connection): Audit {
  const add = db.command('INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const list = db.query<Row>(
    `SELECT * FROM audit WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR caller = ?2)
     AND (?3 IS NULL OR operation = ?3) AND (?4 IS NULL OR account = ?4) AND (?5 IS NULL OR chat = ?5)
     AND (?6 IS NULL OR outcome = ?6) AND (?7 IS NULL OR decision = ?7) AND (?8 IS NULL OR at_ms >= ?8)
     AND (?9 IS NULL OR at_ms < ?9) ORDER BY id DESC LIMIT ?10`,
  )
  // The rows are in the order of time, so that only old ones are read.
  const prune = db.command(
    `DELETE FROM audit WHERE id < max(
       coalesce((SELECT id FROM audit WHERE at_ms >= ? ORDER BY id LIMIT 1), (SELECT max(id) + 1 FROM audit)),
       (SELECT max(id) + 1 FROM audit) - ${MOST_ROWS})`,
  )
  return {
    add: (rows) =>
      db.transaction(() => {
        for (const { atMs, caller, face, client, operation, account, chat, decision, outcome } of rows)
          add.run(atMs, caller, face, client, operation, account, chat, decision, outcome)
      }),
    list: ({ before = null, caller = null, operation = null, account = null, chat = null, ...rest }) =>
      list
        .all(
          ...[before, caller, operation, account, chat],
          ...[rest.outcome ?? null, rest.decision ?? null, rest.sinceMs ?? null, rest.untilMs ?? null],
          rest.limit,
        )
        .map(({ at_ms: atMs, ...row }) => ({ ...row, atMs })),
    prune: (beforeMs) => void prune.run(beforeMs),
  }
}
