/**
 * Reads WhatsApp Web's memory, inside its page. {@link installPageRows} is sent there as text: it may use
 * nothing from outside itself but `window`, and its functions are methods, because build tools add helpers of
 * their own to other named functions. Nothing here changes data, marks as read, creates a chat or sends a
 * server request. Names and shapes: whatsapp-web.js 1.34.7 (src/util/Injected/Utils.js), wa-js 4
 * (src/whatsapp/), and the modules named.
 */
import type {
  ChatModel,
  ContactModel,
  MsgModel,
  PageRows,
  PageWindow,
  Participant,
  Wid,
} from './page-types.ts'
import type { ChatRow, ContactRow, RawMessage } from './raw.ts'

declare const window: PageWindow

/**
 * Call once per document, before the other in-page parts, which use it.
 * @param changeTypes types of entries that only change another message
 * @param noticeTypes types of notices and calls
 */
export function installPageRows(changeTypes: string[], noticeTypes: string[]): void {
  const changes = new Set(changeTypes)
  const notices = new Set(noticeTypes)
  /** The order of messages within a second. */
  const places = new WeakMap<MsgModel, number>()
  let firstPlace = 0
  let lastPlace = 0
  const tools = {
    loading: new Map<ChatModel, number>(),

    /** Returns the value, or undefined if WhatsApp Web throws: one invalid entry must not hide the others. */
    attempt<T>(read: () => T): T | undefined {
      try {
        return read()
      } catch {
        return undefined
      }
    },

    collections() {
      return window.require('WAWebCollections')
    },

    text(value: unknown): string | undefined {
      return value === undefined || value === null ? undefined : String(value)
    },

    /** Its model as plain data; of an entry that cannot be read, the key and time. */
    message(from: MsgModel): RawMessage {
      const { id, type, t } = from
      const key = {
        fromMe: id.fromMe,
        remote: String(id.remote),
        id: id.id,
        ...(id.participant ? { participant: String(id.participant) } : {}),
      }
      const model = tools.attempt(() => window.whatsappMcpModels.toPlainObject(from.serialize?.() ?? from))
      const pinnedUntil = tools.attempt(() => tools.pinnedUntil(from))
      return {
        ...(model ?? { type: 'unknown' }),
        id: key,
        t,
        ...(model ? { type, star: from.star === true, pinnedUntil } : {}),
      }
    },

    isReported({ type }: MsgModel): boolean {
      return type !== undefined && !changes.has(type)
    },

    /** Notices are not the newest message of a chat. */
    isMessage(model: MsgModel): boolean {
      return tools.isReported(model) && model.isNotification !== true && !notices.has(model.type ?? '')
    },

    me(): string[] {
      const user = window.require('WAWebUserPrefsMeUser')
      return [user.getMaybeMePnUser(), user.getMaybeMeLidUser()].flatMap((wid) => (wid ? [String(wid)] : []))
    },

    isAdmin({ isAdmin, isSuperAdmin }: Participant): boolean {
      return isAdmin === true || isSuperAdmin === true
    },

    /** As model/times.ts, which is not in the page: some messages carry milliseconds, or no number. */
    time({ t }: MsgModel): number {
      const given = typeof t === 'number' && t > 0 ? t : 0
      return Math.floor(Math.min(given >= 1e11 ? given / 1000 : given, 1e11))
    },

    /** A message without a place from {@link tools.noteLoaded} follows those that have one, in the collection's order. */
    placeOf(message: MsgModel): number {
      const known = places.get(message)
      if (known !== undefined) return known
      lastPlace += 1
      places.set(message, lastPlace)
      return lastPlace
    },

    noteLoaded(messages: readonly MsgModel[]): void {
      const fresh = messages.filter((message) => !places.has(message))
      firstPlace -= fresh.length
      for (const [index, message] of fresh.entries()) places.set(message, firstPlace + index)
    },

    /**
     * By time, and within a second as WhatsApp Web loaded them: the collection's own order is not that, it may
     * append what was loaded.
     */
    inOrder(chat: ChatModel): MsgModel[] {
      const messages = (chat.msgs?.getModelsArray() ?? []).filter(tools.isReported)
      for (const message of messages) tools.placeOf(message)
      return messages.sort(
        (one, other) => tools.time(one) - tools.time(other) || tools.placeOf(one) - tools.placeOf(other),
      )
    },

    /** The newest message in memory; chats that were not opened hold only a few, sometimes only its key. */
    last(chat: ChatModel): RawMessage | null {
      let newest: MsgModel | undefined
      for (const model of chat.msgs?.getModelsArray() ?? []) {
        if (!tools.isMessage(model)) continue
        const place = tools.placeOf(model)
        const later = newest === undefined ? 1 : tools.time(model) - tools.time(newest)
        if (later > 0 || (later === 0 && newest && place > tools.placeOf(newest))) newest = model
      }
      if (newest === undefined && chat.lastReceivedKey) {
        const known = tools.collections().Msg.get(String(chat.lastReceivedKey))
        if (known && tools.isMessage(known)) newest = known
      }
      return newest === undefined ? null : tools.message(newest)
    },

    chat(chat: ChatModel, me: string[]): ChatRow {
      const { groupMetadata, newsletterMetadata } = chat
      const members = groupMetadata?.participants?.getModelsArray().map((member) => ({
        id: String(member.id),
        isAdmin: tools.isAdmin(member),
        isMe: me.includes(String(member.id)),
      }))
      const role = newsletterMetadata?.membershipType
      return {
        id: String(chat.id),
        // Until a name is loaded, it may be an empty text.
        name: chat.name || groupMetadata?.subject || newsletterMetadata?.name || chat.formattedTitle || null,
        unreadCount: chat.unreadCount ?? 0,
        t: chat.t ?? 0,
        archived: chat.archive === true,
        pin: chat.pin ?? 0,
        mute: chat.mute?.expiration ?? chat.muteExpiration ?? 0,
        announce: groupMetadata?.announce === true || /@newsletter$/.test(String(chat.id)),
        isClosed: chat.isReadOnly === true,
        isAdmin:
          members?.some((member) => member.isMe && member.isAdmin) ?? (role === 'owner' || role === 'admin'),
        last: tools.attempt(() => tools.last(chat)) ?? null,
        // Members arrive late on some starts; a group without any is not loaded yet.
        members: members?.length ? members : null,
      }
    },

    contact(contact: ContactModel): ContactRow {
      const { id } = contact
      const isLid = id.server === 'lid'
      const other = tools.others(id)[0]
      const { Blocklist, Contact } = tools.collections()
      // The same person's contact at the other address. It may have a name that this one lacks: builds copy only some fields, and not at once.
      const twin = other && tools.attempt(() => Contact.get(String(other)))
      const both = twin ? [contact, twin] : [contact]
      return {
        id: String(id),
        phone: isLid ? (tools.text(tools.phoneOf(contact, other)) ?? null) : String(id),
        lid: isLid ? String(id) : (tools.text(other) ?? null),
        name: contact.name || twin?.name || null,
        pushname: contact.pushname || twin?.pushname || null,
        inAddressBook: both.some(
          (one) =>
            tools.attempt(() => window.require('WAWebFrontendContactGetters').getIsMyContact(one)) === true,
        ),
        isBusiness: both.some((one) => one.isBusiness === true),
        isBlocked:
          contact.isContactBlocked === true ||
          Blocklist?.get(String(id)) !== undefined ||
          (other !== undefined && Blocklist?.get(String(other)) !== undefined),
      }
    },

    /** The number of a LID's contact; undefined if it belongs to another LID by now: the contact keeps a former number. */
    phoneOf({ id, phoneNumber }: ContactModel, other: Wid | undefined): Wid | undefined {
      if (phoneNumber === undefined) return other
      const isOthers = tools
        .others(phoneNumber)
        .some((lid) => lid.server === 'lid' && String(lid) !== String(id))
      return isOthers ? undefined : phoneNumber
    },

    /** The same person's other address, as two modules of the page know it: none, one, the same one twice, or two. */
    others(wid: Wid): Wid[] {
      if (wid.server !== 'c.us' && wid.server !== 'lid') return []
      const isLid = wid.server === 'lid'
      const found = [
        tools.attempt(() => {
          const { getPhoneNumber, getCurrentLid } = window.require('WAWebApiContact')
          return isLid ? getPhoneNumber(wid) : getCurrentLid(wid)
        }),
        tools.attempt(() => {
          const { toPn, toLid } = window.require('WAWebLidMigrationUtils')
          return isLid ? toPn(wid) : toLid(wid)
        }),
      ]
      return found.flatMap((other) => (other && String(other) !== String(wid) ? [other] : []))
    },

    /**
     * The chat at this address, or at the same person's other one. Never created: `find` would create one.
     */
    findChat(id: string): ChatModel | undefined {
      const { Chat, WAWebNewsletterCollection } = tools.collections()
      if (/@newsletter$/.test(id)) return WAWebNewsletterCollection?.get(id) ?? Chat.get(id)
      const wid = tools.attempt(() => window.require('WAWebWidFactory').createWid(id))
      if (wid === undefined) return Chat.get(id)
      for (const address of [wid, ...tools.others(wid)]) {
        const chat = Chat.get(address)
        if (chat) return chat
      }
      return undefined
    },

    chatOf(id: string): { id: string; phone: string | null; lid: string | null } | null {
      const chat = tools.findChat(id)
      if (chat === undefined) return null
      const at = String(chat.id)
      const other = tools.text(tools.others(chat.id)[0]) ?? (at === id ? null : id)
      return /@lid$/.test(at) ? { id: at, lid: at, phone: other } : { id: at, phone: at, lid: other }
    },

    /**
     * The chat of status updates. Reading its messages soon after linking made WhatsApp revoke the link of
     * some accounts at the next load of the page (OpenWA#1072), so only updates that arrive as events are
     * stored.
     */
    isStatus(id: unknown): boolean {
      return String(id) === 'status@broadcast'
    },

    isMember({ groupMetadata }: ChatModel): boolean {
      const members = groupMetadata?.participants?.getModelsArray() ?? []
      const me = tools.me()
      return members.length === 0 || members.some(({ id }) => me.includes(String(id)))
    },

    /** Undefined: this build keeps pins elsewhere. */
    pinnedUntil({ id }: MsgModel): number | null | undefined {
      const { PinInChatCollection } = window.require('WAWebPinInChatCollection')
      const {
        pinType,
        senderTimestampMs = 0,
        pinExpiryDuration = 0,
      } = PinInChatCollection.getByParentMsgKey(id) ?? {}
      return pinType === 1 ? Math.floor(senderTimestampMs / 1_000) + pinExpiryDuration : null
    },

    chatIds(): string[] {
      const { Chat, WAWebNewsletterCollection } = tools.collections()
      const channels = tools.attempt(() => WAWebNewsletterCollection?.getModelsArray()) ?? []
      const ids = [...Chat.getModelsArray(), ...channels].map(({ id }) => String(id))
      return [...new Set(ids)].filter((id) => !tools.isStatus(id))
    },

    contactIds(): string[] {
      const people = tools.collections().Contact.getModelsArray()
      return people.flatMap(({ id }) => (id.server === 'c.us' || id.server === 'lid' ? [String(id)] : []))
    },

    /** The chats that still exist; never the status chat. */
    chats(ids: string[]): ChatRow[] {
      const me = tools.me()
      const { Chat, WAWebNewsletterCollection } = tools.collections()
      return ids.flatMap((id) => {
        const chat = tools.isStatus(id) ? undefined : (Chat.get(id) ?? WAWebNewsletterCollection?.get(id))
        const row = chat && tools.attempt(() => tools.chat(chat, me))
        return row ? [row] : []
      })
    },

    messages(ids: string[]): RawMessage[] {
      const { Msg } = tools.collections()
      return ids.flatMap((id) => {
        const message = Msg.get(id)
        const row = message && tools.isReported(message) && tools.attempt(() => tools.message(message))
        return row ? [row] : []
      })
    },

    contacts(ids: string[]): ContactRow[] {
      const { Contact } = tools.collections()
      return ids.flatMap((id) => {
        const contact = Contact.get(id)
        const row = contact && tools.attempt(() => tools.contact(contact))
        return row ? [row] : []
      })
    },
  }
  window.whatsappMcpRows = tools satisfies PageRows
}

export function pageChatIds(): string[] {
  return window.whatsappMcpRows.chatIds()
}

export function pageChatOf(id: string): ReturnType<PageRows['chatOf']> {
  return window.whatsappMcpRows.chatOf(id)
}

export function pageContactIds(): string[] {
  return window.whatsappMcpRows.contactIds()
}

export function pageChats(ids: string[]): ChatRow[] {
  return window.whatsappMcpRows.chats(ids)
}

export function pageContacts(ids: string[]): ContactRow[] {
  return window.whatsappMcpRows.contacts(ids)
}
