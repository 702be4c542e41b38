/**
 * Replies to a message, in the page: what {@link installPageQuotes} adds to the library. The rules of
 * page-rows.ts hold.
 */
import type { MsgModel, PageWindow } from './page-types.ts'

declare const window: PageWindow

/** The quote that Node passes to the library: the keys that the message may have. */
export type Quote = { keys: readonly string[] }

/** Prefix of the error that the page throws instead of sending; the reason follows. */
export const NOT_ANSWERED = /whatsappMcp: not answered: (missing|refused|failed)/

/**
 * Call once per document, after the library's helpers are in it. The library itself sends without the quote
 * if WhatsApp Web does not allow a reply (Utils.js, `canReply`), and names the quoted message as one of
 * another chat, because it passes a chat instead of an address (WAWebMsgModel `msgContextInfo`). This code
 * looks the message up in memory, then in the page's database; checks whether it allows a reply in the same
 * turn in which the library takes over, so that nothing can change in between; and rejects the send if it
 * does not.
 */
export function installPageQuotes(): void {
  const helpers = window.WWebJS
  const { sendMessage } = helpers
  const tools = {
    /**
     * Loads the message if the page does not have it in memory; undefined if the page does not have it at
     * all.
     */
    async find(keys: readonly string[]): Promise<MsgModel | undefined> {
      const { Msg } = window.require('WAWebCollections')
      for (const key of keys) {
        const known = Msg.get(key)
        if (known) return known
      }
      return (await Msg.getMessagesById([...keys]))?.messages?.[0]
    },

    /** The data of the quoted message that a reply includes. */
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
