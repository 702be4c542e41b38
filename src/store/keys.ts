/** The keys of callers, one row each. Of a secret, only its hash is stored. */
import type { KeyRow } from '../control.ts'
import type { Connection } from './sqlite.ts'

export type Keys = {
  /** In the order of their creation. */
  list(): KeyRow[]
  /** Adds or replaces the key. */
  put(key: KeyRow): void
  remove(id: string): void
  /** Stores when keys were last used, in Unix milliseconds by id. */
  used(times: ReadonlyMap<string, number>): void
}

type Row = {
  id: string
  name: string
  hash: string
  old_hash: string | null
  old_until_ms: number | null
  scopes: string
  accounts: string | null
  toolsets: string | null
  created_at_ms: number
  expires_at_ms: number | null
  used_at_ms: number | null
  chats: string | null
  sends: string | null
  suspended: string | null
}

export function createKeys(db: Connection): Keys {
  const list = db.query<Row>('SELECT * FROM keys ORDER BY created_at_ms, id')
  const put = db.command('INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const remove = db.command('DELETE FROM keys WHERE id = ?')
  const used = db.command('UPDATE keys SET used_at_ms = ? WHERE id = ?')
  return {
    list: () => list.all().map(toKey),
    put(key) {
      const { id, name, hash, old, scopes, accounts, toolsets, chats, sends, suspended } = key
      put.run(
        ...[id, name, hash, old?.hash ?? null, old?.untilMs ?? null],
        ...[JSON.stringify(scopes), toText(accounts), toText(toolsets)],
        ...[key.createdAtMs, key.expiresAtMs, key.usedAtMs, toText(chats), toText(sends)],
        suspended.length === 0 ? null : JSON.stringify(suspended),
      )
    },
    remove: (id) => void remove.run(id),
    used: (times) =>
      db.transaction(() => {
        for (const [id, ms] of times) used.run(ms, id)
      }),
  }
}

const toText = (value: object | null) => value && JSON.stringify(value)

function toKey({ id, name, hash, ...row }: Row): KeyRow {
  return {
    id,
    name,
    hash,
    old: row.old_hash === null ? null : { hash: row.old_hash, untilMs: row.old_until_ms ?? 0 },
    scopes: JSON.parse(row.scopes),
    accounts: row.accounts && JSON.parse(row.accounts),
    suspended: row.suspended === null ? [] : JSON.parse(row.suspended),
    toolsets: row.toolsets && JSON.parse(row.toolsets),
    chats: row.chats && JSON.parse(row.chats),
    sends: row.sends && JSON.parse(row.sends),
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    usedAtMs: row.used_at_ms,
  }
}
