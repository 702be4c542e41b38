/** What the page and the service say to each other over wss://web.whatsapp.com/ws/chat: the type of every frame. */

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

export type WirePerson = {
  phone: string
  lid: string
  name: string | null
  pushname: string
  lidChat: boolean
}

export type WireGroup = {
  id: string
  subject: string
  owner: string
  creation: number
  announce: boolean
  lidMode: boolean
  members: { phone: string; lid: string; admin: boolean }[]
}

export type WireMessage = {
  id: string
  /** `<digits>@c.us`, `<digits>@lid` or `<id>@g.us`, as the chat is addressed. */
  chat: string
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
}

export type WireChat = {
  id: string
  t: number
  unreadCount: number
  archived: boolean
  pinned: number
  muteExpiration: number
  /** The newest message: the only one that a freshly loaded page holds in memory. */
  last: WireMessage | null
}

export type Snapshot = {
  people: WirePerson[]
  groups: WireGroup[]
  chats: WireChat[]
  /** Messages that this device was not given yet: the offline backlog. */
  backlog: WireMessage[]
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
  /** Everything that a page holds after its start. Later messages come as pushes. */
  sync: { args: Record<string, never>; answer: Snapshot }
  /** After a lost connection, in the same page: only what was missed. */
  resume: { args: Record<string, never>; answer: Snapshot }
  received: { args: { ids: string[] }; answer: null }
  /** A round of refs for QRs with this secret. */
  refs: { args: { advSecret: string }; answer: null }
  /** The page's secret is another now; null: linking by code was begun, no QR counts. */
  adv_secret: { args: { advSecret: string | null }; answer: null }
  pairing_code: { args: { phone: string; notify: boolean }; answer: { code: string } | { error: IqError } }
  passkey_confirm: { args: Record<string, never>; answer: null }
  send: {
    args: { id: string; chat: string; type: string; body: string; t: number; quoted: string | null }
    answer: SendAnswer
  }
  exists: { args: { jid: string }; answer: WirePerson | null }
  group: { args: { id: string }; answer: WireGroup | { error: IqError } }
  create_group: { args: { subject: string; members: string[] }; answer: WireGroup | { error: IqError } }
  /** Messages of a chat older than the one named (or the newest ones), oldest first; `[]` at the end. */
  earlier: {
    args: { chat: string; before: string | null; count: number }
    answer: WireMessage[]
  }
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
  | { push: 'message'; message: WireMessage }
  /** What came as ciphertext before can be read now. */
  | { push: 'decrypted'; message: WireMessage }
  | { push: 'ack'; id: string; chat: string; ack: number }
  | { push: 'people'; people: WirePerson[] }
  | { push: 'group'; group: WireGroup; chat: WireChat }
  | { push: 'chat'; chat: WireChat }
  /** `n` comes back in the question `acted`. */
  | { push: 'fault'; name: string; value: unknown; n: number }

/** A frame from the service: an answer, a refusal of the question, or a push. */
export type ServiceFrame = { re: number; answer: unknown } | { re: number; refused: string } | Push
