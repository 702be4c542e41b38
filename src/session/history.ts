/**
 * Loads older messages backwards: of every chat within the budget, or of one chat on demand. Fills gaps
 * first.
 */
import type { Clock } from '../clock.ts'
import type { ChatRow } from '../store/chats.ts'
import type { GapRow } from '../store/gaps.ts'
import { timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { type HistoryPages, PAGE, type Page, type Walk } from './history-pages.ts'
import type { Inbox } from './inbox.ts'
import type { OriginOf } from './record-messages.ts'

/** How much history is loaded. */
export type HistoryBudget = {
  /** Messages per chat; 0: no history. */
  perChat: number
  /** Maximum age in days. */
  days: number
  /** Messages in the whole archive. */
  total: number
  /** Pause between two requests to WhatsApp Web. */
  pauseMs: number
}

export type History = {
  /** Returns those of the chats that require more history, and a function that loads it for one of them. */
  plan(chats: ChatRow[]): { wanted: ChatRow[]; load: (chat: ChatRow, isOver: () => boolean) => Promise<void> }
  /**
   * Loads the newest gap of this chat, else what precedes its oldest message. Errors as
   * `Engine.readMessages`.
   */
  loadEarlier(chat: number, count: number): Promise<{ added: number; complete: boolean }>
}

export type HistoryOptions = {
  pages: HistoryPages
  store: Store
  inbox: Inbox
  budget: HistoryBudget
  clock: Clock
  isStopped: () => boolean
  onAdded: (count: number) => void
}

/** Minimum per request. */
const LEAST = 20

export function createHistory(options: HistoryOptions): History {
  const { pages, store, inbox, budget, clock, isStopped, onAdded } = options
  /** Gaps that WhatsApp Web cannot fill, as found during this connection. */
  const exhausted = new Set<number>()
  const nextGap = (chat: number) => store.gaps.of(chat).find(({ id }) => !exhausted.has(id))

  /** Reads back from the newest gap of this chat, else from its oldest message, and on to the next gap. */
  function reading(listed: number) {
    let at: { gap: number | null; walk: Walk } | null = null

    /** One page back. `oldest`: position of its first message; `isOver`: nothing older can be loaded. */
    return async function loadPage(count: number) {
      const chat = store.chats.currentId(listed)
      const gap = nextGap(chat)
      const before = gap?.before_message ?? store.messages.oldest(chat)?.id ?? null
      if (at === null || at.gap !== (gap?.id ?? null))
        at = { gap: gap?.id ?? null, walk: pages.walk(chat, before) }
      const page = await at.walk.read(Math.min(PAGE, Math.max(count, LEAST)))
      if (isStopped()) return { added: 0, oldest: null, isOver: true, isEnd: false }
      const originOf = createOriginOf(gap, store.chats.get(chat)?.caught_up_to ?? null)
      return inbox.together(() => {
        const { added, oldest } = inbox.recordStretch(chat, page.messages, originOf, before)
        onAdded(added)
        if (gap === undefined) {
          if (page.end) inbox.setHistoryComplete(chat)
          return { added, oldest, isOver: page.end, isEnd: page.end }
        }
        if (isClosed(gap, page, oldest)) inbox.narrowGap(gap, null)
        else if (oldest !== null && oldest < gap.before_message) inbox.narrowGap(gap, oldest)
        if (page.end) exhausted.add(gap.id)
        return { added, oldest, isOver: false, isEnd: false }
      })
    }
  }

  return {
    plan(chats) {
      const extents = new Map(store.chats.extents().map((extent) => [extent.chat, extent]))
      const from = Math.floor(clock.now() / 1000) - budget.days * 86_400
      const isTooOld = (place: number | null) => place !== null && timeOf(place) < from
      const lacking = ({ id, history_complete }: ChatRow): number => {
        const { messages, oldest } = extents.get(id) ?? { messages: 0, oldest: null }
        if (history_complete === 1 || isTooOld(oldest)) return 0
        return Math.max(0, budget.perChat - messages)
      }
      let room = budget.total - store.messages.count()
      return {
        wanted: chats.filter((chat) => nextGap(chat.id) !== undefined || lacking(chat) > 0),
        async load(chat, isOver) {
          const loadPage = reading(chat.id)
          // Gaps are not history: they have no budget.
          while (nextGap(store.chats.currentId(chat.id)) !== undefined && !isOver()) await loadPage(PAGE)
          for (let left = Math.min(lacking(chat), room); left > 0 && !isOver(); ) {
            const page = await loadPage(left)
            left -= page.added
            room -= page.added
            if (page.isOver || isTooOld(page.oldest)) return
          }
        },
      }
    },
    async loadEarlier(chat, count) {
      const loadPage = reading(chat)
      for (let added = 0; ; ) {
        const page = await loadPage(count - added)
        added += page.added
        if (page.isOver || added >= count) return { added, complete: page.isEnd }
      }
    },
  }
}

/** True once everything of the second of the gap's other end was read: its messages may have any order. */
function isClosed({ after_message }: GapRow, page: Page, oldest: number | null): boolean {
  if (after_message === null) return page.end
  const isMet = oldest !== null && oldest <= after_message
  return isMet && (page.end || (page.messages[0]?.sentAt ?? 0) < timeOf(after_message))
}

/**
 * Messages of a gap, and messages after the last check, count as late: no client has received an event for
 * them. All others are history.
 */
function createOriginOf(gap: GapRow | undefined, upTo: number | null): OriginOf {
  const missingFrom =
    gap === undefined ? Infinity : gap.after_message === null ? 0 : timeOf(gap.after_message)
  const seenUntil = upTo === null ? Infinity : timeOf(upTo)
  return ({ sentAt }) => (sentAt >= missingFrom || sentAt > seenUntil ? 'late' : 'history')
}
