/** What the rows of webhooks and of rules have in common: each has a position in the event log, and deliveries. */
import type { Connection } from './sqlite.ts'

export type Receivers = {
  /** Removes the row with all its deliveries. */
  remove(id: string): void
  /** Stores these positions, by the id of their row. */
  reached(places: ReadonlyMap<string, string>): void
}

export function createReceivers(db: Connection, table: 'webhooks' | 'rules'): Receivers {
  const removals = [
    db.command(`DELETE FROM ${table} WHERE id = ?`),
    db.command('DELETE FROM webhook_lanes WHERE webhook = ?'),
    db.command('DELETE FROM webhook_dead WHERE webhook = ?'),
  ]
  const reached = db.command(`UPDATE ${table} SET place = ? WHERE id = ?`)
  return {
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
