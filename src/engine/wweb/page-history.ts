/**
 * Reads back through a chat, in the page: what {@link installPageHistory} adds to page-rows.ts, with the same
 * rules.
 */
import type { Before, MsgModel, PageHistory, PageWindow } from './page-types.ts'
import type { HistoryAnswer, MessageRow, ReactionRow } from './raw.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/** Call once per document, after `installPageRows`. */
export function installPageHistory(): void {
  /** Loads of older messages per call; each is one query of the page's database, tens of messages. */
  const LOADS = 4
  /** The limit for the reactions of one message. */
  const REACTIONS_MS = 2_000
  const rows = window.whatsappMcpRows
  const tools = {
    async reactions(message: MsgModel): Promise<ReactionRow[] | null> {
      if (message.hasReaction !== true) return []
      try {
        const { Reactions } = window.require('WAWebCollections')
        if (!Reactions) return null
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

    /**
     * Returns how many of `messages`, oldest first, precede this one; if it is missing, how many precede its
     * time.
     */
    countBefore(messages: MsgModel[], before: Before): number {
      if (before === null) return messages.length
      const place = messages.findIndex(
        ({ id, type, protocolMessageKey }) =>
          id.fromMe === before.fromMe &&
          (id.id === before.bareId ||
            (type === 'revoked' && rows.text(protocolMessageKey)?.split('_')[2] === before.bareId)),
      )
      if (place >= 0) return place
      // Messages of the same second may precede it: including one twice is better than missing one.
      const later = messages.findIndex(({ t }) => (t ?? 0) > before.sentAt)
      return later >= 0 ? later : messages.length
    },

    /**
     * Returns the `count` messages before `before`, once they are in memory; until then each call loads a
     * little more of the chat, as scrolling up would. The end is a load that adds nothing: older builds then
     * return undefined, newer ones `[]` for ever, and a load may contain only notices or messages that were
     * there already, so only the chat's own list shows it.
     */
    async history(id: string, before: Before, count: number): Promise<HistoryAnswer> {
      const chat = rows.findChat(id)
      if (!chat) return { state: 'unknown' }
      for (let loads = 0; ; loads += 1) {
        const models = chat.msgs?.getModelsArray() ?? []
        const sorted = [...models].sort((one, other) => (one.t ?? 0) - (other.t ?? 0))
        const found = sorted.slice(0, tools.countBefore(sorted, before)).filter(rows.isReported)
        if (found.length >= count) return tools.finish(found.slice(found.length - count), false)
        if (loads === LOADS) return { state: 'more' }
        // One object since April 2026 (wwebjs#201706); the library's own call.
        rows.loading.set(chat, sorted[0]?.t ?? Infinity)
        try {
          await window.require('WAWebChatLoadMessages').loadEarlierMsgs({ chat, msgCollection: chat.msgs })
        } finally {
          rows.loading.delete(chat)
        }
        if ((chat.msgs?.getModelsArray().length ?? 0) <= models.length) return tools.finish(found, true)
      }
    },

    async finish(models: MsgModel[], end: boolean): Promise<HistoryAnswer> {
      const pairs = await Promise.all(
        models.map(async (model): Promise<MessageRow[]> => {
          const reactions = await tools.reactions(model)
          const message = rows.attempt(() => rows.message(model))
          return message ? [{ message, reactions }] : []
        }),
      )
      return { state: 'done', rows: pairs.flat(), end }
    },
  }
  window.whatsappMcpHistory = tools satisfies PageHistory
}

/** WhatsApp Web itself fetches from the server only what is missing in its database. */
export function pageHistory(chat: string, before: Before, count: number): Promise<HistoryAnswer> {
  return window.whatsappMcpHistory.history(chat, before, count)
}
