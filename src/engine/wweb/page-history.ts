/**
 * Reads back through a chat, in the page: what {@link installPageHistory} adds to page-rows.ts, with the same
 * rules.
 */
import type { ChatModel, MsgModel, PageHistory, PageWindow, Reading } from './page-types.ts'
import type { Before, HistoryAnswer, MessageRow, ReactionRow } from './raw.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/** Call once per document, after `installPageMemory`. */
export function installPageHistory(): void {
  /** Loads of older messages per call; each is one query of the page's database, tens of messages. */
  const LOADS = 4
  /** The limit for the reactions of one message. */
  const REACTIONS_MS = 2_000
  const rows = window.whatsappMcpRows
  const memory = window.whatsappMcpMemory
  const tools = {
    async reactions(message: MsgModel): Promise<ReactionRow[] | null> {
      if (message.hasReaction === false) return []
      try {
        const { Reactions } = window.require('WAWebCollections')
        if (!Reactions) return null
        // A page that does not set the field does not say that there are none.
        if (message.hasReaction !== true && !Reactions.get?.(String(message.id))) return null
        const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), REACTIONS_MS))
        const found = await Promise.race([Reactions.find(String(message.id)), late])
        if (found === null) return null
        const senders = (found?.reactions?.serialize() ?? []).flatMap((ofOneEmoji) => ofOneEmoji.senders)
        return senders.map((sender) => ({
          key: String(sender.msgKey ?? sender.id),
          sender: String(sender.senderUserJid),
          emoji: sender.reactionText ?? '',
          at: sender.timestamp ?? 0,
        }))
      } catch {
        return null
      }
    },

    /** True for a message of the cursor's range. A deleted message has another id, and the former one beside it. */
    isBefore(message: MsgModel, before: Before): boolean {
      if (before === null) return true
      if (rows.time(message) > before.until) return false
      const { id, type, protocolMessageKey } = message
      const former = type === 'revoked' ? rows.text(protocolMessageKey)?.split('_')[2] : undefined
      return !before.without.includes(id.id) && (former === undefined || !before.without.includes(former))
    },

    /**
     * Loads a little more of the chat, as scrolling up would; false if that added nothing. What the loading
     * returns tells the order; older builds return undefined at the end, newer ones `[]` for ever.
     */
    async load(chat: ChatModel, reading: Reading): Promise<boolean> {
      const held = new Set(chat.msgs?.getModelsArray() ?? [])
      const oldest = rows.inOrder(chat)[0]
      rows.loading.set(chat, oldest === undefined ? Infinity : rows.time(oldest))
      try {
        // One object since April 2026 (wwebjs#201706); the library's own call.
        const loader = window.require('WAWebChatLoadMessages')
        const loaded = await loader.loadEarlierMsgs({ chat, msgCollection: chat.msgs })
        const fresh = (chat.msgs?.getModelsArray() ?? []).filter((model) => !held.has(model))
        const old = fresh.filter(({ isNewMsg }) => isNewMsg !== true)
        const inOrder = Array.isArray(loaded) ? loaded.filter((model) => fresh.includes(model)) : old
        rows.noteLoaded(inOrder)
        memory.noteLoaded(chat, reading, inOrder)
        return old.length > 0
      } finally {
        rows.loading.delete(chat)
      }
    },

    /**
     * Returns the `count` messages before `before`, once they are in memory; until then each call loads a
     * little more. The end is a load that adds nothing: one may contain only notices, or messages that were
     * there already.
     */
    async history(id: string, before: Before, count: number): Promise<HistoryAnswer> {
      const chat = rows.findChat(id)
      if (!chat) return { state: 'unknown' }
      return memory.during(chat, () => tools.read(chat, before, count))
    },

    async read(chat: ChatModel, before: Before, count: number): Promise<HistoryAnswer> {
      for (let loads = 0, hasAll = false; ; loads += 1) {
        const reading = memory.reading(chat, before?.until ?? Infinity)
        const from = hasAll ? 0 : reading.from
        const all = rows.inOrder(chat)
        const found = all.filter((message) => rows.time(message) >= from && tools.isBefore(message, before))
        if (hasAll || found.length >= count) {
          const page = found.slice(-count)
          const rest = found.slice(0, -count)
          const next = tools.cursor(all, page, rest) ?? before
          const transfer = chat.endOfHistoryTransferType
          const answer = await tools.rowsOf(page)
          if (next !== null) memory.pass(chat, next.until)
          return {
            state: 'done',
            chat: String(chat.id),
            rows: answer,
            end: hasAll && rest.length === 0,
            next,
            transfer: typeof transfer === 'number' ? transfer : null,
          }
        }
        if (loads === LOADS) {
          if (before !== null) memory.pass(chat, before.until)
          return { state: 'more' }
        }
        const isMore = await tools.load(chat, reading)
        // Nothing more was loaded: the end, unless another request has removed messages meanwhile.
        hasAll = !isMore && memory.reading(chat, before?.until ?? Infinity) === reading
      }
    },

    /** As the library's `syncHistory`, which would create a chat that is listed by another address. */
    async askPhone(id: string): Promise<boolean> {
      const chat = rows.findChat(id)
      if (chat?.endOfHistoryTransferType !== 0) return false
      const { sendPeerDataOperationRequest } = window.require('WAWebSendNonMessageDataRequest')
      await sendPeerDataOperationRequest(3, { chatId: chat.id })
      return true
    },

    /** The cursor for the page before this one. It leaves out the messages of its second that were read already. */
    cursor(all: MsgModel[], [oldest]: MsgModel[], rest: MsgModel[]): Before {
      if (oldest === undefined) return null
      const until = rows.time(oldest)
      const left = new Set(rest)
      const ofSecond = all.filter((message) => rows.time(message) === until && !left.has(message))
      return { until, without: ofSecond.map(({ id }) => id.id) }
    },

    async rowsOf(models: MsgModel[]): Promise<MessageRow[]> {
      const pairs = await Promise.all(
        models.map(async (model): Promise<MessageRow[]> => {
          const [reactions, votes] = await Promise.all([
            tools.reactions(model),
            window.whatsappMcpPolls.votes(model),
          ])
          const message = rows.attempt(() => rows.message(model))
          return message ? [{ message, reactions, votes }] : []
        }),
      )
      return pairs.flat()
    },
  }
  window.whatsappMcpHistory = tools satisfies PageHistory
}

/** WhatsApp Web itself fetches from the server only what is missing in its database. */
export function pageHistory(chat: string, before: Before, count: number): Promise<HistoryAnswer> {
  return window.whatsappMcpHistory.history(chat, before, count)
}

export function pageAskPhone(chat: string): Promise<boolean> {
  return window.whatsappMcpHistory.askPhone(chat)
}
