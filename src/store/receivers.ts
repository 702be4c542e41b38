/** What the rows of webhooks and of rules have in common: each has a position in the event log, and deliveries. */
import type { Begun } from '../control.ts'
import type { Connection } from './sqlite.ts'

export type Receivers = {
  /** Removes the row with all its deliveries. */
  remove(id: string): void
  /** Stores these positions, by the id of their row, and removes what was being sent up to them. */
  reached(places: ReadonlyMap<string, string>): void
  /** Stores these positions, and what is sent from there on. See `ControlStore.webhooks`. */
  begun(sending: ReadonlyMap<string, Begun>): void
}

export function createReceivers(db: Connection, table: 'webhooks' | 'rules'): Receivers {
  const removals = [
    db.command(`DELETE FROM ${table} WHERE id = ?`),
    db.command('DELETE FROM webhook_lanes WHERE webhook = ?'),
    db.command('DELETE FROM webhook_dead WHERE webhook = ?'),
    db.command('DELETE FROM webhook_sending WHERE webhook = ?'),
  ]
  const reached = db.command(`UPDATE ${table} SET place = ? WHERE id = ?`)
  const begun = db.command('INSERT OR REPLACE INTO webhook_sending VALUES (?, ?)')
  const sent = db.command('DELETE FROM webhook_sending WHERE webhook = ?')
  return {
    remove: (id) =>
      db.transaction(() => {
        for (const removal of removals) removal.run(id)
      }),
    reached: (places) =>
      db.transaction(() => {
        for (const [id, place] of places) {
          reached.run(place, id)
          sent.run(id)
        }
      }),
    begun: (sending) =>
      // A power cut may undo this: then the bodies are made again.
      db.relaxed(() =>
        db.transaction(() => {
          for (const [id, { place, sending: all }] of sending) {
            // Zero: the row was removed.
            if (reached.run(place, id).changes === 0) continue
            if (all.length === 0) sent.run(id)
            else begun.run(id, JSON.stringify(all))
          }
        }),
      ),
  }
}
