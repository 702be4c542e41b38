/** Writes reactions into the archive, each change with its event. */
import type { EventKind, StoredData } from '../model/events.ts'
import type { SeenReaction } from '../model/seen.ts'
import { ME } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

/** A message, by its position, and its chat. */
export type Place = { id: number; chat: number }
/** Appends an event about a message. */
export type Log = (kind: EventKind, row: Place, data?: StoredData | null) => void

export type ReactionRecorder = {
  /**
   * The reaction of one person; an empty emoji takes it back, and stays, so that a page of the history that was read before does not
   * bring the reaction back. Without `tell` there is no event.
   */
  set(row: Place, reaction: SeenReaction, tell?: boolean): void
  /** All reactions of a message, as they were read: others are gone. */
  setAll(row: Place, seen: readonly SeenReaction[]): void
}

/** Longer than the page takes to read the reactions of a page of messages. */
const READ_MS = 10_000

export function createReactionRecorder(
  { changes }: Pick<Store, 'changes'>,
  where: Pick<IdentityResolver, 'senderId'>,
  log: Log,
  now: () => number,
): ReactionRecorder {
  const senderOf = ({ sender, at }: SeenReaction) =>
    sender === null ? ME : where.senderId(sender, at / 1000)

  function set(row: Place, reaction: SeenReaction, tell = true): void {
    const { emoji, at } = reaction
    const sender = senderOf(reaction)
    const known = changes.reactions(row.id).find((one) => one.sender === sender)
    if (known !== undefined && (known.emoji === emoji || known.at_ms > at)) return
    changes.setReaction({ message: row.id, sender, emoji, at_ms: at })
    if (tell && (known !== undefined || emoji !== '')) log('message.reaction', row, { emoji, sender })
  }

  /** Nobody says when it was taken back, so it counts again if WhatsApp Web has it later. */
  function remove(row: Place, sender: number): void {
    changes.removeReaction(row.id, sender)
    log('message.reaction', row, { emoji: '', sender })
  }

  return {
    set,
    setAll(row, seen) {
      for (const reaction of seen) set(row, reaction)
      const present = new Set(seen.map(senderOf))
      for (const { sender, emoji, at_ms } of changes.reactions(row.id)) {
        // A reaction that just arrived live may be missing from a response that was read earlier.
        if (emoji !== '' && !present.has(sender) && at_ms < now() - READ_MS) remove(row, sender)
      }
    },
  }
}
