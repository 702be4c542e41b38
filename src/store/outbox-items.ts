/** The items of the outbox, one row each. */
import type { Clock } from '../clock.ts'
import { type ControlStore, KEPT_MS, type OutboxRow } from '../control.ts'
import { FINAL, type OutboxState } from '../model/outbox.ts'
import type { Command, Connection } from './sqlite.ts'

/** These methods, returning their results instead of promises. */
type Now<T> = {
  [K in keyof T]: T[K] extends (...given: infer Given) => Promise<infer Result>
    ? (...given: Given) => Result
    : never
}

/** See `ControlStore.outbox`. */
export type OutboxItems = Now<ControlStore['outbox']> & {
  /** Deletes the items that were settled, or became unknown, more than {@link KEPT_MS} ago. */
  prune(): void
}

/** The column of each field, in the order of the table. */
const COLUMNS = {
  id: 'id',
  account: 'account',
  number: 'number',
  state: 'state',
  operation: 'operation',
  caller: 'caller',
  request: 'request',
  reason: 'reason',
  chat: 'chat',
  chatName: 'chat_name',
  preview: 'preview',
  digest: 'digest',
  replyTo: 'reply_to',
  content: 'content',
  bareId: 'bare_id',
  createdAtMs: 'created_at_ms',
  releaseAtMs: 'release_at_ms',
  expiresAtMs: 'expires_at_ms',
  sentAtMs: 'sent_at_ms',
  messageId: 'message_id',
  error: 'error',
} as const satisfies Record<keyof OutboxRow, string>
const FIELDS = Object.keys(COLUMNS) as (keyof OutboxRow)[]
const SELECT = `SELECT ${FIELDS.map((field) => `${COLUMNS[field]} AS ${field}`).join(', ')} FROM outbox`

/** `error`: JSON. */
type Row = Omit<OutboxRow, 'error'> & { error: string | null }

const OPEN = "state IN ('held', 'scheduled', 'sending', 'unknown')"

/** True if it is kept for a time from now on: nothing more is done to send it. */
const hasEnded = (state: OutboxState) => state === 'unknown' || FINAL.some((one) => one === state)

export function createOutboxItems(db: Connection, clock: Pick<Clock, 'now'>): OutboxItems {
  const put = db.command(
    `INSERT INTO outbox (${Object.values(COLUMNS).join(', ')}, settled_at_ms)
     VALUES (${FIELDS.map(() => '?').join(', ')}, ?)`,
  )
  /** By the fields that they change. */
  const updates = new Map<string, Command>()
  const get = db.query<Row>(`${SELECT} WHERE id = ?`)
  const byRequest = db.query<Row>(
    `${SELECT} WHERE request = ? AND caller = ? AND account = ? AND operation = ? ORDER BY id DESC LIMIT 1`,
  )
  const list = db.query<Row>(
    // Not those of a number that was linked to the account before, or of an earlier account with its id: an account that is
    // removed shows what its removal cancelled. A number is null until the first link, and if it could not be stored.
    `${SELECT} WHERE NOT EXISTS (SELECT 1 FROM accounts known WHERE known.id = outbox.account
       AND (outbox.settled_at_ms < known.created_at_ms
         OR NOT coalesce(known.number = outbox.number, known.created_at_ms <= outbox.created_at_ms)))
     AND (?1 IS NULL OR account = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR id < ?3)
     ORDER BY id DESC LIMIT ?4`,
  )
  const open = db.query<Row>(`${SELECT} WHERE account = ? AND ${OPEN} ORDER BY id`)
  const chats = 'chat IN (SELECT value FROM json_each(?))'
  const forget = db.command(`DELETE FROM outbox WHERE account = ? AND ${chats} AND NOT ${OPEN}`)
  const blank = db.command(
    `UPDATE outbox SET chat_name = '', preview = '' WHERE account = ? AND ${chats} AND state IN ('sending', 'unknown')`,
  )
  const prune = [
    'DELETE FROM outbox WHERE settled_at_ms < ?',
    // Of an earlier version.
    "DELETE FROM outbox WHERE state = 'unknown' AND settled_at_ms IS NULL AND created_at_ms < ?",
  ].map((sql) => db.command(sql))

  const settledAt = (state: OutboxState) => (hasEnded(state) ? clock.now() : null)

  function updateOf(fields: readonly (keyof OutboxRow)[]): Command {
    const key = fields.join()
    const known = updates.get(key)
    if (known !== undefined) return known
    const settled = fields.includes('state') ? '?' : 'settled_at_ms'
    const update = db.command(
      `UPDATE outbox SET ${fields.map((field) => `${COLUMNS[field]} = ?, `).join('')} settled_at_ms = ${settled}
       WHERE id = ? AND state IN (SELECT value FROM json_each(?)) AND coalesce(?, digest) = digest`,
    )
    updates.set(key, update)
    return update
  }

  return {
    add(row) {
      const stored = toRow(row)
      put.run(...FIELDS.map((field) => stored[field] ?? null), settledAt(row.state))
    },
    change(id, from, change, { digest, isElsewhere = false } = {}) {
      const stored = toRow(change)
      const fields = FIELDS.filter((field) => stored[field] !== undefined)
      const update = () =>
        updateOf(fields).run(
          ...fields.map((field) => stored[field] ?? null),
          ...(change.state === undefined ? [] : [settledAt(change.state)]),
          id,
          JSON.stringify(from),
          digest ?? null,
        )
      const { changes } = isElsewhere ? db.relaxed(update) : update()
      return changes === 0 ? null : toItemOrNull(get.get(id))
    },
    get: (id) => toItemOrNull(get.get(id)),
    byRequest: ({ key, caller, account, operation }) =>
      toItemOrNull(byRequest.get(key, caller, account, operation)),
    list: ({ account = null, state = null, before = null, limit }) =>
      list.all(account, state, before, limit).map(toItem),
    open: (account) => open.all(account).map(toItem),
    forget(account, addresses) {
      const list = JSON.stringify(addresses)
      db.transaction(() => {
        forget.run(account, list)
        blank.run(account, list)
      })
    },
    prune() {
      for (const command of prune) command.run(clock.now() - KEPT_MS)
    },
  }
}

const toRow = ({ error, ...fields }: Partial<OutboxRow>): Partial<Row> =>
  error === undefined ? fields : { ...fields, error: error === null ? null : JSON.stringify(error) }

const toItemOrNull = (row: Row | undefined) => (row === undefined ? null : toItem(row))

/** Field by field: the library's rows have more than the columns. */
function toItem(row: Row): OutboxRow {
  const fields = Object.fromEntries(FIELDS.map((field) => [field, row[field]])) as Row
  return { ...fields, error: row.error === null ? null : JSON.parse(row.error) }
}
