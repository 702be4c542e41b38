/** Two rows that turn out to be one person, and their two direct chats that turn out to be one. */
import type { ChatRow, Chats } from './chats.ts'
import type { People } from './people.ts'
import type { Connection } from './sqlite.ts'

/** Everything of the person `from` becomes `into`'s, messages that both had stay once. Call within a transaction. */
export type MergePeople = (from: number, into: number) => void

export function createMerge(db: Connection, people: People, chats: Chats): MergePeople {
  const forget = ['revisions', 'reactions'].map((table) =>
    db.command(`DELETE FROM ${table} WHERE message IN (SELECT id FROM messages WHERE sender = ?)`),
  )
  const resend = db.command('UPDATE OR IGNORE messages SET sender = ? WHERE sender = ?')
  const dropSent = db.command('DELETE FROM messages WHERE sender = ?')
  const react = db.command('UPDATE OR IGNORE reactions SET sender = ? WHERE sender = ?')
  const dropReactions = db.command('DELETE FROM reactions WHERE sender = ?')
  const join = db.command('UPDATE OR IGNORE members SET person = ? WHERE person = ?')
  const dropMember = db.command('DELETE FROM members WHERE person = ?')

  const forgetIn = ['revisions', 'reactions'].map((table) =>
    db.command(`DELETE FROM ${table} WHERE message IN (SELECT id FROM messages WHERE chat = ?)`),
  )
  const move = db.command('UPDATE OR IGNORE messages SET chat = ? WHERE chat = ?')
  const dropRest = db.command('DELETE FROM messages WHERE chat = ?')
  const moveEvents = db.command('UPDATE events SET chat = ? WHERE chat = ?')
  const dropGaps = db.command('DELETE FROM gaps WHERE chat IN (?, ?)')
  const lookAgain = db.command(
    `UPDATE chats SET caught_up_to = ?, history_complete = min(history_complete, ?),
     unread_count = max(unread_count, ?), timestamp = max(timestamp, ?), archived = min(archived, ?) WHERE id = ?`,
  )

  function mergeChats(old: ChatRow, present: ChatRow): void {
    const [from, into] = [old.id, present.id]
    move.run(into, from)
    for (const command of forgetIn) command.run(from)
    dropRest.run(from)
    moveEvents.run(into, from)
    dropGaps.run(from, into)
    // Complete is only what was complete in both.
    const known = [old.caught_up_to, present.caught_up_to].filter((place) => place !== null)
    const caughtUp = known.length === 0 ? null : Math.min(...known)
    lookAgain.run(caughtUp, old.history_complete, old.unread_count, old.timestamp, old.archived, into)
    chats.delete(from)
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
    if (old !== undefined && present === undefined) chats.setPerson(old.id, into)
    else if (old !== undefined && present !== undefined) mergeChats(old, present)
    people.retire(from, into)
  }
}
