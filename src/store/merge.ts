/** Merges two rows that are one person, and their two direct chats. */
import type { ChatRow, Chats } from './chats.ts'
import type { MoveMessages } from './doubles.ts'
import type { MessageRow } from './message-row.ts'
import type { Messages } from './messages.ts'
import type { People } from './people.ts'
import { firstPositionOf, timeOf } from './position.ts'
import type { Connection } from './sqlite.ts'

/**
 * Moves everything of the person `from` to `into`; messages that both have are joined. Call within a
 * transaction. Returns the merged direct chat, if both had one, and other chats with messages that both had.
 */
export type MergePeople = (from: number, into: number) => number[]

export function createMerge(
  db: Connection,
  people: People,
  chats: Chats,
  messages: Messages,
  move: MoveMessages,
): MergePeople {
  // The indexes on senders hold people only, and are used only with this condition.
  const sentBy = db.query<MessageRow>('SELECT * FROM messages WHERE sender = ? AND sender > 0')
  const moveReactions = createMoveActs(db, 'reactions', 'sender')
  const moveVotes = createMoveActs(db, 'poll_votes', 'voter')
  const moveMember = db.command('UPDATE OR IGNORE members SET person = ? WHERE person = ?')
  const moveSpans = db.command('UPDATE member_spans SET person = ? WHERE person = ?')
  const dropMember = db.command('DELETE FROM members WHERE person = ?')

  const restOf = db.query<MessageRow>('SELECT * FROM messages WHERE chat = ?')
  // Each spelled as its index, which SQLite uses for exactly this condition only.
  const moveEvents = [
    'UPDATE events SET chat = ? WHERE chat = ? AND message IS NULL AND chat IS NOT NULL',
    'UPDATE events SET chat = ? WHERE message IN (SELECT id FROM messages WHERE chat = ?) AND message IS NOT NULL',
  ].map((sql) => db.command(sql))
  const moveGaps = db.command('UPDATE gaps SET chat = ? WHERE chat = ?')
  const setJoined = db.command(
    `UPDATE chats SET caught_up_to = ?, history = 'more', history_reason = NULL, history_tries = 0,
     history_next_at = NULL, history_from = NULL, unread_count = max(unread_count, ?), timestamp = max(timestamp, ?), archived = min(archived, ?),
     forgotten_before = ?, forgotten_until = ?, goes_on_from = ?, familiar = max(familiar, ?) WHERE id = ?`,
  )
  const olderThan = db.query<{ id: number }>('SELECT id FROM messages WHERE chat = ? AND id < ?')
  const drop = (rows: readonly { id: number }[]) => messages.remove(rows.map(({ id }) => id))

  function mergeChats(old: ChatRow, present: ChatRow): void {
    const [from, into] = [old.id, present.id]
    // Finishes deleting forgotten messages first: after the merge, their half can no longer be identified.
    for (const { id, forgotten_before, forgotten_until } of [old, present]) {
      drop(olderThan.all(id, firstPositionOf(forgotten_before)))
      const range = [firstPositionOf(forgotten_before), firstPositionOf(forgotten_until)] as const
      messages.remove(messages.reported(id, ...range))
    }
    // The events go first: they are found by their messages.
    for (const command of moveEvents) command.run(into, from)
    messages.setChat(from, into)
    move(restOf.all(from), ({ sender }) => ({ chat: into, sender }))
    moveGaps.run(into, from)
    // Complete only if both were complete.
    const places = [old.caught_up_to, present.caught_up_to]
    const caughtUp = places.includes(null) ? null : Math.min(...places.map(Number))
    const { unread_count, timestamp, archived, familiar } = old
    // One half was forgotten up to a time; the older messages of the other half were not, and stay. No others are added.
    const oldest = messages.oldest(into)
    const forgotten = Math.max(old.forgotten_before, present.forgotten_before)
    const before = Math.min(forgotten, oldest === undefined ? Infinity : timeOf(oldest.id))
    const until = Math.max(forgotten, old.forgotten_until, present.forgotten_until)
    // One second later: of the last second, the log names only what was forgotten, not what the other half had.
    const goesOn = Math.min(until, Math.max(old.goes_on_from, present.goes_on_from) + 1)
    setJoined.run(caughtUp, unread_count, timestamp, archived, before, until, goesOn, familiar, into)
    chats.retire(from, into)
    chats.refreshLast(into)
  }

  return (from, into) => {
    messages.setSender(from, into)
    const met = move(sentBy.all(from), ({ chat }) => ({ chat, sender: into }))
    met.forEach(chats.refreshLast)
    moveReactions(from, into)
    moveVotes(from, into)
    moveMember.run(into, from)
    dropMember.run(from)
    moveSpans.run(into, from)
    const old = chats.byPerson(from)
    const present = chats.byPerson(into)
    people.retire(from, into)
    if (old !== undefined && present !== undefined) {
      mergeChats(old, present)
      met.delete(old.id)
      met.add(present.id)
    } else if (old !== undefined) chats.setPerson(old.id, into)
    return [...met]
  }
}

/** Moves the reactions or votes of one person to another. Where both have one on a message, the newer one stays. */
function createMoveActs(db: Connection, table: 'reactions' | 'poll_votes', who: 'sender' | 'voter') {
  const older = db.command(
    `DELETE FROM ${table} WHERE (message, ${who}) IN (
       SELECT two.message, two.${who} FROM ${table} one JOIN ${table} two ON two.message = one.message AND two.${who} = ?
       WHERE one.${who} = ? AND one.${who} > 0 AND one.at_ms > two.at_ms)`,
  )
  const move = db.command(`UPDATE OR IGNORE ${table} SET ${who} = ? WHERE ${who} = ? AND ${who} > 0`)
  const drop = db.command(`DELETE FROM ${table} WHERE ${who} = ? AND ${who} > 0`)
  return (from: number, into: number): void => {
    older.run(into, from)
    move.run(into, from)
    drop.run(from)
  }
}
