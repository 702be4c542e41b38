/**
 * The protocol between the page and the service over wss://web.whatsapp.com/ws/chat: the type of every frame.
 */

import type {
  MessageParts,
  WorldBallot,
  WorldCall,
  WorldChannel,
  WorldContact,
  WorldLabel,
  WorldMedia,
  WorldPin,
  WorldReaction,
  WorldReceipt,
} from './world-types.ts'

/** The differences between WhatsApp Web builds, as far as the double shows them. */
export type BuildFacts = {
  /** The value of `window.Debug.VERSION`. */
  name: string
  /** The field of `WAWebMsgKey` that contains the serialized key (OpenWA#757, wa-js#3484). */
  msgKeyField: '_serialized' | '$1'
  /** False if `WAWebGroupCreateJob.createGroup` rejects (OpenWA's engine notes, mid 2026). */
  createsGroups: boolean
  /** Modules that are absent until the named component is bootloaded (wa-js: loader/lazyModules.ts). */
  lazyModules: Readonly<Record<string, string>>
  /** Lazy modules that throw even then: a dependency is in a script that nothing loads. */
  brokenModules: readonly string[]
  /** The model of prepared media owns an enumerable `__x_id` (wwebjs#201921). */
  mediaOwnsId: boolean
  /** A download without `mimetype` is refused, unless the media is in memory (wwebjs#201908). */
  checksMimetype: boolean
  /** Group descriptions are set with one object, joining takes two arguments (wa-js#3595, #3654). */
  takesObjects: boolean
  /** After a round of refs the page stays UNPAIRED with an expired code, instead of UNPAIRED_IDLE. */
  idlesSilently: boolean
  /** A new link sees "What's new" and is removed after five minutes without "Continue" (OpenWA#982). */
  showsNews: boolean
  /** Reading `status@broadcast` removes the link at the next page load (OpenWA#1072). */
  guardsStatus: boolean
  /** Posting a status reports its result, and `canCheckStatusRankingPosterGating` is gone (waha#2063). */
  reportsStatus: boolean
  /** `Chat.find` makes a chat for an unknown id. Since June 2026 it throws (wwebjs#201789). */
  findsChats: boolean
  /** People are blocked by phone number, with the library's helper. Since August 2026 by LID, without (OpenWA patch 8). */
  blocksByPhone: boolean
  /** Messages measure their media themselves (`avParams`). Since July 2026 a module does (wwebjs#201823). */
  hasAvParams: boolean
  /** The page changes admins and owners of channels (OpenWA 29.6.2). */
  managesChannels: boolean
  /** A link preview is made without naming the chat (OpenWA patch 3, wwebjs#101428). */
  previewsForAll: boolean
  /** A stanza rejects a call. Since September 2026 only the calling engine does (OpenWA PR #1645). */
  rejectsCalls: boolean
  /** The page's socket is opened by a worker: `window.WebSocket` sees no frames (`web_comms_in_worker`). */
  commsInWorker: boolean
  /** Albums from this account: the page cannot, its settings say no, or yes (`album_v2_sender_enabled`). */
  albums: 'missing' | 'off' | 'on'
}

/** Written into the HTML document; the page reads it first. */
export type Boot = {
  build: BuildFacts
  faults: Record<string, unknown>
  /** Idealised pace: `hasSynced` waits for a listener, so that F9a happens only on request. */
  holdSync: boolean
}

/** The public keys that a page shows in its QR code; base64. */
export type Registration = {
  staticKey: string
  identityKey: string
  platform: string
}

/** The two halves of a link's credentials, one in localStorage, one in IndexedDB. Both are required. */
export type Credentials = { deviceId: string; localSecret: string; databaseSecret: string }

export type WireAccount = {
  phone: string
  lid: string
  pushname: string
  platform: string
  /** Number of this companion device, as in `<phone>:<index>@c.us`. */
  deviceIndex: number
}

/** Pages do not expose the phone number of a person with `phoneHidden`: they only use it to match frames. */
export type WirePerson = WorldContact

export type WireGroup = {
  id: string
  subject: string
  owner: string
  creation: number
  announce: boolean
  lidMode: boolean
  restrict: boolean
  adminsAdd: boolean
  approves: boolean
  description: string
  descriptionId?: string
  /** Includes the account itself, unless it left. */
  members: { phone: string; lid: string; admin: boolean; phoneHidden?: boolean }[]
}

/** People are phone JIDs; the page converts them to the form that its chat uses. */
export type WireMessage = MessageParts & {
  /** As in its key: a message that was deleted for everyone has its deletion's id. */
  id: string
  /** `<digits>@c.us`, `<digits>@lid`, `<id>@g.us`, …, as the chat is addressed. */
  chat: string
  /** The address in its key if it differs, because the chat has moved since. */
  addressedAs?: string
  /** The author's phone number, digits only. */
  from: string
  fromMe: boolean
  /** The source of an own message: this device (echo after a reload), another one, or the phone. */
  mine: boolean
  notifyName: string
  type: string
  body: string
  t: number
  ack: number
  /** The quoted message, according to the copy in the reply. */
  quoted: { id: string; from: string; body: string } | null
  editedAtMs?: number
  /** Deleted for everyone: by whom, and the id that it had before. */
  revoked?: { by: string; originalId: string }
  reactions?: WorldReaction[]
  ephemeralDuration?: number
  /** Kept in the chat although it would disappear, or no longer. */
  kept?: boolean
  starred?: true
  pinned?: WorldPin
  /** Since when its chat's messages disappear; Unix seconds. */
  ephemeralSettingTimestamp?: number
}

export type WireChat = {
  id: string
  t: number
  unreadCount: number
  archived: boolean
  pinned: number
  muteExpiration: number
  ephemeralDuration?: number
  ephemeralSettingTimestamp?: number
  labels?: string[]
  /** The newest message: the only one that a page has in memory after its load. */
  last: WireMessage | null
}

/**
 * A piece of the data that a page receives at its start, or after a lost connection. Later pieces build on
 * earlier ones.
 */
export type Piece = {
  people?: WirePerson[]
  groups?: WireGroup[]
  channels?: WorldChannel[]
  labels?: WorldLabel[]
  chats?: WireChat[]
  /** The silent part of the offline backlog. */
  backlog?: WireMessage[]
}

export type Greeting =
  | { kind: 'unlinked' }
  /** `news`: a dialog that waits for "Continue"; `blocks`: until then the page does not load the session. */
  | { kind: 'linked'; account: WireAccount; news: { blocks: boolean } | null }
  | { kind: 'removed'; navigate: boolean }

/** The error of a refused stanza (wwebjs#3763: `IQErrorRateOverlimit`, 429). */
export type IqError = { name: string; code: number; text: string }

/** What a linked device does to a message that exists. `seconds`: how long it stays pinned; null takes the pin back. */
export type MessageAct =
  | { kind: 'react'; emoji: string }
  | { kind: 'edit'; text: string; mentions: string[] }
  | { kind: 'revoke' }
  | { kind: 'delete' }
  | { kind: 'star'; starred: boolean }
  | { kind: 'pin'; seconds: number | null }
  /** The whole choice, by number of the option; empty: none. */
  | { kind: 'vote'; options: number[] }

/** Data of an outgoing message beside its text and its file. */
export type SentParts = Pick<
  MessageParts,
  'forwarded' | 'location' | 'vcards' | 'poll' | 'mentions' | 'preview' | 'status' | 'album' | 'inAlbum'
>

/** What a linked device does to members of a group. */
export type MemberAction = 'add' | 'remove' | 'promote' | 'demote'

/** What became of one person: 200, or the server's code. `inviteUntil`: Unix seconds. */
/** `requestError` of a 421: why the request to the admins was not made. */
export type MemberResult = {
  jid: string
  code: number
  inviteCode?: string
  inviteUntil?: number
  requestError?: 304 | 419
}

export type RefusedMember = { phone: string; lid: string; code: number; inviteCode?: string }

/** What a linked device does to a group beside its members. */
export type GroupAct =
  | { kind: 'subject'; text: string }
  | { kind: 'description'; text: string }
  | { kind: 'property'; name: string; value: number }
  | { kind: 'leave' }
  | { kind: 'invite' }
  | { kind: 'reset_invite' }
  | { kind: 'requests' }
  | { kind: 'answer'; person: string; approve: boolean }

export type GroupAnswer =
  | { error: IqError }
  | { invite?: string; requests?: { phone: string; lid: string; t: number }[]; code?: number }

export type SendAnswer = { ack: number; t: number; result: 'OK' | 'ERROR_UNKNOWN' | 'ERROR_NETWORK' }

/** Every request of the page, with its arguments and its response. */
export type Requests = {
  hello: {
    args: { credentials: Credentials | null; registration: Registration | null; browserNames: string[] }
    answer: Greeting
  }
  /** All data after the start arrives in pieces, as pushes; then this response; then new events. */
  sync: { args: Record<string, never>; answer: null }
  /** After a lost connection, in the same page: likewise. */
  resume: { args: Record<string, never>; answer: null }
  /** The page is ready for the late part of the backlog, which then arrives as pushes. */
  late: { args: Record<string, never>; answer: null }
  received: { args: { ids: string[] }; answer: null }
  /** A round of refs for QRs with this secret. */
  refs: { args: { advSecret: string }; answer: null }
  /** The page has another secret; null: linking by code has begun, QR codes are invalid. */
  adv_secret: { args: { advSecret: string | null }; answer: null }
  pairing_code: { args: { phone: string; notify: boolean }; answer: { code: string } | { error: IqError } }
  passkey_confirm: { args: Record<string, never>; answer: null }
  send: {
    args: {
      id: string
      chat: string
      type: string
      body: string
      t: number
      /** The quoted message, and the address of its author. */
      quoted: { id: string; participant: string } | null
      /** An uploaded file: where it is, what opens it, and the text under it. */
      media?: Omit<WorldMedia, 'thumbnail'> & { thumbnail?: string; caption?: string; viewOnce?: true }
      parts?: SentParts
    }
    answer: SendAnswer
  }
  /** Asks the phone to upload the media of this message again; null: it has it no more. */
  reupload: { args: { id: string }; answer: { directPath: string | null } }
  /** Names the message by its bare id. */
  act: { args: { id: string; act: MessageAct }; answer: { result: 'OK' | 'ERROR_UNKNOWN' } }
  /** Who got an own message; `people`: who should. Oldest first. */
  message_info: { args: { id: string }; answer: { people: number; receipts: WorldReceipt[] } }
  group_act: { args: { group: string; act: GroupAct }; answer: GroupAnswer }
  query_invite: {
    args: { code: string }
    answer:
      | { id: string; subject: string; description: string; size: number; approves: boolean }
      | { error: IqError }
  }
  /** `approves`: the client says that an admin must approve. */
  join: { args: { code: string; approves: boolean }; answer: { id: string } | { error: IqError } }
  /** `people`: JIDs. One result for each, in this order. */
  change_members: {
    args: { group: string; action: MemberAction; people: string[] }
    answer: { results: MemberResult[] } | { error: IqError }
  }
  /** Sends a private invitation to a person who may not be added. */
  invite_member: { args: { group: string; to: string; code: string }; answer: null }
  block: { args: { jid: string; blocked: boolean }; answer: null }
  /** `person`: a JID. Null: done. */
  change_channel_admin: {
    args: { channel: string; person: string; action: 'demote' | 'transfer' }
    answer: { error: IqError } | null
  }
  /** What everybody sees of a channel. */
  preview_channel: { args: { id: string }; answer: { channel: WorldChannel } | { error: IqError } }
  /** Null: done. */
  follow_channel: { args: { id: string; follow: boolean }; answer: { error: IqError } | null }
  /** Puts labels on a chat, and takes others away. */
  label_chat: { args: { chat: string; add: string[]; remove: string[] }; answer: null }
  reject_call: { args: { id: string }; answer: null }
  /** The account's own name, or its about text. Null: done. */
  set_profile: { args: { pushname?: string; about?: string }; answer: { error: IqError } | null }
  /** The picture of a person or group: where its file is. */
  picture: { args: { jid: string }; answer: { tag: string; url: string } | { error: IqError } }
  /** `data`: a JPEG in base64; null removes it. Null: done. */
  set_picture: { args: { jid: string; data: string | null }; answer: { error: IqError } | null }
  /** The about text of a person; null: they hide it. */
  about: { args: { jid: string }; answer: { about: string | null } }
  /** Pushes of the person's presence follow, while this account is shown as online. */
  watch_presence: { args: { jid: string }; answer: null }
  exists: { args: { jid: string }; answer: WirePerson | null }
  group: { args: { id: string }; answer: WireGroup | { error: IqError } }
  /** `members`: JIDs. `refused`: who is not in it, and why. */
  create_group: {
    args: { subject: string; members: string[] }
    answer: (WireGroup & { refused: RefusedMember[] }) | { error: IqError }
  }
  /** Messages of a chat older than the named one (or the newest ones), oldest first; `[]` at the end. */
  earlier: {
    args: { chat: string; before: { id: string; t: number } | null; count: number }
    answer: { messages: WireMessage[]; transfer: number | null }
  }
  /** A client asks the phone for more of a chat's history. */
  ask_phone: { args: { chat: string }; answer: null }
  /** "Continue" was pressed in the dialog "What's new". */
  news_seen: { args: Record<string, never>; answer: null }
  /** A client has read the messages of `status@broadcast`, where that is guarded. */
  status_read: { args: Record<string, never>; answer: null }
  messages_by_id: { args: { ids: string[] }; answer: WireMessage[] }
  /** Newest first; `page` counts from 1. */
  search: {
    args: { query: string; page: number; count: number; chat: string | null }
    answer: WireMessage[]
  }
  delete_chat: { args: { chat: string }; answer: null }
  /** Online, typing, recording. */
  presence: { args: { chat: string | null; state: string }; answer: null }
  /** Requests messages from the sender again that this device could not read. */
  resend: { args: { ids: string[] }; answer: null }
  seen: { args: { chat: string }; answer: null }
  chat: {
    args: { chat: string; archived?: boolean; pinned?: number; muteExpiration?: number; unreadCount?: number }
    answer: null
  }
  logout: { args: Record<string, never>; answer: null }
  /** The page has applied the fault pushed with this number. */
  acted: { args: { n: number }; answer: null }
  /** Messages in the page's memory: of all kinds, and those that belong to a chat in it. */
  counted: { args: { n: number; messages: number; inChats: number }; answer: null }
  refusal: { args: { text: string }; answer: null }
}

export type Operation = keyof Requests

/** A request on its way; `n` is returned as `re`. */
export type Question<K extends Operation = Operation> = { n: number; op: K; args: Requests[K]['args'] }

/** Messages that the service sends without a request. */
export type Push =
  | { push: 'ref'; ref: string }
  | { push: 'idle' }
  | { push: 'passkey' }
  | { push: 'paired'; credentials: Credentials; account: WireAccount }
  | { push: 'replaced' }
  | { push: 'removed'; navigate: boolean }
  | { push: 'piece'; piece: Piece }
  /** The phone has transferred more of this chat, or of all: `EndOfHistoryTransferType`. */
  | { push: 'transfer'; chat: string | null; transfer: number }
  | { push: 'message'; message: WireMessage }
  /** Text or caption has changed. */
  | { push: 'edited'; message: WireMessage }
  | { push: 'revoked'; message: WireMessage }
  /** Starred on any device, or no longer. */
  | { push: 'starred'; id: string; starred: boolean }
  /** Pinned for everyone in its chat, or no longer: `message` has its pin. */
  | { push: 'pinned'; message: WireMessage; by: string; atMs: number }
  /** Deleted for me, or expired. */
  | { push: 'messages_gone'; ids: string[] }
  /** Kept in the chat, or no longer. */
  | { push: 'kept'; message: WireMessage }
  /** An empty emoji takes the person's reaction back. */
  | { push: 'reaction'; message: WireMessage; reaction: WorldReaction }
  /** A person voted in a poll, or took the vote back. */
  | { push: 'vote'; message: WireMessage; ballot: WorldBallot }
  /** A ciphertext message is readable now. */
  | { push: 'decrypted'; message: WireMessage }
  | { push: 'ack'; id: string; chat: string; ack: number }
  | { push: 'people'; people: WirePerson[] }
  /** A picture is another one, or gone. */
  | { push: 'picture'; jid: string }
  | { push: 'presence'; jid: string; online: boolean; lastSeen?: number }
  /** The owner changed their name on another device, or has a business account now. */
  | { push: 'conn'; conn: { pushname?: string; platform?: string } }
  | { push: 'label'; label: WorldLabel }
  | { push: 'group'; group: WireGroup; chat: WireChat }
  | { push: 'group_changed'; group: WireGroup }
  | { push: 'chat'; chat: WireChat }
  | { push: 'chat_gone'; id: string }
  /** The chat is addressed by LID from now on. */
  | { push: 'chat_moved'; from: string; chat: WireChat }
  | { push: 'channel'; channel: WorldChannel }
  /** It rings, or has ended. */
  | { push: 'call'; call: WorldCall }
  /** `n` is returned in the request `counted`. */
  | { push: 'count'; n: number }
  /** `n` is returned in the request `acted`. */
  | { push: 'fault'; name: string; value: unknown; n: number }

/** A frame from the service: a response, a rejection of the request, or a push. */
export type ServiceFrame = { re: number; answer: unknown } | { re: number; refused: string } | Push
