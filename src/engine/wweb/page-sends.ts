/**
 * Sending, in the page: what {@link installPageSends} adds to the library. The rules of page-rows.ts hold.
 */
import type { Outgoing, OutgoingAlbum } from '../engine.ts'
import type { ChatModel, Key, MsgModel, PageWindow } from './page-types.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/** The quote that Node passes to the library: the keys that the message may have. */
export type Quote = { keys: readonly string[] }

/** What Node passes through the library's `extra`. */
export type Extra = {
  bareId: string
  whatsappMcpPreview?: boolean
  whatsappMcpFile?: Pick<Outgoing<'media'>, 'as' | 'sizeBytes'>
  whatsappMcpAlbum?: OutgoingAlbum
}

/** Matches the page's error for a send whose chat WhatsApp Web did not open; WhatsApp Web's own error follows in it. */
export const NOT_OPENED = /whatsappMcp: no chat/

/**
 * Matches the page's error for a reply that it did not send (`missing`, `refused`, `failed`), and for a post that WhatsApp's server
 * did not take (`channel`, `status`).
 */
export const NOT_ANSWERED = /whatsappMcp: not answered: (missing|refused|failed|channel|status)/

/** The error of the page for a file above WhatsApp's limit for its kind, in bytes. */
export const TOO_LARGE = /whatsappMcp: too large: (\d+)/

/**
 * Call once per document, after the library's helpers are in it. Three things differ from the library: a link preview that
 * fails does not cost the message; a chat that WhatsApp Web does not open is an error of its own, because nothing was sent then
 * (Utils.js, `getChat`: the library returns as after a send); and:
 *
 * The message gets the id that Node chose and stored before. The library chooses one itself (Utils.js, `newId`) and
 * reports it only after the send, so that a crash in between leaves nothing to recognise the message by.
 *
 * Replies: the library itself sends without the quote if WhatsApp Web does not allow a reply (Utils.js, `canReply`), and
 * names the quoted message as one of another chat, because it passes a chat instead of an address (WAWebMsgModel
 * `msgContextInfo`). This code looks the message up in memory, then in the page's database; checks whether it allows a
 * reply in the same turn in which the library takes over, so that nothing can change in between; and rejects the send if
 * it does not.
 */
export function installPageSends(): void {
  /** For fetching the page of a link; the text goes without its preview then. */
  const PREVIEW_MS = 5_000
  const LEAST_LIMIT = 2 ** 20
  const helpers = window.WWebJS
  const { sendMessage, getChat } = helpers
  const tools = {
    /** The key of our message with this id, as the library makes it (Utils.js, `newMsgKey`). */
    key({ id: to, groupMetadata }: ChatModel, bareId: string): Key {
      const { getMaybeMeLidUser, getMaybeMePnUser } = window.require('WAWebUserPrefsMeUser')
      const isGroup = to.isGroup?.() === true
      const byLid = isGroup ? groupMetadata?.isLidAddressingMode === true : to.isLid?.() === true
      const from = byLid ? getMaybeMeLidUser() : getMaybeMePnUser()
      const hasAuthor = isGroup || to.isStatus?.() === true
      const participant = hasAuthor ? window.require('WAWebWidFactory').asUserWidOrThrow(from) : undefined
      const MsgKey = window.require('WAWebMsgKey')
      return new MsgKey({ from, to, id: bareId, participant, selfDir: 'out' })
    },

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

    /**
     * What WhatsApp Web shows of the first link. In the library, its failure rejects the send, and it always fails on newer builds,
     * which want the chat (OpenWA patch 3, waha#2163).
     */
    async preview(chat: ChatModel, content: unknown): Promise<object | undefined> {
      try {
        const link = window.require('WALinkify').findLink(String(content))
        if (!link) return undefined
        const { getLinkPreview } = window.require('WAWebLinkPreviewChatAction')
        const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PREVIEW_MS))
        const found = await Promise.race([getLinkPreview(link, chat), late])
        return found?.data && { ...found.data, preview: true, subtype: 'url' }
      } catch {
        return undefined
      }
    },

    isChannel: ({ id }: ChatModel): boolean => /@newsletter$/.test(String(id)),

    /** Throws for a post that the server did not take: it has no `serverId`, although the library marks it as sent. */
    posted(post: unknown): unknown {
      if ((Object(post) as { serverId?: unknown }).serverId === undefined)
        throw new Error('whatsappMcp: not answered: channel')
      return post
    },

    /** In bytes. A build that does not say it, or says less than any file has, limits nothing. */
    uploadLimit(kind: string): number {
      try {
        const most = Number(window.require('WAWebMediaGatingUtils').getUploadLimit?.(kind))
        return most >= LEAST_LIMIT ? most : Number.POSITIVE_INFINITY
      } catch {
        return Number.POSITIVE_INFINITY
      }
    },

    /** WhatsApp Web's own limits: its menu refuses a larger file before it is read. Documents have none of them. */
    demandSize({ as, sizeBytes }: NonNullable<Extra['whatsappMcpFile']>): void {
      const kinds = { image: 'image', video: 'video', gif: 'video', audio: 'audio', voice: 'audio' } as const
      const kind = as in kinds ? kinds[as as keyof typeof kinds] : undefined
      if (kind === undefined) return
      const most = tools.uploadLimit(kind)
      if (sizeBytes > most) throw new Error(`whatsappMcp: too large: ${most}`)
    },

    async quote({ keys }: Quote): Promise<object> {
      try {
        const message = await tools.find(keys)
        return tools.context(message)
      } catch (error) {
        const why =
          error instanceof Error && /^(missing|refused)$/.test(error.message) ? error.message : 'failed'
        throw new Error(`whatsappMcp: not answered: ${why}`)
      }
    },
  }
  helpers.getChat = async (id, options) => {
    if (options?.getAsModel !== false) return getChat(id, options)
    const chat = await getChat(id, options).catch((error: unknown) => {
      throw new Error(
        `whatsappMcp: no chat: ${error instanceof Error ? error.message : JSON.stringify(error)}`,
      )
    })
    if (!chat) throw new Error('whatsappMcp: no chat: there is none')
    return chat
  }
  window.whatsappMcpFind = tools.find
  window.whatsappMcpKey = tools.key
  helpers.sendMessage = async (
    chat,
    content,
    { quotedMessageId: quote, extraOptions: extra, ...options },
  ) => {
    const context = quote && (await tools.quote(quote))
    const {
      bareId,
      whatsappMcpPreview: wantsPreview,
      whatsappMcpAlbum: album,
      whatsappMcpFile: file,
      ...fields
    } = extra ?? {}
    if (file) tools.demandSize(file)
    const preview = wantsPreview && (await tools.preview(chat, content))
    const albumFields = album && (await window.whatsappMcpAlbum(chat, album))
    const rest = { ...preview, ...albumFields, ...fields }
    if (bareId === undefined)
      return sendMessage(chat, content, { ...options, extraOptions: { ...rest, ...context } })
    const id = tools.key(chat, bareId)
    const sent = await sendMessage(chat, content, { ...options, extraOptions: { ...rest, ...context, id } })
    if (tools.isChannel(chat)) return tools.posted(sent)
    // The library looks for the id that it chose. The key of a status update may have another address of this account.
    const posted = window.require('WAWebCollections').Msg.get(String(id))
    return posted ?? (chat.id.isStatus?.() === true ? sent : undefined)
  }
}
