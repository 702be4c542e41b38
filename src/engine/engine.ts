/**
 * The interface to a linked WhatsApp: what a session calls, and what the engine reports. Independent of any
 * library.
 */
import type { Ability, SelfCheck } from '../model/ability.ts'
import type { Action, MessageRef } from '../model/action.ts'
import type { MediaSource } from '../model/content.ts'
import type { Before } from '../model/history.ts'
import type { Jid, MessageKey, PhoneNumber } from '../model/ids.ts'
import type { Restriction } from '../model/restriction.ts'
import type {
  OwnVote,
  SeenCall,
  SeenChat,
  SeenContact,
  SeenMessage,
  SeenReaction,
  SeenVote,
} from '../model/seen.ts'
import type { Account } from '../model/status.ts'
import type { TaskInput, TaskKind, TaskResult } from '../model/task.ts'
import type { OutgoingCard } from '../model/vcard.ts'

/**
 * Why an engine ended by itself.
 * `crashed`: the browser or its page died. `not_responding`: the page hangs. `start_failed`: WhatsApp Web did
 * not load. `ready_timeout`: linked, but never became ready. `logged_out`: WhatsApp removed this device.
 * `conflict`: another browser took the session. `blocked`: WhatsApp refuses this client or account; a retry
 * makes it worse. `unsupported`: this build of WhatsApp Web lacks what the link needs; `checked` says what.
 */
export type EngineEnd =
  | 'crashed'
  | 'not_responding'
  | 'start_failed'
  | 'ready_timeout'
  | 'logged_out'
  | 'conflict'
  | 'blocked'
  | 'unsupported'

/**
 * What an engine reports, in this order: `qr`* → `authenticated` → `ready` → messages, acks and `connection`
 * changes. WhatsApp Web does not learn that the phone refused the link, so no event says it. `ended` comes at
 * most once, as the last event; the owner then closes the engine.
 */
export type EngineEvent =
  /**
   * A QR code to show; it replaces the previous one. `qr_gone`: WhatsApp shows no more until the next
   * request.
   */
  | { type: 'qr'; qr: string }
  | { type: 'qr_gone' }
  /** A waiting pairing code expired with the connection that it was issued on. */
  | { type: 'code_gone' }
  /** Not linked, and the page has a new document: what waited in the one before is gone. */
  | { type: 'document' }
  /**
   * The phone accepted, and WhatsApp requires a passkey first: only a person at a visible browser can confirm
   * it.
   */
  | { type: 'passkey_asked' }
  /** The device is linked; WhatsApp Web is loading the session. */
  | { type: 'authenticated' }
  /** `lid`: the account's other address; null if WhatsApp Web does not report it. */
  | { type: 'ready'; account: Account; lid: Jid | null; whatsappWebVersion: string }
  /** WhatsApp's socket closed or opened while ready. Nothing is lost: the page reconnects by itself. */
  | { type: 'connection'; connected: boolean }
  /**
   * A message arrived, was sent from any device, or changed: edited, deleted for everyone, or now readable.
   */
  | { type: 'message'; message: SeenMessage }
  /**
   * WhatsApp Web added this message to its memory without marking it as new, so no event may have reported it. If the archive
   * does not have it, others may be missing too: read its chat.
   */
  | { type: 'stored'; message: SeenMessage }
  /** -1 failed, 0 waits, 1 at WhatsApp's server, 2 delivered, 3 read, 4 played. Own messages only. */
  | { type: 'ack'; chat: Jid; bareId: string; ack: number }
  /** Someone reacted to a message. `messageSender`: the author of that message; null: this account. */
  | {
      type: 'reaction'
      chat: Jid
      bareId: string
      messageSender: Jid | null
      reaction: SeenReaction
    }
  /** Someone voted in a poll, or took the vote back. `pollSender`: the author of the poll; null: this account. */
  | { type: 'vote'; chat: Jid; bareId: string; pollSender: Jid | null; vote: SeenVote | OwnVote }
  /** A call rings, or has ended; the same may be reported several times. */
  | { type: 'call'; call: SeenCall }
  /** The current state of chats: new ones, and those that changed. */
  | { type: 'chats'; chats: SeenChat[] }
  /**
   * The picture of a person, a group or this account. `tag` identifies it; null: there is none that this account may see.
   * `isNew`: it certainly changed; otherwise it may only have become known.
   */
  | { type: 'picture'; of: Jid; tag: string | null; isNew?: true }
  /** WhatsApp Web no longer lists this chat. `isUnlisted`: it is not listed by another address either. */
  | { type: 'chat_removed'; chat: Jid; isUnlisted?: true }
  /** WhatsApp Web has received older messages of this chat from the phone; there is no event for them. */
  | { type: 'history_came'; chat: Jid }
  /** The current state of people: new ones, and those that changed. */
  | { type: 'contacts'; contacts: SeenContact[] }
  /** These two addresses belong to one person: found before a send, ahead of the contacts. */
  | { type: 'identity'; phone: Jid; lid: Jid }
  /** A lookup of the number `asked` found the account of `phone`, which may be a LID: as in Brazil, with and without the 9. */
  | { type: 'number'; asked: Jid; phone: Jid }
  /**
   * Events were missed for a while after `ready`: WhatsApp's socket was closed, or the page reloaded.
   * Messages of that time have no events: read them.
   */
  | { type: 'missed' }
  /** What this build of WhatsApp Web offers; before each `ready`, and after each reload of the page. */
  | { type: 'checked'; check: SelfCheck }
  /** WhatsApp's restriction of the account, when it changed and once after `ready`; null: there is none. */
  | { type: 'restriction'; restriction: Restriction | null }
  /** A call failed in the page although nothing that it needs is missing (`failure`: a sentence), or a call succeeded (null). */
  | { type: 'outcome'; ability: Ability; failure: string | null }
  | { type: 'ended'; end: EngineEnd; detail: string }

/**
 * A position in a chat's history: all messages up to and including the second `until` (Unix seconds), except those
 * with the bare ids in `without`. It names a second and not a message, because WhatsApp Web promises no order within a
 * second, and the message may be gone.
 */
export type HistoryCursor = { until: number; without: readonly string[] }

/**
 * Messages of a chat, oldest first, in the order in which WhatsApp Web loaded them. `end`: WhatsApp Web has
 * nothing older now; `before` then says where older messages may be. `next`: the cursor for the page before this
 * one.
 */
export type HistoryPage = {
  messages: SeenMessage[]
  end: boolean
  before: Exclude<Before, 'not_kept'>
  next: HistoryCursor | null
}

/** The fields of each kind of message that can be sent. `wweb/outgoing/` has one file for each kind. */
type OutgoingFields = {
  /**
   * Never parsed for a vCard, a mention or a link. `mentions`: people whom the text names. `preview`: of the first link
   * in it; its failure does not cost the message.
   */
  text: { text: string; mentions?: readonly Jid[]; preview?: boolean }
  location: { latitude: number; longitude: number; name?: string | undefined; address?: string | undefined }
  contacts: { cards: readonly OutgoingCard[] }
  poll: { question: string; options: readonly string[]; multiple: boolean }
  media: {
    /** The file with the bytes. It must stay until the send has ended. */
    path: string
    as: 'image' | 'video' | 'gif' | 'audio' | 'voice' | 'document' | 'sticker'
    mimetype: string
    filename: string
    sizeBytes: number
    /** In hexadecimal. */
    sha256: string
    caption?: string | undefined
    /** People whom the caption names. */
    mentions?: readonly Jid[] | undefined
    viewOnce?: boolean | undefined
    /** What phones show of a video before it plays, where it is known. `preview`: a JPEG in base64. */
    look?: { seconds: number; width: number; height: number; preview?: string } | undefined
    /** The album that it belongs to. Where WhatsApp Web can send none, the file goes alone. */
    album?: OutgoingAlbum | undefined
  }
}
/** An album is a message of its own, which the first of its files brings. `bareId`: of that message, made as {@link SendOptions.bareId}. */
export type OutgoingAlbum = { bareId: string; photos: number; videos: number; hasCaption: boolean }
export type OutgoingKind = keyof OutgoingFields
/** A message to send. */
export type Outgoing<K extends OutgoingKind = OutgoingKind> = {
  [Kind in K]: { kind: Kind } & OutgoingFields[Kind]
}[K]

/** A message that WhatsApp's server accepted; an event reports `message` too, before or after. */
export type Sent = { id: MessageKey; chatId: Jid; sentAt: Date; message: SeenMessage }

/** `chat`: the chat of the task in its present state; null if there is none. */
export type Performed<K extends TaskKind> = { result: TaskResult<K>; chat: SeenChat | null }

/** Times in Unix seconds; null: not yet, or not known. In groups only the latest one is known. */
export type Receipt = {
  person: Jid
  deliveredAt: number | null
  readAt: number | null
  playedAt: number | null
}

/** `waiting`: the number of people who have not got the message. */
export type Receipts = { people: Receipt[]; waiting: number }

export type SendOptions = {
  /**
   * The bare id of the new message, from `newBareId`. Only a message with this id confirms the send. Store it before the
   * call: after a crash it shows whether the message was sent.
   */
  bareId: string
  /** Milliseconds from the call to WhatsApp's response. */
  limitMs: number
  /**
   * The message to reply to: all keys that WhatsApp Web may use for it. The message is never sent without the
   * quote.
   */
  answers?: readonly MessageKey[] | undefined
}

/** The memory of the browser, and whether it can be restarted. Never fails. */
export type EngineMemory = {
  /** The browser with all its processes; null if the system does not tell. */
  browserBytes(): Promise<number | null>
  /**
   * Removes from WhatsApp Web's memory the history that readings loaded into it; it loads such messages again when they are
   * needed. Returns the number of removed messages. Without this call, that happens some seconds after the reading.
   */
  releaseHistory(): Promise<number>
  /** Since when no call runs, in milliseconds since the epoch; null while one runs. Readings do not count: they are repeated. */
  idleSince(): number | null
}

/** `keys`: all that WhatsApp Web may use for the message. `source`: what a download needs, as far as it is known. */
export type MediaRequest = {
  keys: readonly MessageKey[]
  source: MediaSource | null
  /** True: media that WhatsApp's host has no more is requested from the phone, which uploads it again if it has it. */
  askPhone: boolean
  /** Milliseconds until all of it is in the browser. */
  limitMs: number
}

/** In pieces of at most 256 KiB. `directPath`: where it was found, which may have changed. */
export type FetchedMedia = {
  sizeBytes: number
  directPath: string | null
  bytes: AsyncIterable<Uint8Array>
  /** Frees the browser's memory, also if nothing was read. Never fails. */
  close(): Promise<void>
}

/**
 * One start of one linked device. Single-use: after `ended` or `close()` open a new one. Every call that can fail
 * also fails with `not_supported_by_whatsapp_web`, if this build lacks what it needs.
 */
export type Engine = {
  /** True while WhatsApp responds. `connection` events report each change. */
  connected(): boolean
  /**
   * Requests a pairing code of 8 characters from WhatsApp, valid for about three minutes. Only while not
   * linked. Fails with `pairing_refused`, `pairing_rate_limited`, `whatsapp_error` or `whatsapp_timeout`.
   */
  requestPairingCode(phone: PhoneNumber): Promise<string>
  /** Returns from a pairing code to QR codes; also requests a new QR code after `qr_gone`. Never fails. */
  showQr(): Promise<void>
  /**
   * Returns the JID of this number, or null if it is not on WhatsApp. For a person with a chat in WhatsApp Web, without a
   * request to the server. Fails as `readChats`.
   */
  findNumber(phone: PhoneNumber): Promise<Jid | null>
  /**
   * Sends a message and waits until WhatsApp's server has accepted it (ack 1).
   * Fails with `send_outcome_unknown` (with `message_id` if known): the message may have been sent. Every other error means
   * that it was not: `send_refused` (ack -1, or the quoted message allows no reply), `account_restricted`, `media_refused`,
   * `message_not_found` (WhatsApp Web does not have the quoted message), `whatsapp_timeout` (the file was not taken in
   * time), `whatsapp_error`, `not_connected`.
   */
  send(chatId: Jid, outgoing: Outgoing, options: SendOptions): Promise<Sent>
  /**
   * Does something to a message, and waits until WhatsApp's server has taken it. Returns the message in its present
   * state, for `forward` the new message; null if WhatsApp Web does not have it. Fails with `outcome_unknown` (it may have
   * happened), `message_not_found`, `action_refused`, `too_late`, `invalid_input` (the poll does not have the option),
   * `whatsapp_timeout` (it was not begun), `whatsapp_error`, `not_connected`.
   */
  act(message: MessageRef, action: Action, options: { limitMs: number }): Promise<SeenMessage | null>
  /**
   * Does a task, and waits until WhatsApp's server has responded. Never repeats it. Fails with the codes of `PROBLEMS` in
   * wweb/performing.ts, with `changed` (facts) if a part of the task was done before; with `outcome_unknown` (it may have
   * happened), for a reading `whatsapp_timeout`; and with `whatsapp_error`, `not_connected`.
   */
  perform<K extends TaskKind>(
    kind: K,
    takes: TaskInput<K>,
    options: { limitMs: number },
  ): Promise<Performed<K>>
  /**
   * Returns who got, read and played an own message, as far as WhatsApp Web knows. Fails with `message_not_found`,
   * `action_refused` (the message of another person), and as `readChats`.
   */
  readReceipts(message: MessageRef): Promise<Receipts>
  /**
   * Returns the newest vote of each person in a poll, as far as WhatsApp Web has them; an event reports each of them too. Fails
   * with `message_not_found`, `action_refused` (no poll), and as `readChats`.
   */
  readVotes(message: MessageRef): Promise<SeenVote[]>
  /**
   * Yields all chats that WhatsApp Web holds, unordered, without a request to the server. In pieces, as they
   * are read. `unread`: chats that it lists, but whose data could not be read; not those with new messages. Fails with
   * `whatsapp_timeout`, `whatsapp_error`, `not_connected`.
   */
  readChats(): AsyncIterable<{ chats: SeenChat[]; unread: Jid[] }>
  /**
   * Yields all people that WhatsApp Web knows, or those at these addresses, likewise. A person may appear twice, by phone number
   * and by LID.
   */
  readContacts(at?: readonly Jid[]): AsyncIterable<SeenContact[]>
  /**
   * Returns up to `count` messages of a chat: the newest ones, or those before the cursor. WhatsApp Web
   * requests from its server only what it does not have. Leaves out group notices and the like. Fails as
   * `readChats`, and with `chat_not_found` (WhatsApp Web has no such chat; none is created).
   */
  readMessages(chat: Jid, options: { before: HistoryCursor | null; count: number }): Promise<HistoryPage>
  /**
   * Asks the phone for older messages of a chat; they arrive later, if the phone is online. Only for a chat whose
   * history ended with `before: 'ask'`, and only once: the phone shows it. Returns false if WhatsApp Web does not
   * allow it. Fails as `readChats`.
   */
  askPhone(chat: Jid): Promise<boolean>
  memory: EngineMemory
  /**
   * Downloads the media of a message, whole, into the browser's memory; it stays there until `close`. Fails with
   * `media_expired` (WhatsApp's host no longer has it, and the phone does not have it or was not asked), `message_not_found`
   * (WhatsApp Web does not have the message, and there is no `source`), and as `readChats`: `whatsapp_timeout` also if the
   * phone has not uploaded it again yet.
   */
  fetchMedia(what: MediaRequest): Promise<FetchedMedia>
  /** The preview of a picture, video or document that came with its message; null if it has none. Fails as `readChats`. */
  readThumbnail(keys: readonly MessageKey[]): Promise<Uint8Array | null>
  /**
   * Checks whether the page responds and is connected. A page that is loading counts as responding. Never
   * fails: a response that does not arrive in time is `responding: false`.
   */
  probe(): Promise<{ responding: boolean; connected: boolean }>
  /**
   * Asks WhatsApp's server for something that changes nothing and that nobody sees: the account's own number. True if the server
   * answers; false if no answer comes within 20 s; null before `ready`, or if the page cannot ask. Never fails.
   */
  roundTrip(): Promise<boolean | null>
  /**
   * Asks WhatsApp to remove this device; true if WhatsApp confirmed, within 15 s. The browser stays open.
   * Never fails.
   */
  logout(): Promise<boolean>
  /**
   * Closes the browser, gently first; resolves when it has ended, within about 20 s. Safe to call twice.
   * Never fails.
   */
  close(): Promise<void>
}

/** Opens an engine. Resolves before anything has started; everything that follows is reported as events. */
export type OpenEngine = (options: { emit: (event: EngineEvent) => void }) => Promise<Engine>
