/** The table of gaps: ranges of messages that are known to be missing. */
import type { Connection } from './sqlite.ts'

/** `after_message`, `before_message`: positions of the messages around the gap. `after_message` null: it begins with the chat. */
export type GapRow = {
  id: number
  chat: number
  after_message: number | null
  before_message: number
  found_at_ms: number
}

export type Gaps = {
  add(gap: Omit<GapRow, 'id'>): void
  /** Gaps of one chat, newest first. */
  of(chat: number): GapRow[]
  /** Gaps of all chats. */
  all(): GapRow[]
  /** Moves the end of the gap to this position: everything from there on is stored now. */
  shrink(id: number, before: number): void
  /** Returns false if the gap no longer exists. */
  remove(id: number): boolean
  /**
   * Messages of this chat were deleted: removes gaps before `from` (a position; older messages are not
   * stored), and lets the others end at a message that still exists, if there is one.
   */
  mend(chat: number, from: number): void
}

export function createGaps(db: Connection): Gaps {
  const add = db.command(
    'INSERT INTO gaps (chat, after_message, before_message, found_at_ms) VALUES (?, ?, ?, ?)',
  )
  const of = db.query<GapRow>('SELECT * FROM gaps WHERE chat = ? ORDER BY before_message DESC')
  const all = db.query<GapRow>('SELECT * FROM gaps ORDER BY before_message DESC')
  const shrink = db.command('UPDATE gaps SET before_message = ? WHERE id = ?')
  const remove = db.command('DELETE FROM gaps WHERE id = ?')
  const removeOlder = db.command('DELETE FROM gaps WHERE chat = ? AND before_message < ?')
  const moveEnds = db.command(
    `UPDATE gaps SET before_message = coalesce(
       (SELECT min(id) FROM messages WHERE chat = gaps.chat AND id >= gaps.before_message), before_message)
     WHERE chat = ?`,
  )
  return {
    add: (gap) => void add.run(gap.chat, gap.after_message, gap.before_message, gap.found_at_ms),
    of: (chat) => of.all(chat),
    all: () => all.all(),
    shrink: (id, before) => void shrink.run(before, id),
    remove: (id) => remove.run(id).changes > 0,
    mend(chat, from) {
      removeOlder.run(chat, from)
      moveEnds.run(chat)
    },
  }
}
