/** What the page and the service say to each other over wss://web.whatsapp.com/ws/chat: the type of every frame. */

import type { MessageParts, WorldChannel, WorldContact, WorldReaction } from './world-types.ts'

/** Where one WhatsApp Web build differs from another, as far as the double shows it. */
export type BuildFacts = {
  /** What `window.Debug.VERSION` says. */
  name: string
  /** Own field of `WAWebMsgKey` that holds the serialized key (OpenWA#757, wa-js#3484). */
  msgKeyField: '_serialized' | '$1'
  /** False where `WAWebGroupCreateJob.createGroup` rejects (OpenWA's engine notes, mid 2026). */
  createsGroups: boolean
}

/** Written into the HTML document; read by the page before anything else. */
export type Boot = {
  build: BuildFacts
  faults: Record<string, unknown>
  /** Idealised pace: `hasSynced` waits for a listener, so that F9a happens only when asked for. */
  holdSync: boolean
}

/** The public halves that a page shows in its QR; base64. */
export type Registration = {
  staticKey: string
  identityKey: string
  platform: string
}

/** The two halves of a link's credentials: one lives in localStorage, one in IndexedDB. Both are needed. */
export type Credentials = { deviceId: string; localSecret: string; databaseSecret: string }

export type WireAccount = {
  phone: string
  lid: string
  pushname: string
  platform: string
  /** Number of this companion device, as in `<phone>:<index>@c.us`. */
  deviceIndex: number
}

/** Pages keep the phone of a person with `phoneHidden` to themselves: it only says who is who between frames. */
export type WirePerson = WorldContact

export type WireGroup = {
  id: string
  subject: string
  owner: string
  creation: number
  announce: boolean
  lidMode: boolean
  /** With the account itself, unless it left. */
  members: { phone: string; lid: string; admin: boolean; phoneHidden?: boolean }[]
}

/** People in it are phone JIDs; the page turns them into what its chat addresses people by. */
export type WireMessage = MessageParts & {
  /** As in its key: a message that was deleted for everyone has its deletion's. */
  id: string
  /** `<digits>@c.us`, `<digits>@lid`, `<id>@g.us`, …, as the chat is addressed. */
  chat: string
  /** The address in its key, where that is another: the chat has moved since. */
  addressedAs?: string
  /** Author's phone, digits only. */
  from: string
  fromMe: boolean
  /** Own message written by this very device (echo after a reload), by another one, or by the phone. */
  mine: boolean
  notifyName: string
  type: string
  body: string
  t: number
  ack: number
  /** The message that this one answers, as its copy inside says. */
  quoted: { id: string; from: string; body: string } | null
  editedAtMs?: number
  /** Deleted for everyone: by whom, and the id that it had before. */
  revoked?: { by: string; originalId: string }
  reactions?: WorldReaction[]
  ephemeralDuration?: number
  /** Kept in the chat although it would disappear, or no longer. */
  kept?: boolean
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
  /** The newest message: the only one that a freshly loaded page holds in memory. */
  last: WireMessage | null
}

/** A part of what a page is given at its start, or after a lost connection. Later parts build on earlier ones. */
export type Piece = {
  people?: WirePerson[]
  groups?: WireGroup[]
  channels?: WorldChannel[]
  chats?: WireChat[]
  /** The silent part of the offline backlog. */
  backlog?: WireMessage[]
}

export type Greeting =
  | { kind: 'unlinked' }
  | { kind: 'linked'; account: WireAccount }
  | { kind: 'removed'; navigate: boolean }

/** What a refused stanza answers with (wwebjs#3763: `IQErrorRateOverlimit`, 429). */
export type IqError = { name: string; code: number; text: string }

export type SendAnswer = { ack: number; t: number; result: 'OK' | 'ERROR_UNKNOWN' | 'ERROR_NETWORK' }

/** Every question that the page asks, with its arguments and its answer. */
export type Requests = {
  hello: {
    args: { credentials: Credentials | null; registration: Registration | null }
    answer: Greeting
  }
  /** Everything that a page holds after its start comes in pieces, as pushes; then this answer; then what is new. */
  sync: { args: Record<string, never>; answer: null }
  /** After a lost connection, in the same page: likewise. */
  resume: { args: Record<string, never>; answer: null }
  /** The page is ready for the late part of the backlog, which then comes as pushes. */
  late: { args: Record<string, never>; answer: null }
  received: { args: { ids: string[] }; answer: null }
  /** A round of refs for QRs with this secret. */
  refs: { args: { advSecret: string }; answer: null }
  /** The page's secret is another now; null: linking by code was begun, no QR counts. */
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
      /** The message that it answers, and the address of who wrote that. */
      quoted: { id: string; participant: string } | null
    }
    answer: SendAnswer
  }
  exists: { args: { jid: string }; answer: WirePerson | null }
  group: { args: { id: string }; answer: WireGroup | { error: IqError } }
  create_group: { args: { subject: string; members: string[] }; answer: WireGroup | { error: IqError } }
  /** Messages of a chat older than the one named (or the newest ones), oldest first; `[]` at the end. */
  earlier: {
    args: { chat: string; before: { id: string; t: number } | null; count: number }
    answer: WireMessage[]
  }
  /** A client has read the messages of `status@broadcast` (fault `status_risky`). */
  status_read: { args: Record<string, never>; answer: null }
  messages_by_id: { args: { ids: string[] }; answer: WireMessage[] }
  /** Newest first; `page` counts from 1. */
  search: {
    args: { query: string; page: number; count: number; chat: string | null }
    answer: WireMessage[]
  }
  /** Online, typing, recording: taken note of by nobody. */
  presence: { args: { chat: string | null; state: string }; answer: null }
  /** Ask the sender for messages that this device could not read. */
  resend: { args: { ids: string[] }; answer: null }
  seen: { args: { chat: string }; answer: null }
  chat: {
    args: { chat: string; archived?: boolean; pinned?: number; muteExpiration?: number; unreadCount?: number }
    answer: null
  }
  logout: { args: Record<string, never>; answer: null }
  /** The page has taken note of the fault pushed with this number. */
  acted: { args: { n: number }; answer: null }
  refusal: { args: { text: string }; answer: null }
}

export type Operation = keyof Requests

/** A question on its way; `n` comes back as `re`. */
export type Question<K extends Operation = Operation> = { n: number; op: K; args: Requests[K]['args'] }

/** What the service says unasked. */
export type Push =
  | { push: 'ref'; ref: string }
  | { push: 'idle' }
  | { push: 'passkey' }
  | { push: 'paired'; credentials: Credentials; account: WireAccount }
  | { push: 'replaced' }
  | { push: 'removed'; navigate: boolean }
  | { push: 'piece'; piece: Piece }
  | { push: 'message'; message: WireMessage }
  /** Text or caption is another now. */
  | { push: 'edited'; message: WireMessage }
  | { push: 'revoked'; message: WireMessage }
  /** Deleted for me, or expired. */
  | { push: 'messages_gone'; ids: string[] }
  /** Kept in the chat, or no longer. */
  | { push: 'kept'; message: WireMessage }
  /** An empty emoji takes the person's reaction back. */
  | { push: 'reaction'; message: WireMessage; reaction: WorldReaction }
  /** What came as ciphertext before can be read now. */
  | { push: 'decrypted'; message: WireMessage }
  | { push: 'ack'; id: string; chat: string; ack: number }
  | { push: 'people'; people: WirePerson[] }
  | { push: 'group'; group: WireGroup; chat: WireChat }
  | { push: 'group_changed'; group: WireGroup }
  | { push: 'chat'; chat: WireChat }
  | { push: 'chat_gone'; id: string }
  /** The chat is addressed by LID from now on. */
  | { push: 'chat_moved'; from: string; chat: WireChat }
  | { push: 'channel'; channel: WorldChannel }
  /** `n` comes back in the question `acted`. */
  | { push: 'fault'; name: string; value: unknown; n: number }

/** A frame from the service: an answer, a refusal of the question, or a push. */
export type ServiceFrame = { re: number; answer: unknown } | { re: number; refused: string } | Push
