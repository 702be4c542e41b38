/** Types of WhatsApp Web's modules and models that our in-page code reads, and of that code's own tools. */
import type { Outgoing, OutgoingAlbum } from '../engine.ts'
import type { PageActs } from './page-acts.ts'
import type { PageAlbum } from './page-album.ts'
import type { PageFile, PageMedia } from './page-media.ts'
import type { PagePolls } from './page-polls.ts'
import type { PageTasks } from './page-tasks.ts'
import type { ModelTools } from './plain-model.ts'
import type { Before, Changes, ChatRow, ContactRow, HistoryAnswer, RawMessage } from './raw.ts'

export type Wid = {
  _serialized: string
  server: string
  isGroup?(): boolean
  isLid?(): boolean
  isStatus?(): boolean
  toString(): string
}
export type Key = { fromMe: boolean; remote: Wid; id: string; participant?: Wid; toString(): string }

/** Emitters call listeners with the model first; a collection repeats the events of its models. */
export type Emitter = { on(names: string, listener: (model: Model) => void): void }
export type Model = { id: { toString(): string } }
export type Collection<M extends Model = Model> = Emitter & {
  get(id: unknown): M | undefined
  getModelsArray(): M[]
  /** From memory only; `silent`: without an event. */
  remove(models: M[], options: { silent: true }): unknown
}

/** The fields of {@link RawMessage}, with objects for addresses and keys. */
export type MsgModel = {
  id: Key
  type?: string
  t?: number
  /** Set only on messages that clients receive as events. */
  isNewMsg?: boolean
  unsafe?(): MsgModel
  /**
   * The data that a reply includes. `chat`: the reply's address; if the message is from another chat, it is
   * named.
   */
  msgContextInfo?(chat: Wid): object
  /** Fetches its media for the user; `rmrReason`: asks the phone for what WhatsApp's host has no more. */
  downloadMedia?(options: { downloadEvenIfExpensive: boolean; rmrReason?: number }): Promise<unknown>
  /** The model's own attributes. */
  serialize?(): Record<string, unknown>
} & Record<string, unknown>
export type Participant = Model & { isAdmin?: boolean; isSuperAdmin?: boolean }
export type GroupMetadata = Model & {
  isLidAddressingMode?: boolean
  announce?: boolean
  subject?: string
  desc?: string
  /** Of its description. */
  descId?: string
  creation?: number
  restrict?: unknown
  memberAddMode?: unknown
  membershipApprovalMode?: unknown
  ephemeralDuration?: number
  participants?: Collection<Participant>
}
export type ChatModel = Model & {
  id: Wid
  name?: string
  formattedTitle?: string
  unreadCount?: number
  t?: number
  archive?: boolean
  pin?: number
  muteExpiration?: number
  ephemeralDuration?: number
  isReadOnly?: boolean
  mute?: { expiration?: number }
  lastReceivedKey?: Key
  endOfHistoryTransferType?: number
  msgs?: Collection<MsgModel> & { msgLoadState?: { noEarlierMsgs: boolean } }
  /** What is being done in this chat, by its name (WAWebChatSendMessages). */
  promises?: Record<string, Promise<unknown> | null | undefined>
  /** Of the person of a direct chat. */
  contact?: ContactModel
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
/** `pinType`: 1 pinned, 2 no longer. The message is pinned for `pinExpiryDuration` seconds. */
export type PinModel = Model & {
  parentMsgKey?: unknown
  pinType?: number
  pinExpiryDuration?: number
  senderTimestampMs?: number
}
/** Grouped by emoji, then by sender (WAWebReactionsModels); the library serializes it too. */
export type ReactionsModel = { reactions?: { serialize(): { senders: Sender[] }[] } }
export type Sender = {
  msgKey?: unknown
  id?: unknown
  senderUserJid?: unknown
  reactionText?: string
  timestamp?: number
}

/** The numbers of the chosen options: bytes in the page's database, a list in what arrives. What cannot be decrypted has none. */
export type Choice = {
  selectedOptionLocalIds?: ArrayLike<number> | ArrayBuffer | null
  senderTimestampMs?: number
}
export type StoredVote = Choice & { sender: unknown }
export type ArrivedVote = Choice & { id: Key; pollUpdateParentKey: Key; author?: Wid; from?: Wid; t?: number }

export type PageModules = {
  WAWebCollections: {
    Chat: Collection<ChatModel>
    Contact: Collection<ContactModel>
    Msg: Collection<MsgModel> & {
      /** From the page's database; unknown keys are left out. */
      getMessagesById(keys: string[]): Promise<{ messages?: MsgModel[] } | undefined>
    }
    Blocklist?: Collection
    ProfilePicThumb?: Collection
    Reactions?: {
      find(key: string): Promise<ReactionsModel | undefined>
      /** From memory. */
      get?(key: string): ReactionsModel | undefined
    }
    GroupMetadata?: Collection<GroupMetadata>
    WAWebGroupMetadataCollection?: Collection<GroupMetadata>
    WAWebNewsletterCollection?: Collection<ChatModel>
  }
  WAWebWidFactory: { createWid(text: string): Wid; asUserWidOrThrow(wid: Wid | undefined): Wid }
  WAWebMsgKey: {
    new (fields: {
      from: Wid | undefined
      to: Wid
      id: string
      participant: Wid | undefined
      selfDir: 'out'
    }): Key
  }
  WAWebApiContact: { getCurrentLid(wid: Wid): Wid | undefined; getPhoneNumber(wid: Wid): Wid | undefined }
  WAWebLidMigrationUtils: { toLid(wid: Wid): Wid | undefined; toPn(wid: Wid): Wid | undefined }
  WAWebFrontendContactGetters: { getIsMyContact(contact: ContactModel): boolean }
  WAWebUserPrefsMeUser: { getMaybeMePnUser(): Wid | undefined; getMaybeMeLidUser(): Wid | undefined }
  WAWebPinInChatCollection: {
    PinInChatCollection: Collection<PinModel> & { getByParentMsgKey(key: unknown): PinModel | undefined }
  }
  /** Rows of the page's database. */
  WAWebPollsVotesSchema: {
    getTable(): { equals(fields: ['parentMsgKey'], key: string): Promise<StoredVote[]> }
  }
  WAWebAddonPollVoteTableMode: { pollVoteTableMode: { bulkUpsert(votes: ArrivedVote[]): Promise<unknown> } }
  WAWebDownloadManager: {
    downloadManager: { downloadAndMaybeDecrypt(options: object): Promise<ArrayBuffer> }
  }
  WAWebSocketModel: { Socket: { state: string } }
  WALinkify: { findLink(text: string): object | null }
  WAWebLinkPreviewChatAction: {
    getLinkPreview(link: object, chat: ChatModel): Promise<{ data?: object } | null>
  }
  /** The limit in bytes, of `image`, `video` and `audio`. */
  WAWebMediaGatingUtils: { isAlbumV2SenderEnabled?(): boolean; getUploadLimit?(kind: string): number }
  WAWebNewsletterGatingUtils: { getNewsletterAlbumsV2MinItemsToSend?(hasCaption: boolean): number }
  WAWebMsgType: { MSG_TYPE: { ALBUM: string }; MsgKind: { Album: string } }
  'WAWebMessageAssociation.flow': { MessageAssociationType: { MEDIA_ALBUM: string } }
  'WAWebViewMode.flow': { ViewModeType: { MEDIA_ALBUM: string } }
  WAWebMsgReply: { canReplyMsg(message: MsgModel): boolean }
  WAWebSendNonMessageDataRequest: {
    /** 3: `HISTORY_SYNC_ON_DEMAND`. */
    sendPeerDataOperationRequest(type: 3, options: { chatId: unknown }): Promise<unknown>
  }
  WAWebChatLoadMessages: {
    loadEarlierMsgs(options: { chat: ChatModel; msgCollection: unknown }): Promise<unknown>
  }
}

/** What {@link installPageRows} adds to the page: the entries of its memory as plain rows. */
export type PageRows = {
  attempt<T>(read: () => T): T | undefined
  text(value: unknown): string | undefined
  /** False for entries that only change another message. */
  isReported(message: MsgModel): boolean
  /** False for notices. */
  isMessage(message: MsgModel): boolean
  /** Unix seconds; 0 if the message has no time. */
  time(message: MsgModel): number
  /** The messages of a chat in memory that are reported, oldest first; see {@link PageRows.noteLoaded}. */
  inOrder(chat: ChatModel): MsgModel[]
  /** These messages were loaded, in this order: they precede everything that was in memory before. */
  noteLoaded(messages: readonly MsgModel[]): void
  message(message: MsgModel): RawMessage
  findChat(id: string): ChatModel | undefined
  /** The address of a person's chat, with both addresses of the person as far as they are known. */
  chatOf(id: string): { id: string; phone: string | null; lid: string | null } | null
  /** The other addresses of this person. */
  others(wid: Wid): Wid[]
  chatIds(): string[]
  contactIds(): string[]
  chats(ids: string[]): ChatRow[]
  contacts(ids: string[]): ContactRow[]
  messages(ids: string[]): RawMessage[]
  isStatus(id: unknown): boolean
  /** This account's addresses. */
  me(): string[]
  /** False for a group that this account is not in. */
  isMember(chat: ChatModel): boolean
  /** Chats whose older messages are being loaded, with the time of the oldest one before (Unix seconds). */
  loading: Map<ChatModel, number>
}

/** What reading the history did to WhatsApp Web's memory of a chat. */
export type Reading = {
  /** Messages that we loaded and that are in memory. */
  loaded: MsgModel[]
  /**
   * Unix seconds. Memory has every message from `from` until `below`. Of the time before `from` it may have single messages
   * that arrived late, as new ones; others of that time are not loaded.
   */
  from: number
  below: number
  /** Requests that are running. */
  readers: number
  /** Milliseconds. */
  usedAt: number
}

/** What {@link installPageMemory} adds. */
export type PageMemory = {
  reading(chat: ChatModel, until: number): Reading
  during<T>(chat: ChatModel, run: () => Promise<T>): Promise<T>
  noteLoaded(chat: ChatModel, reading: Reading, messages: MsgModel[]): void
  pass(chat: ChatModel, until: number): void
  releaseAll(): number
}

/** What {@link installPageHistory} adds. */
export type PageHistory = {
  history(chat: string, before: Before, count: number): Promise<HistoryAnswer>
  askPhone(chat: string): Promise<boolean>
}

/** The library's own functions in the page (Utils.js): it copies unknown options into the message, `extraOptions` last. */
export type SendMessage = (
  chat: ChatModel,
  content: unknown,
  options: {
    quotedMessageId?: { keys: readonly string[] } | undefined
    waitUntilMsgSent?: boolean
    /** Beside ours: fields of the message. */
    extraOptions?:
      | ({
          bareId?: string
          id?: Key
          whatsappMcpPreview?: boolean
          whatsappMcpAlbum?: OutgoingAlbum
          whatsappMcpFile?: Pick<Outgoing<'media'>, 'as' | 'sizeBytes'>
        } & Record<string, unknown>)
      | undefined
  },
) => Promise<unknown>

/** Opens the chat, and creates that of a person. Sends need no model (`getAsModel: false`). */
export type GetChat = (
  id: string,
  options?: { getAsModel?: boolean },
) => Promise<ChatModel | null | undefined>

/** The page's `window`, with our additions. */
export type PageWindow = {
  require<Name extends keyof PageModules>(name: Name): PageModules[Name]
  /** Missing until the library has attached itself to a document: calls then throw, as any page call may. */
  whatsappMcpRows: PageRows
  whatsappMcpHistory: PageHistory
  whatsappMcpMedia: PageMedia
  whatsappMcpPolls: PagePolls
  WWebJS: { sendMessage: SendMessage; getChat: GetChat; mediaInfoToFile(media: PageFile): object }
  whatsappMcpModels: ModelTools
  whatsappMcpActs: PageActs
  whatsappMcpTasks: PageTasks
  /** Loads the message with one of these keys if the page does not have it in memory; undefined: it has none. */
  whatsappMcpFind(keys: readonly string[]): Promise<MsgModel | undefined>
  whatsappMcpKey(chat: ChatModel, bareId: string): Key
  whatsappMcpAlbum: PageAlbum
  whatsappMcpMemory: PageMemory
  /** Calls Node: what changed in the page's memory. */
  whatsappMcpChanged?(changes: Changes): void
}
