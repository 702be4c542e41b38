/**
 * Decides which messages the archive stores: the user's rules, and what was forgotten, applied to one chat.
 */
import type { Clock } from '../clock.ts'
import type { ChatSelector, KeepRules } from '../model/keeping.ts'
import type { SeenMessage } from '../model/seen.ts'
import type { ChatRow } from '../store/chats.ts'
import type { Store } from '../store/store.ts'

const DAY_S = 86_400
/** As {@link Bounds.from}: nothing is stored. */
const NEVER = Number.POSITIVE_INFINITY
const NOT_FORGOTTEN = { forgotten_before: 0, forgotten_until: 0, goes_on_from: 0 }

/** What is stored of one chat at this moment. */
export type Bounds = {
  /** Unix seconds: older messages are not stored. Infinity: no messages are. */
  from: number
  /** True if this message is to be written if it is not here yet. */
  keeps(message: Pick<SeenMessage, 'bareId' | 'sentAt' | 'expiresAt'>, way: Way): boolean
}

/**
 * How a message comes. `live`: WhatsApp reports it as new. `read`: from the chat's history. `import`: from an exported archive,
 * which stored it by the same bounds.
 */
export type Way = 'live' | 'read' | 'import'

export type Keeping = {
  /** Returns the bounds of a chat. `row`: its row, if the caller has it: most rules then need no query. */
  bounds(chat: number, row?: ChatRow): Bounds
  /** True if messages are deleted when they disappear from WhatsApp. */
  sweepsDisappearing: boolean
  /** The rules as text, to compare with those of the last start. */
  fingerprint: string
}

/** @param rules from the configuration; a rule for one chat overrides the rule for its kind */
export function createKeeping(store: Store, rules: KeepRules, clock: Clock): Keeping {
  const hasSelectors = rules.never.length + rules.perChat.length > 0

  function rule(id: number, chat: ChatRow | undefined): { days: number; never: boolean } {
    if (!hasSelectors || chat === undefined) return { days: rules.days, never: false }
    const addresses = store.chats.addressesOf(id)
    const fits = (one: ChatSelector) => ('kind' in one ? one.kind === chat.kind : addresses.includes(one.jid))
    const own = rules.perChat.filter(({ chats }) => fits(chats))
    const nearest = own.find(({ chats }) => 'jid' in chats) ?? own[0]
    return { days: nearest?.days ?? rules.days, never: rules.never.some(fits) }
  }

  return {
    bounds(id, row = store.chats.get(id)) {
      const { days, never } = rule(id, row)
      const now = Math.floor(clock.now() / 1000)
      const oldest = days === 0 ? 0 : now - days * DAY_S
      const {
        forgotten_before: before,
        forgotten_until: until,
        goes_on_from: goesOnFrom,
      } = row ?? NOT_FORGOTTEN
      const from = never ? NEVER : Math.max(oldest, before)
      // True while the log goes back far enough to have the tombstones of what was forgotten.
      const isInLog = () => {
        const dropped = store.events.droppedTo()
        return dropped === 0 || store.events.before(until * 1000) > dropped
      }
      const goesOn = (sentAt: number, bareId: string) =>
        sentAt >= goesOnFrom && isInLog() && !store.events.wasForgotten(id, bareId)
      return {
        from,
        keeps: ({ bareId, sentAt, expiresAt }, way) =>
          sentAt >= from &&
          (sentAt >= until || way === 'import' || (way === 'live' && goesOn(sentAt, bareId))) &&
          (rules.disappearing || expiresAt === null || expiresAt > now),
      }
    },
    sweepsDisappearing: !rules.disappearing,
    fingerprint: JSON.stringify([rules.days, rules.perChat, rules.never]),
  }
}
