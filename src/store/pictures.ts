/** The table of profile pictures that were asked for (migrations/archive/18-people.sql). */
import type { Jid } from '../model/ids.ts'
import type { Connection } from './sqlite.ts'

/** `tag` null: there is none, or it is hidden. `filehash` null: the file is not here. */
export type PictureRow = { tag: string | null; filehash: string | null; checked_at_ms: number }

export type Pictures = {
  get(of: Jid): PictureRow | undefined
  /** Adds or replaces the row. The file of the replaced version is deleted, unless something else has it too. */
  set(of: Jid, row: PictureRow): void
  /** Makes the row count as old: WhatsApp is asked before the picture is shown again. */
  markStale(of: Jid): void
  remove(of: Jid): void
}

export function createPictures(db: Connection): Pictures {
  const get = db.query<PictureRow>('SELECT tag, filehash, checked_at_ms FROM pictures WHERE of = ?')
  const set = db.command(
    `INSERT INTO pictures VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
     SET tag = excluded.tag, filehash = excluded.filehash, checked_at_ms = excluded.checked_at_ms`,
  )
  const markStale = db.command('UPDATE pictures SET checked_at_ms = 0 WHERE of = ?')
  const remove = db.command('DELETE FROM pictures WHERE of = ?')
  return {
    get: (of) => get.get(of),
    set: (of, { tag, filehash, checked_at_ms }) => void set.run(of, tag, filehash, checked_at_ms),
    markStale: (of) => void markStale.run(of),
    remove: (of) => void remove.run(of),
  }
}
