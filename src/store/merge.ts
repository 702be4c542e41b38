/** Two rows that turn out to be one person, and their two direct chats that turn out to be one. */
import type { ChatRow, Chats } from './chats.ts'
import type { People } from './people.ts'
import type { Connection } from './sqlite.ts'

/**
 * Everything of the person `from` becomes `into`'s, messages that both had stay once. Call within a transaction.
 * Returns the direct chat in which two have come together; null where there was one at most.
 */
export type MergePeople = (from: number, into: number) => number | null

export function createMerge(db: Connection, people: People, chats: Chats): MergePeople {
  // The indexes on senders hold people only, and are found by saying so.
  const forget = ['revisions', 'reactions'].map((table) =>
    db.command(
      `DELETE FROM ${table} WHERE message IN (SELECT id FROM messages WHERE sender = ? AND sender > 0)`,
    ),
  )
  const resend = db.command('UPDATE OR IGNORE messages SET sender = ? WHERE sender = ? AND sender > 0')
  const dropSent = db.command('DELETE FROM messages WHERE sender = ? AND sender > 0')
  const react = db.command('UPDATE OR IGNORE reactions SET sender = ? WHERE sender = ? AND sender > 0')
  const dropReactions = db.command('DELETE FROM reactions WHERE sender = ? AND sender > 0')
  const join = db.command('UPDATE OR IGNORE members SET person = ? WHERE person = ?')
  const dropMember = db.command('DELETE FROM members WHERE person = ?')

  const forgetIn = ['revisions', 'reactions'].map((table) =>
    db.command(`DELETE FROM ${table} WHERE message IN (SELECT id FROM messages WHERE chat = ?)`),
  )
  const move = db.command('UPDATE OR IGNORE messages SET chat = ? WHERE chat = ?')
  const dropRest = db.command('DELETE FROM messages WHERE chat = ?')
  const moveGaps = db.command('UPDATE gaps SET chat = ? WHERE chat = ?')
  const lookAgain = db.command(
    `UPDATE chats SET caught_up_to = ?, history_complete = min(history_complete, ?),
     unread_count = max(unread_count, ?), timestamp = max(timestamp, ?), archived = min(archived, ?) WHERE id = ?`,
  )

  function mergeChats(old: ChatRow, present: ChatRow): void {
    const [from, into] = [old.id, present.id]
    move.run(into, from)
    for (const command of forgetIn) command.run(from)
    dropRest.run(from)
    moveGaps.run(into, from)
    // Complete is only what was complete in both.
    const places = [old.caught_up_to, present.caught_up_to]
    const caughtUp = places.includes(null) ? null : Math.min(...places.map(Number))
    lookAgain.run(caughtUp, old.history_complete, old.unread_count, old.timestamp, old.archived, into)
    chats.retire(from, into)
    chats.refreshLast(into)
  }

  return (from, into) => {
    resend.run(into, from)
    for (const command of forget) command.run(from)
    dropSent.run(from)
    react.run(into, from)
    dropReactions.run(from)
    join.run(into, from)
    dropMember.run(from)
    const old = chats.byPerson(from)
    const present = chats.byPerson(into)
    people.retire(from, into)
    if (old === undefined) return null
    if (present === undefined) {
      chats.setPerson(old.id, into)
      return null
    }
    mergeChats(old, present)
    return present.id
  }
}
