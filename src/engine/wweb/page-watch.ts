/**
 * Watches the page's chats, people and messages for changes that the library does not report: what {@link
 * installPageWatch} adds to page-rows.ts, with the same rules.
 */
import type { Collection, GroupMetadata, Model, MsgModel, PageWindow, PinModel } from './page-types.ts'

declare const window: PageWindow
declare function setTimeout(run: () => void, ms: number): unknown

/**
 * Call once per document, after `installPageRows`. Never throws; returns false if chats or people cannot be
 * watched: an unknown build.
 */
export function installPageWatch(): boolean {
  /** Changes within this time are reported together: one message alone changes four fields of its chat. */
  const GATHER_MS = 20
  /** Least time between two reports, so that a burst of changes makes few of them. */
  const APART_MS = 200
  /** Rows per report. */
  const PIECE = 250
  const CHAT_CHANGES =
    'add change:archive change:unreadCount change:pin change:muteExpiration change:mute.expiration change:name ' +
    'change:formattedTitle change:t change:isReadOnly change:id'
  const GROUP_CHANGES = 'change:announce change:subject change:participants'
  const MEMBER_CHANGES = 'add remove bulk_add bulk_remove reset change:isAdmin change:isSuperAdmin'
  const CONTACT_CHANGES =
    'add change:name change:pushname change:phoneNumber change:isContactBlocked change:isBusiness change:type'
  /**
   * When it disappears, whether it is kept in the chat (WAWebChatModel subscribes to the same), its star, and its type: of
   * placeholders, the library watches only those that this document received.
   */
  const MESSAGE_CHANGES = 'change:kicState change:expiredTimestamp change:star change:type'
  const rows = window.whatsappMcpRows
  const changedChats = new Set<string>()
  const removedChats = new Set<string>()
  const transferredChats = new Set<string>()
  const changedContacts = new Set<string>()
  const changedMessages = new Set<string>()
  const storedMessages = new Set<string>()
  const sets = [changedChats, transferredChats, changedContacts, changedMessages, storedMessages]
  let isGathering = false
  let toldAt = 0

  const tools = {
    groups(): Collection<GroupMetadata> | undefined {
      // `GroupMetadata` up to builds of early 2026, as in the library.
      const { GroupMetadata, WAWebGroupMetadataCollection } = window.require('WAWebCollections')
      return GroupMetadata ?? WAWebGroupMetadataCollection
    },

    gather(set: Set<string>, model: Model): void {
      rows.attempt(() => tools.gatherId(set, String(model.id)))
    },

    gatherId(set: Set<string>, id: string): void {
      set.add(id)
      if (isGathering) return
      isGathering = true
      // A clock that was set back never delays a report for longer.
      const apart = Math.min(APART_MS, toldAt + APART_MS - Date.now())
      setTimeout(tools.tell, Math.max(GATHER_MS, apart))
    },

    take(set: Set<string>): string[] {
      const ids = [...set].slice(0, PIECE)
      for (const id of ids) set.delete(id)
      return ids
    },

    tell(): void {
      isGathering = false
      toldAt = Date.now()
      rows.attempt(() => {
        const removed = tools.removed()
        const chats = rows.chats(tools.take(changedChats))
        const transferred = tools.take(transferredChats)
        const contacts = rows.contacts(tools.take(changedContacts))
        const messages = rows.messages(tools.take(changedMessages))
        const stored = rows.messages(tools.take(storedMessages))
        if (sets.some(({ size }) => size > 0)) {
          isGathering = true
          setTimeout(tools.tell, 0)
        }
        if ([chats, contacts, removed, transferred, messages, stored].some(({ length }) => length > 0))
          window.whatsappMcpChanged?.({ chats, removed, transferred, contacts, messages, stored })
      })
    },

    /**
     * Chats that were removed for good. A chat that moves to its LID is removed and added; a logout removes
     * all.
     */
    removed(): string[] {
      const ids = [...removedChats]
      removedChats.clear()
      if (window.require('WAWebSocketModel').Socket.state.startsWith('UNPAIRED')) return []
      return ids.filter((id) => {
        const chat = rows.attempt(() => rows.findChat(id))
        if (chat) changedChats.add(String(chat.id))
        return !chat
      })
    },

    /** True for a message that is neither reported by the library (`isNewMsg`) nor loaded by our own reading of the history. */
    isUnheard({ id, t, isNewMsg }: MsgModel): boolean {
      if (isNewMsg === true || rows.isStatus(id.remote)) return false
      if (rows.loading.size === 0) return true
      const chat = rows.findChat(String(id.remote))
      const oldest = chat && rows.loading.get(chat)
      return oldest === undefined || (t ?? 0) > oldest
    },

    /** Pins are models of their own; their messages change with them. */
    watchPins(): void {
      const { PinInChatCollection } = window.require('WAWebPinInChatCollection')
      PinInChatCollection.on('add remove change:pinType change:senderTimestampMs', (pin) =>
        tools.gatherId(changedMessages, String((pin as PinModel).parentMsgKey)),
      )
    },

    /** The library keeps the notices of groups to itself (Client.js, `gp2`). */
    isKeptBack({ type, isNewMsg }: MsgModel): boolean {
      return isNewMsg === true && type === 'gp2'
    },

    /** Only what the server has said: a picture that is being asked for has no tag. */
    watchPictures(): void {
      const { ProfilePicThumb } = window.require('WAWebCollections')
      ProfilePicThumb?.on('change:tag', (model) => {
        const { id, tag } = model as Model & { tag?: string | null }
        if (typeof tag === 'string')
          window.whatsappMcpChanged?.({ pictures: [{ id: String(id), tag: tag || null }] })
      })
    },

    watchMembers(group: GroupMetadata): void {
      rows.attempt(() => group.participants?.on(MEMBER_CHANGES, () => tools.gather(changedChats, group)))
    },

    watch(): boolean {
      const { Chat, Contact, Msg, WAWebNewsletterCollection } = window.require('WAWebCollections')
      const watched = [Chat, WAWebNewsletterCollection].map((chats) =>
        rows.attempt(() => {
          chats?.on(CHAT_CHANGES, (chat) => tools.gather(changedChats, chat))
          chats?.on('change:endOfHistoryTransferType', (chat) => tools.gather(transferredChats, chat))
          chats?.on('remove', (chat) => tools.gather(removedChats, chat))
          return true
        }),
      )
      rows.attempt(() => {
        const groups = tools.groups()
        groups?.on(GROUP_CHANGES, (group) => tools.gather(changedChats, group))
        groups?.on('add', (group) => tools.watchMembers(group))
        for (const group of groups?.getModelsArray() ?? []) tools.watchMembers(group)
      })
      Contact.on(CONTACT_CHANGES, (contact) => tools.gather(changedContacts, contact))
      rows.attempt(() =>
        Msg.on('add', ({ id }) => {
          const message = Msg.get(String(id))
          if (message && tools.isKeptBack(message)) tools.gather(changedMessages, message)
          else if (message && tools.isUnheard(message)) tools.gather(storedMessages, message)
        }),
      )
      rows.attempt(() => tools.watchPins())
      rows.attempt(() => tools.watchPictures())
      rows.attempt(() => Msg.on(MESSAGE_CHANGES, (message) => tools.gather(changedMessages, message)))
      return watched[0] === true
    },
  }
  return rows.attempt(() => tools.watch()) === true
}
