/** Where the rules of the rules file are, one row each. */
import type { RuleRow } from '../control.ts'
import type { PauseReason } from '../model/webhook.ts'
import type { Connection } from './sqlite.ts'

/** See `ControlStore.rules`. */
export type Rules = {
  list(): RuleRow[]
  put(row: RuleRow): void
  remove(id: string): void
  reached(places: ReadonlyMap<string, string>): void
}

type Row = { id: string; place: string; paused: PauseReason | null; stamp: string | null }

export function createRules(db: Connection): Rules {
  const list = db.query<Row>('SELECT * FROM rules')
  const put = db.command('INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?)')
  const removals = [
    db.command('DELETE FROM rules WHERE id = ?'),
    db.command('DELETE FROM webhook_lanes WHERE webhook = ?'),
    db.command('DELETE FROM webhook_dead WHERE webhook = ?'),
  ]
  const reached = db.command('UPDATE rules SET place = ? WHERE id = ?')
  return {
    list: () => list.all(),
    put: ({ id, place, paused, stamp }) => void put.run(id, place, paused, stamp),
    remove: (id) =>
      db.transaction(() => {
        for (const removal of removals) removal.run(id)
      }),
    reached: (places) =>
      db.transaction(() => {
        for (const [id, place] of places) reached.run(place, id)
      }),
  }
}
