/** The accounts of a server, one row each, including their secrets. */
import type { AccountChange, AccountRow } from '../control.ts'
import { fail } from '../errors.ts'
import { type AccountId, DEFAULT_ACCOUNT, type Jid } from '../model/ids.ts'
import type { Connection } from './sqlite.ts'

export type Accounts = {
  /** By id, `default` first. */
  list(): AccountRow[]
  get(id: AccountId): AccountRow | null
  /** @throws AppError `account_exists` */
  add(account: AccountRow): AccountRow
  /** @throws AppError `account_not_found` */
  change(id: AccountId, change: AccountChange): AccountRow
  /** @throws AppError `account_not_found`; `account_in_use` for `default` */
  remove(id: AccountId): void
}

type Row = {
  id: AccountId
  label: string | null
  state: AccountRow['state']
  proxy: string | null
  number: Jid | null
  created_at_ms: number
}

export function createAccounts(db: Connection): Accounts {
  const list = db.query<Row>('SELECT * FROM accounts ORDER BY id <> ?, id')
  const get = db.query<Row>('SELECT * FROM accounts WHERE id = ?')
  const put = db.command('INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?)')
  const remove = db.command('DELETE FROM accounts WHERE id = ?')

  const find = (id: AccountId): AccountRow | null => {
    const row = get.get(id)
    return row === undefined ? null : toAccount(row)
  }
  const write = (account: AccountRow): AccountRow => {
    const { id, label, state, proxy, number, createdAtMs } = account
    put.run(id, label, state, proxy, number, createdAtMs)
    return account
  }
  return {
    list: () => list.all(DEFAULT_ACCOUNT).map(toAccount),
    get: find,
    add: (account) =>
      db.transaction(() => {
        if (find(account.id) !== null) fail('account_exists')
        return write(account)
      }),
    change: (id, change) =>
      db.transaction(() => write({ ...(find(id) ?? fail('account_not_found')), ...change })),
    remove(id) {
      if (id === DEFAULT_ACCOUNT) fail('account_in_use')
      if (remove.run(id).changes === 0) fail('account_not_found')
    },
  }
}

/** Field by field: the library's rows have more than the columns. */
function toAccount({ id, label, state, proxy, number, created_at_ms }: Row): AccountRow {
  return { id, label, state, proxy, number, createdAtMs: created_at_ms }
}
