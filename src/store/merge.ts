/** Two rows that turn out to be one person, and their two direct chats that turn out to be one. */
import type { ChatRow, Chats } from './chats.ts'
import type { Messages } from './messages.ts'
import type { People } from './people.ts'
import type { Connection } from './sqlite.ts'

/** Everything of the person `from` becomes `into`'s, messages that both had stay once. Call within a transaction. */
export type MergePeople = (from: number, into: number) => void

export function createMerge(db: Connection, people: People, chats: Chats, messages: Messages): MergePeople {
  const sentBy = db.query<{ id: number }>('SELECT id FROM messages WHERE sender = ?')
  const react = db.command('UPDATE OR IGNORE reactions SET sender = ? WHERE sender = ?')
  const dropReactions = db.command('DELETE FROM reactions WHERE sender = ?')
  const join = db.command('UPDATE OR IGNORE members SET person = ? WHERE person = ?')
  const dropMember = db.command('DELETE FROM members WHERE person = ?')

  const restOf = db.query<{ id: number }>('SELECT id FROM messages WHERE chat = ?')
  const moveEvents = db.command('UPDATE events SET chat = ? WHERE chat = ?')
  const dropGaps = db.command('DELETE FROM gaps WHERE chat IN (?, ?)')
  const lookAgain = db.command(
    `UPDATE chats SET caught_up_to = ?, history_complete = min(history_complete, ?),
     unread_count = max(unread_count, ?), timestamp = max(timestamp, ?), archived = min(archived, ?),
     forgotten_before = max(forgotten_before, ?) WHERE id = ?`,
  )
  /** What both had. */
  const drop = (rows: readonly { id: number }[]) => messages.remove(rows.map(({ id }) => id))

  function mergeChats(old: ChatRow, present: ChatRow): void {
    const [from, into] = [old.id, present.id]
    messages.setChat(from, into)
    drop(restOf.all(from))
    moveEvents.run(into, from)
    dropGaps.run(from, into)
    // Complete is only what was complete in both.
    const known = [old.caught_up_to, present.caught_up_to].filter((place) => place !== null)
    const caughtUp = known.length === 0 ? null : Math.min(...known)
    const { history_complete, unread_count, timestamp, archived, forgotten_before } = old
    lookAgain.run(caughtUp, history_complete, unread_count, timestamp, archived, forgotten_before, into)
    chats.delete(from)
    chats.refreshLast(into)
  }

  return (from, into) => {
    messages.setSender(from, into)
    drop(sentBy.all(from))
    react.run(into, from)
    dropReactions.run(from)
    join.run(into, from)
    dropMember.run(from)
    const old = chats.byPerson(from)
    const present = chats.byPerson(into)
    if (old !== undefined && present === undefined) chats.setPerson(old.id, into)
    else if (old !== undefined && present !== undefined) mergeChats(old, present)
    people.retire(from, into)
  }
}
