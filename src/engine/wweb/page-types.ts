/** WhatsApp Web's modules and models, as far as our in-page code reads them, and that code's own tools. Types only. */
import type { Changes, ChatRow, ContactRow, HistoryAnswer, RawMessage } from './raw.ts'

export type Wid = { _serialized: string; server: string; toString(): string }
export type Key = { fromMe: boolean; remote: Wid; id: string; participant?: Wid; toString(): string }

/** Emitters call with the model first; a collection passes on what its models fire. */
export type Emitter = { on(names: string, listener: (model: Model) => void): void }
export type Model = { id: { toString(): string } }
export type Collection<M extends Model = Model> = Emitter & {
  get(id: unknown): M | undefined
  getModelsArray(): M[]
}

/** Its fields are those of {@link RawMessage}, with objects for addresses and keys. */
export type MsgModel = {
  id: Key
  type?: string
  t?: number
  /** Only on those that clients are to be told of. */
  isNewMsg?: boolean
  unsafe?(): MsgModel
  /** What an answer to it carries of it. `chat`: where the answer goes; another than its own is named in it. */
  msgContextInfo?(chat: Wid): object
} & Record<string, unknown>
export type Participant = Model & { isAdmin?: boolean; isSuperAdmin?: boolean }
export type GroupMetadata = Model & {
  announce?: boolean
  subject?: string
  participants?: Collection<Participant>
}
export type ChatModel = Model & {
  name?: string
  formattedTitle?: string
  unreadCount?: number
  t?: number
  archive?: boolean
  pin?: number
  muteExpiration?: number
  isReadOnly?: boolean
  mute?: { expiration?: number }
  lastReceivedKey?: Key
  msgs?: Collection<MsgModel>
  groupMetadata?: GroupMetadata
  newsletterMetadata?: { name?: string; membershipType?: string }
}
export type ContactModel = Model & {
  id: Wid
  name?: string
  pushname?: string
  phoneNumber?: Wid
  isBusiness?: boolean
  isContactBlocked?: boolean
}
/** By emoji, and within by who gave it (WAWebReactionsModels); the library serializes it too. */
export type ReactionsModel = { reactions?: { serialize(): { senders: Sender[] }[] } }
export type Sender = {
  msgKey?: unknown
  id?: unknown
  senderUserJid?: unknown
  reactionText?: string
  timestamp?: number
}

export type PageModules = {
  WAWebCollections: {
    Chat: Collection<ChatModel>
    Contact: Collection<ContactModel>
    Msg: Collection<MsgModel> & {
      /** From the page's database; unknown ones are left out. */
      getMessagesById(keys: string[]): Promise<{ messages?: MsgModel[] } | undefined>
    }
    Blocklist?: Collection
    Reactions?: { find(key: string): Promise<ReactionsModel | undefined> }
    GroupMetadata?: Collection<GroupMetadata>
    WAWebGroupMetadataCollection?: Collection<GroupMetadata>
    WAWebNewsletterCollection?: Collection<ChatModel>
  }
  WAWebWidFactory: { createWid(text: string): Wid }
  WAWebApiContact: { getCurrentLid(wid: Wid): Wid | undefined; getPhoneNumber(wid: Wid): Wid | undefined }
  WAWebLidMigrationUtils: { toLid(wid: Wid): Wid | undefined; toPn(wid: Wid): Wid | undefined }
  WAWebFrontendContactGetters: { getIsMyContact(contact: ContactModel): boolean }
  WAWebUserPrefsMeUser: { getMaybeMePnUser(): Wid | undefined; getMaybeMeLidUser(): Wid | undefined }
  WAWebSocketModel: { Socket: { state: string } }
  WAWebMsgReply: { canReplyMsg(message: MsgModel): boolean }
  WAWebChatLoadMessages: {
    loadEarlierMsgs(options: { chat: ChatModel; msgCollection: unknown }): Promise<unknown>
  }
}

/** What names a message of a chat from Node: see `MessageRef`. */
export type Before = { bareId: string; fromMe: boolean; sentAt: number } | null

/** What {@link installPageRows} puts into the page: the entries of its memory as plain rows. */
export type PageRows = {
  attempt<T>(read: () => T): T | undefined
  text(value: unknown): string | undefined
  isReported(message: MsgModel): boolean
  message(message: MsgModel): RawMessage
  findChat(id: string): ChatModel | undefined
  chatIds(): string[]
  contactIds(): string[]
  chats(ids: string[]): ChatRow[]
  contacts(ids: string[]): ContactRow[]
  messages(ids: string[]): RawMessage[]
  isStatus(id: unknown): boolean
  /** Chats of which older messages are being loaded, and the time of the oldest that was there before (Unix seconds). */
  loading: Map<ChatModel, number>
}

/** What {@link installPageHistory} adds. */
export type PageHistory = {
  history(chat: string, before: Before, count: number): Promise<HistoryAnswer>
}

/** The library's own, in the page (Utils.js): options that it does not know go into the message as they are. */
export type SendMessage = (
  chat: unknown,
  content: unknown,
  options: { quotedMessageId?: { keys: readonly string[] } | undefined; extraOptions?: object | undefined },
) => Promise<unknown>

/** The page's `window`, with what is ours in it. */
export type PageWindow = {
  require<Name extends keyof PageModules>(name: Name): PageModules[Name]
  /** Not there before the library has attached itself to a document: what runs then throws, as any page call may. */
  whatsappMcpRows: PageRows
  whatsappMcpHistory: PageHistory
  WWebJS: { sendMessage: SendMessage }
  /** Into Node: what changed in the page's memory. */
  whatsappMcpChanged?(changes: Changes): void
}
