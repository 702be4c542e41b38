/** The items of the outbox, one row each. */
import { KEPT_MS, type OutboxChange, type OutboxFilter, type OutboxRow, type RequestKey } from '../control.ts'
import type { AccountId, Jid, MessageKey } from '../model/ids.ts'
import { FINAL, type OutboxState } from '../model/outbox.ts'
import type { Connection } from './sqlite.ts'

/** See `ControlStore.outbox`. */
export type OutboxItems = {
  add(row: OutboxRow): void
  change(id: string, from: readonly OutboxState[], change: OutboxChange, digest?: string): OutboxRow | null
  get(id: string): OutboxRow | null
  byRequest(request: RequestKey): OutboxRow | null
  list(which: OutboxFilter): OutboxRow[]
  open(account: AccountId): OutboxRow[]
  forget(account: AccountId, chat: Jid): void
  /** Deletes the final items that were created more than {@link KEPT_MS} before this time (Unix ms). */
  prune(nowMs: number): void
}

type Row = {
  id: string
  account: AccountId
  number: Jid
  state: OutboxState
  operation: string
  caller: string
  request: string | null
  reason: OutboxRow['reason']
  chat: Jid
  chat_name: string
  preview: string
  digest: string
  reply_to: string | null
  content: string | null
  bare_id: string
  created_at_ms: number
  release_at_ms: number | null
  expires_at_ms: number | null
  sent_at_ms: number | null
  message_id: MessageKey | null
  error: string | null
}

const OPEN = "state IN ('held', 'scheduled', 'sending', 'unknown')"

export function createOutboxItems(db: Connection): OutboxItems {
  const put = db.command(`INSERT OR REPLACE INTO outbox VALUES (${Array(21).fill('?').join(', ')})`)
  const get = db.query<Row>('SELECT * FROM outbox WHERE id = ?')
  const byRequest = db.query<Row>(
    'SELECT * FROM outbox WHERE request = ? AND caller = ? AND account = ? AND operation = ? ORDER BY id DESC LIMIT 1',
  )
  const list = db.query<Row>(
    `SELECT * FROM outbox WHERE (?1 IS NULL OR account = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR id < ?3)
     ORDER BY id DESC LIMIT ?4`,
  )
  const open = db.query<Row>(`SELECT * FROM outbox WHERE account = ? AND ${OPEN} ORDER BY id`)
  const forget = db.command(`DELETE FROM outbox WHERE account = ? AND chat = ? AND NOT ${OPEN}`)
  const blank = db.command(
    "UPDATE outbox SET chat_name = '', preview = '' WHERE account = ? AND chat = ? AND state IN ('sending', 'unknown')",
  )
  const prune = db.command(
    `DELETE FROM outbox WHERE created_at_ms < ? AND state IN (SELECT value FROM json_each(?))`,
  )

  function write(row: OutboxRow): OutboxRow {
    put.run(
      row.id,
      row.account,
      row.number,
      row.state,
      row.operation,
      row.caller,
      row.request,
      row.reason,
      row.chat,
      row.chatName,
      row.preview,
      row.digest,
      row.replyTo,
      row.content,
      row.bareId,
      row.createdAtMs,
      row.releaseAtMs,
      row.expiresAtMs,
      row.sentAtMs,
      row.messageId,
      row.error === null ? null : JSON.stringify(row.error),
    )
    return row
  }

  return {
    add: (row) => void write(row),
    change: (id, from, change, digest) =>
      db.transaction(() => {
        const row = get.get(id)
        if (row === undefined || !from.includes(row.state)) return null
        if (digest !== undefined && row.digest !== digest) return null
        return write({ ...toItem(row), ...change })
      }),
    get: (id) => toItemOrNull(get.get(id)),
    byRequest: ({ key, caller, account, operation }) =>
      toItemOrNull(byRequest.get(key, caller, account, operation)),
    list: ({ account = null, state = null, before = null, limit }) =>
      list.all(account, state, before, limit).map(toItem),
    open: (account) => open.all(account).map(toItem),
    forget(account, chat) {
      db.transaction(() => {
        forget.run(account, chat)
        blank.run(account, chat)
      })
    },
    prune: (nowMs) => void prune.run(nowMs - KEPT_MS, JSON.stringify(FINAL)),
  }
}

const toItemOrNull = (row: Row | undefined) => (row === undefined ? null : toItem(row))

/** Field by field: the library's rows have more than the columns. */
function toItem(row: Row): OutboxRow {
  return {
    id: row.id,
    account: row.account,
    number: row.number,
    state: row.state,
    operation: row.operation,
    caller: row.caller,
    request: row.request,
    reason: row.reason,
    chat: row.chat,
    chatName: row.chat_name,
    preview: row.preview,
    digest: row.digest,
    replyTo: row.reply_to,
    content: row.content,
    bareId: row.bare_id,
    createdAtMs: row.created_at_ms,
    releaseAtMs: row.release_at_ms,
    expiresAtMs: row.expires_at_ms,
    sentAtMs: row.sent_at_ms,
    messageId: row.message_id,
    error: row.error === null ? null : JSON.parse(row.error),
  }
}
