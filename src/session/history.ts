/**
 * Loads older messages backwards: of every chat within the budget, or of one chat on demand. Fills gaps
 * first.
 */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { afterEnd, NOT_READ, waitFor } from '../model/history.ts'
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
  /** True if the chat has a gap that is to be asked for now: one that could not be filled waits, longer each time. */
  hasGap(chat: number): boolean
  /**
   * Returns those of the chats whose history is to be read now, and a function that reads it for one of them, as
   * far as the budget allows.
   */
  plan(chats: ChatRow[]): { wanted: ChatRow[]; load: (chat: ChatRow, isOver: () => boolean) => Promise<void> }
  /**
   * Loads the newest gap of this chat, else what precedes its oldest message. With `asksPhone`, asks the phone where WhatsApp Web
   * has no more, once per chat. Errors as `Engine.readMessages`.
   */
  loadEarlier(
    chat: number,
    count: number,
    options: { asksPhone: boolean },
  ): Promise<{ added: number; complete: boolean }>
}

export type HistoryOptions = {
  engine: Pick<Engine, 'askPhone'>
  pages: HistoryPages
  store: Store
  inbox: Inbox
  budget: HistoryBudget
  clock: Clock
  /** Reads what came in this chat without an event, if anything may have, so that the rest is history. */
  readNew: (chat: number) => Promise<void>
  isStopped: () => boolean
  onAdded: (count: number) => void
}

/** Minimum per request. */
const LEAST = 20

export function createHistory(options: HistoryOptions): History {
  const { engine, pages, store, inbox, budget, clock, readNew, isStopped, onAdded } = options
  const nowS = () => Math.floor(clock.now() / 1000)
  const rowOf = (chat: number) => store.chats.get(store.chats.currentId(chat))

  /** Gaps that could not be filled, with the number of tries, and when the next one is due (Unix seconds). */
  const unfilled = new Map<number, { tries: number; nextAt: number }>()
  const isReady = ({ id }: GapRow) => (unfilled.get(id)?.nextAt ?? 0) <= nowS()

  /**
   * Reads back from the newest of these gaps of this chat, else from where all was read, and on to the next gap.
   */
  function reading(listed: number, isWanted: (gap: GapRow) => boolean) {
    let at: { gap: number | null; walk: Walk } | null = null
    /** Gaps that WhatsApp Web cannot fill now. */
    const exhausted = new Set<number>()
    const isLeft = (gap: GapRow) => !exhausted.has(gap.id) && isWanted(gap)
    let sum = 0

    /** One page back. `oldest`: position of its first message; `isOver`: nothing older can be loaded. */
    async function loadPage(count: number) {
      await readNew(listed)
      const chat = store.chats.currentId(listed)
      const gap = store.gaps.of(chat).find(isLeft)
      const before = gap?.before_message ?? store.chats.get(chat)?.history_from ?? null
      if (at === null || at.gap !== (gap?.id ?? null))
        at = { gap: gap?.id ?? null, walk: pages.walk(chat, before) }
      const merge = inbox.mergeOf(chat)
      const page = await at.walk.read(Math.min(PAGE, Math.max(count, LEAST)))
      if (isStopped()) return { added: 0, oldest: null, isOver: true }
      return inbox.together(() => {
        // New messages would count as history in a chat that is not caught up, and a merged chat needs a new walk.
        const isOfNow = inbox.mergeOf(chat) === merge && inbox.isCaughtUp(chat)
        if (!isOfNow) {
          at = null
          return { added: 0, oldest: null, isOver: false }
        }
        const originOf = createOriginOf(gap, store.chats.get(chat))
        const { added, oldest, lowest } = inbox.recordStretch(chat, page.messages, originOf, before)
        onAdded(added)
        sum += added
        if (page.end) inbox.setHistory(chat, afterEnd(rowOf(chat) ?? NOT_READ, page.before, sum, nowS()))
        else inbox.setHistory(chat, NOT_READ)
        if (gap === undefined) {
          if (oldest !== null) inbox.setHistoryFrom(chat, oldest)
          return { added, oldest, isOver: page.end }
        }
        if (isClosed(gap, page, lowest)) inbox.narrowGap(gap, null)
        else if (oldest !== null && oldest < gap.before_message) inbox.narrowGap(gap, oldest)
        if (page.end) exhaust(gap)
        return { added, oldest, isOver: false }
      })
    }

    function exhaust({ id }: GapRow): void {
      exhausted.add(id)
      const tries = (unfilled.get(id)?.tries ?? 0) + 1
      unfilled.set(id, { tries, nextAt: nowS() + waitFor(tries) })
    }

    return {
      loadPage,
      isGapLeft: () => store.gaps.of(store.chats.currentId(listed)).some(isLeft),
    }
  }

  const hasGap = (chat: number) => store.gaps.of(chat).some(isReady)

  return {
    hasGap,
    plan(chats) {
      const extents = new Map(store.chats.extents().map((extent) => [extent.chat, extent.messages]))
      const from = nowS() - budget.days * 86_400
      const isTooOld = (place: number | null) => place !== null && timeOf(place) < from
      const lacking = ({ id, history, history_from, last_message }: ChatRow): number =>
        history === 'all' || isTooOld(history_from ?? last_message)
          ? 0
          : Math.max(0, budget.perChat - (extents.get(id) ?? 0))
      let room = budget.total - store.messages.count()
      const isDue = ({ history_next_at }: ChatRow) => history_next_at === null || history_next_at <= nowS()
      return {
        wanted: chats.filter((chat) => isDue(chat) && (hasGap(chat.id) || lacking(chat) > 0)),
        async load(chat, isOver) {
          const { loadPage, isGapLeft } = reading(chat.id, isReady)
          // Gaps are not history: they have no budget.
          while (isGapLeft() && !isOver()) await loadPage(PAGE)
          for (let left = Math.min(lacking(chat), room); left > 0 && !isOver(); ) {
            const page = await loadPage(left)
            left -= page.added
            room -= page.added
            if (page.isOver || isTooOld(page.oldest)) return
          }
        },
      }
    },
    async loadEarlier(chat, count, { asksPhone }) {
      const { loadPage } = reading(chat, (gap) => asksPhone || isReady(gap))
      for (let added = 0; ; ) {
        const page = await loadPage(count - added)
        added += page.added
        if (!page.isOver && added < count) continue
        if (page.isOver && asksPhone) await askPhone(chat)
        return { added, complete: rowOf(chat)?.history === 'all' }
      }
    },
  }

  /** Only where WhatsApp Web says that the phone has more: in other chats the phone's owner is disturbed in vain. */
  async function askPhone(chat: number): Promise<void> {
    const row = rowOf(chat)
    const address = row === undefined ? null : store.chats.addressOf(row.id)
    if (row?.history_reason !== 'phone_has_more' || row.phone_asked_at !== null || address === null) return
    if (!(await engine.askPhone(address))) return
    inbox.together(() => {
      store.chats.setPhoneAsked(row.id, nowS())
      const facts = afterEnd(NOT_READ, 'ask', 0, nowS())
      store.chats.setHistory(row.id, { ...facts, history_reason: 'phone_asked' })
    })
  }
}

/** True once everything of the second of the gap's other end was read: its messages may have any order. */
function isClosed({ after_message }: GapRow, page: Page, lowest: number | null): boolean {
  if (after_message === null || page.before === 'not_kept') return page.end
  const isMet = lowest !== null && lowest <= after_message
  return isMet && (page.end || (page.messages[0]?.sentAt ?? 0) < timeOf(after_message))
}

/**
 * Messages of a gap count as late, and those that are newer than what was read: no client has received an event for them, and
 * WhatsApp Web may report them only after they were found here. All others are history.
 */
function createOriginOf(gap: GapRow | undefined, chat: ChatRow | undefined): OriginOf {
  const missingFrom =
    gap === undefined ? Infinity : gap.after_message === null ? 0 : timeOf(gap.after_message)
  const readFrom = chat?.history_from ?? chat?.caught_up_to ?? null
  const seenUntil = readFrom === null ? Infinity : timeOf(readFrom)
  return ({ sentAt }) => (sentAt >= missingFrom || sentAt > seenUntil ? 'late' : 'history')
}
