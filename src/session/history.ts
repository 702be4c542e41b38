/** Older messages, backwards: of every chat within the budget, or of one chat on demand. Gaps are filled first. */
import type { Clock } from '../clock.ts'
import type { SeenMessage } from '../model/seen.ts'
import type { ChatRow } from '../store/chats.ts'
import { timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import type { HistoryPages } from './history-pages.ts'
import type { Inbox } from './inbox.ts'

/** How much history is wanted. */
export type HistoryBudget = {
  /** Messages kept of each chat; 0: no history. */
  perChat: number
  /** Not older than this. */
  days: number
  /** Messages in the whole archive. */
  total: number
  /** Pause between two questions to WhatsApp Web. */
  pauseMs: number
}

export type History = {
  /** Of these chats, those of which more is wanted, and a function that fetches it for one of them. */
  plan(chats: ChatRow[]): { wanted: ChatRow[]; load: (chat: ChatRow, isOver: () => boolean) => Promise<void> }
  /** The newest gap of this chat, else what lies before its oldest message. Errors as `Engine.readMessages`. */
  loadEarlier(chat: number, count: number): Promise<{ added: number; complete: boolean }>
}

export type HistoryOptions = {
  pages: HistoryPages
  store: Store
  inbox: Inbox
  budget: HistoryBudget
  clock: Clock
  onAdded: (count: number) => void
}

const PAGE = 50

export function createHistory({ pages, store, inbox, budget, clock, onAdded }: HistoryOptions): History {
  /** One page back. `oldest`: position of the first message of the page. */
  async function loadPage(chat: number, count: number) {
    const gap = store.gaps.of(chat)[0]
    const before = gap?.before_message ?? store.messages.oldest(chat)?.id ?? null
    const page = await pages.read(chat, before, count)
    // What is known to be missing came after what was known: its readers have not heard of it.
    const missingFrom =
      gap === undefined ? Infinity : gap.after_message === null ? 0 : timeOf(gap.after_message)
    const originOf = ({ sentAt }: SeenMessage) => (sentAt >= missingFrom ? 'late' : 'history')
    return inbox.together(() => {
      const { added, oldest } = inbox.recordStretch(chat, page.messages, originOf, before)
      const isEnd = page.end || oldest === null
      if (gap !== undefined) {
        const isMet = oldest !== null && gap.after_message !== null && oldest <= gap.after_message
        inbox.narrowGap(gap, isEnd || isMet ? null : oldest)
      }
      if (isEnd) inbox.setHistoryComplete(chat)
      onAdded(added)
      return { added, oldest, complete: isEnd }
    })
  }

  return {
    plan(chats) {
      const extents = new Map(store.chats.extents().map((extent) => [extent.chat, extent]))
      const gaps = new Set(store.gaps.all().map(({ chat }) => chat))
      const from = Math.floor(clock.now() / 1000) - budget.days * 86_400
      const isTooOld = (place: number | null) => place !== null && timeOf(place) < from
      const lacking = ({ id, history_complete }: ChatRow): number => {
        const { messages, oldest } = extents.get(id) ?? { messages: 0, oldest: null }
        if (!gaps.has(id) && (history_complete === 1 || isTooOld(oldest))) return 0
        return Math.max(0, budget.perChat - messages)
      }
      let room = budget.total - store.messages.count()
      return {
        wanted: chats.filter((chat) => lacking(chat) > 0),
        async load(chat, isOver) {
          for (let left = Math.min(lacking(chat), room); left > 0 && !isOver(); ) {
            const page = await loadPage(chat.id, Math.min(PAGE, left))
            left -= Math.max(page.added, 1)
            room -= page.added
            if (page.complete || isTooOld(page.oldest)) return
          }
        },
      }
    },
    async loadEarlier(chat, count) {
      for (let added = 0; ; ) {
        const page = await loadPage(chat, Math.min(PAGE, count - added))
        added += page.added
        if (page.complete || added >= count) return { added, complete: page.complete }
      }
    },
  }
}
