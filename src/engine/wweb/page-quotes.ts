/** Answering a message, in the page: what {@link installPageQuotes} adds to the library. The rules of page-rows.ts hold. */
import type { MsgModel, PageWindow } from './page-types.ts'

declare const window: PageWindow

/** What Node asks the library to quote: the keys that the message may have. */
export type Quote = { keys: readonly string[] }

/** What the page's error says in place of sending, and then why. */
export const NOT_ANSWERED = /whatsappMcp: not answered: (missing|refused|failed)/

/**
 * Once per document, after the library's helpers are in it. The library itself sends without the quote where WhatsApp
 * Web would not let the message be answered (Utils.js, `canReply`), and names it as one of another chat, since it hands
 * over a chat where an address is meant (WAWebMsgModel `msgContextInfo`). Here the message is looked for in memory, then
 * in the page's database; whether it may be answered is asked in the same turn in which the library takes over, so that
 * nothing can come between; and what keeps it from being answered keeps the answer from being sent.
 */
export function installPageQuotes(): void {
  const helpers = window.WWebJS
  const { sendMessage } = helpers
  const tools = {
    /** Loaded where the page does not have it in memory; undefined where it does not have it at all. */
    async find(keys: readonly string[]): Promise<MsgModel | undefined> {
      const { Msg } = window.require('WAWebCollections')
      for (const key of keys) {
        const known = Msg.get(key)
        if (known) return known
      }
      return (await Msg.getMessagesById([...keys]))?.messages?.[0]
    },

    /** What an answer to it carries along. */
    context(message: MsgModel | undefined): object {
      if (message === undefined) throw new Error('missing')
      const { canReplyMsg } = window.require('WAWebMsgReply')
      if (!canReplyMsg(message.unsafe?.() ?? message)) throw new Error('refused')
      if (!message.msgContextInfo) throw new Error('failed')
      return message.msgContextInfo(message.id.remote)
    },
  }
  helpers.sendMessage = async (chat, content, { quotedMessageId: quote, ...options }) => {
    if (!quote) return sendMessage(chat, content, options)
    try {
      const message = await tools.find(quote.keys)
      options.extraOptions = tools.context(message)
    } catch (error) {
      const why =
        error instanceof Error && /^(missing|refused)$/.test(error.message) ? error.message : 'failed'
      throw new Error(`whatsappMcp: not answered: ${why}`)
    }
    return sendMessage(chat, content, options)
  }
}
