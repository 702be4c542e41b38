/** Where the rules of the rules file are, one row each. */
import type { RuleRow } from '../control.ts'
import type { PauseReason } from '../model/webhook.ts'
import { createReceivers, type Receivers } from './receivers.ts'
import type { Connection } from './sqlite.ts'

/** See `ControlStore.rules`. */
export type Rules = Receivers & {
  list(): RuleRow[]
  put(row: RuleRow): void
}

type Row = { id: string; place: string; paused: PauseReason | null; stamp: string | null }

export function createRules(db: Connection): Rules {
  const list = db.query<Row>('SELECT * FROM rules')
  const put = db.command('INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?)')
  return {
    ...createReceivers(db, 'rules'),
    list: () => list.all(),
    put: ({ id, place, paused, stamp }) => void put.run(id, place, paused, stamp),
  }
}
