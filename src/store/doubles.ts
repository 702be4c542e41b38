/** Moves messages, and joins two copies of one, which came by each address of its sender or chat, without losing what either went through. */
import type { Changes } from './changes.ts'
import type { EventLog } from './event-log.ts'
import type { MessageRow } from './message-row.ts'
import type { Messages } from './messages.ts'
import { detailsOf } from './render.ts'

/**
 * Keeps the copy with the newest state: a deleted one before all others, one that can be read before a placeholder, the
 * later edit, and one whose file is known.
 * The copy that stays gets the reactions, votes, earlier texts and ack of the other one, and is returned. The caller removes the
 * other one, which is quicker for many. If only the copy that stays was deleted or edited, an event reports that now. Call within a
 * transaction.
 */
type JoinDoubles = (one: MessageRow, other: MessageRow) => MessageRow

type Place = Pick<MessageRow, 'chat' | 'sender'>

/**
 * Moves messages to other places. Of each that is there already, one of the two stays, joined. Returns the chats with such
 * messages. Call within a transaction.
 */
export type MoveMessages = (rows: readonly MessageRow[], placeOf: (row: MessageRow) => Place) => Set<number>

/** The states of a copy, from the last one to the first. */
const isDeleted = ({ type }: MessageRow) => Number(type === 'revoked')
const isReadable = ({ type }: MessageRow) => Number(type !== 'ciphertext' && type !== 'unknown')
const editedAt = ({ edited_at_ms }: MessageRow) => edited_at_ms ?? 0
const STATES = [isDeleted, isReadable, editedAt]

export function createMoveMessages(messages: Messages, changes: Changes, events: EventLog): MoveMessages {
  const join = createJoinDoubles(messages, changes, events)
  return (rows, placeOf) => {
    const met = new Set<number>()
    const lost: number[] = []
    for (const row of rows) {
      const place = placeOf(row)
      const present = messages.find(row.bare_id, place.chat, place.sender)
      if (present !== undefined) {
        met.add(place.chat)
        if (join(row, present).id !== row.id) {
          lost.push(row.id)
          continue
        }
        messages.remove([present.id])
      }
      messages.move(row, place)
    }
    // All at once: the raw models of many messages are packed together.
    messages.remove(lost)
    return met
  }
}

function createJoinDoubles(messages: Messages, changes: Changes, events: EventLog): JoinDoubles {
  const isNewer = (one: MessageRow, other: MessageRow) => {
    const differing = STATES.find((state) => state(one) !== state(other))
    return differing !== undefined && differing(one) > differing(other)
  }

  /** Moves reactions and votes. Of two by one person, the newer one stays. */
  function moveActs({ id: from }: MessageRow, { id: message }: MessageRow): void {
    const [reactions, votes] = [changes.reactions(message), changes.votes(message)]
    for (const reaction of changes.reactions(from)) {
      const known = reactions.find(({ sender }) => sender === reaction.sender)
      if (known === undefined || known.at_ms < reaction.at_ms) changes.setReaction({ ...reaction, message })
    }
    for (const vote of changes.votes(from)) {
      const known = votes.find(({ voter }) => voter === vote.voter)
      if (known === undefined || known.at_ms < vote.at_ms) changes.setVote({ ...vote, message })
    }
  }

  /** What the message said before: what the other copy knows of that, and the other copy itself. */
  function moveTexts(from: MessageRow, into: MessageRow): void {
    const known = changes.textsBefore(into.id)
    for (
      let n = 1, text = changes.revision(from.id, n);
      text !== undefined;
      text = changes.revision(from.id, ++n)
    )
      if (!known.includes(text.body)) changes.addRevision(into.id, { ...text, untilMs: text.until_at_ms })
    if (!isNewer(into, from) || !isReadable(from) || known.includes(from.body)) return
    const what = isDeleted(into) ? 'revoked' : 'edited'
    if (what === 'edited' && from.body === into.body) return
    const untilMs = into.revoked_at_ms ?? editedAt(into)
    const revision = changes.addRevision(into.id, { what, type: from.type, body: from.body, untilMs })
    // The time of the newest event stands for the present.
    const at_ms = events.newestUpTo(events.last())?.at_ms ?? untilMs
    events.append({ at_ms, kind: `message.${what}`, chat: into.chat, message: into.id, data: { revision } })
  }

  /** A deleted copy does not carry when the message disappears, and its earlier text must disappear with it. */
  function withExpiry(from: MessageRow, into: MessageRow): MessageRow {
    const { expires_at } = detailsOf(from)
    const own = detailsOf(into)
    if (expires_at === undefined || own.expires_at !== undefined) return into
    return { ...into, details: JSON.stringify({ ...own, expires_at }) }
  }

  return (one, other) => {
    const isSame = !isNewer(one, other) && !isNewer(other, one)
    const keepsOne = isSame ? one.has_media > other.has_media : isNewer(one, other)
    const [from, into] = keepsOne ? [other, one] : [one, other]
    moveActs(from, into)
    moveTexts(from, into)
    messages.update({ ...withExpiry(from, into), ack: Math.max(from.ack, into.ack) })
    return into
  }
}
