/** The linked WhatsApp in our words: what a session asks of it, and what it reports. Knows no library. */
import type { Jid, MessageKey, PhoneNumber } from '../model/ids.ts'
import type { SeenChat, SeenContact, SeenMessage, SeenReaction } from '../model/seen.ts'
import type { Account } from '../model/status.ts'

/**
 * Why an engine ended by itself.
 * `crashed`: the browser or its page died. `not_responding`: the page hangs. `start_failed`: WhatsApp Web did not
 * come up. `ready_timeout`: linked, but never became ready. `logged_out`: WhatsApp removed this device. `conflict`:
 * another browser took the session. `blocked`: WhatsApp refuses this client or account; trying again makes it worse.
 */
export type EngineEnd =
  | 'crashed'
  | 'not_responding'
  | 'start_failed'
  | 'ready_timeout'
  | 'logged_out'
  | 'conflict'
  | 'blocked'

/**
 * What an engine reports, in this order: `qr`* → `authenticated` → `ready` → messages, acks and
 * `connection` changes. A refusal on the phone is never told to WhatsApp Web. `ended` comes at most once, is the last event, and leaves closing to the owner.
 */
export type EngineEvent =
  /** A QR code to show. Each replaces the one before; `qr_gone`: WhatsApp shows none any more until asked again. */
  | { type: 'qr'; qr: string }
  | { type: 'qr_gone' }
  /** A pairing code that waited has died with the connection that it was given on. */
  | { type: 'code_gone' }
  /** The phone accepted, and WhatsApp wants a passkey first, which only a person at a visible browser can give. */
  | { type: 'passkey_asked' }
  /** The device is paired; the session is being loaded. */
  | { type: 'authenticated' }
  /** `lid`: the account's other address; null where WhatsApp Web does not say. */
  | { type: 'ready'; account: Account; lid: Jid | null; whatsappWebVersion: string }
  /** WhatsApp's socket came or went while ready. Nothing is lost: the page wins it back by itself. */
  | { type: 'connection'; connected: boolean }
  /** A message came, was sent from any device, or has changed: edited, deleted for everyone, readable at last. */
  | { type: 'message'; message: SeenMessage }
  /** WhatsApp Web has this message, and may have stored it without an event: read its chat if it is not known. */
  | { type: 'stored'; message: SeenMessage }
  /** -1 failed, 0 waits, 1 at WhatsApp's server, 2 delivered, 3 read, 4 played. Own messages only. */
  | { type: 'ack'; chat: Jid; bareId: string; ack: number }
  /** Somebody reacted to a message. `messageSender`: who wrote that message; null: this account. */
  | {
      type: 'reaction'
      chat: Jid
      bareId: string
      messageSender: Jid | null
      reaction: SeenReaction
    }
  /** Chats as they are now: new ones, and those of which something changed. */
  | { type: 'chats'; chats: SeenChat[] }
  | { type: 'chat_removed'; chat: Jid }
  /** People as they are now: new ones, and those of whom something changed. */
  | { type: 'contacts'; contacts: SeenContact[] }
  /** These two addresses are one person's: learned before a send, ahead of the contacts. */
  | { type: 'identity'; phone: Jid; lid: Jid }
  /**
   * For a while nobody listened although `ready` had been said: WhatsApp's socket was away, or the page loaded anew.
   * What came meanwhile has no events: read it.
   */
  | { type: 'missed' }
  | { type: 'ended'; end: EngineEnd; detail: string }

/** Names one message within a chat. `sentAt`: Unix seconds. */
export type MessageRef = { bareId: string; fromMe: boolean; sentAt: number }

/**
 * A stretch of a chat. `end`: there is nothing before it. `before` not found: WhatsApp Web does not have that message
 * (it disappeared, or was deleted), and these are the newest ones that were sent before its time.
 */
export type HistoryPage = { messages: SeenMessage[]; end: boolean }

/** A text that WhatsApp's server has taken; `message` is what an event tells of it too, before or after. */
export type SentText = { id: MessageKey; chatId: Jid; sentAt: Date; message: SeenMessage }

export type SendOptions = {
  /** From the call to WhatsApp's answer. */
  limitMs: number
  /** The message that this one answers: all keys that WhatsApp Web may know it by. Never sent without it. */
  answers?: readonly MessageKey[] | undefined
}

/** One start of one linked device. Single-use: after `ended` or `close()` open a new one. */
export type Engine = {
  /**
   * Ask WhatsApp for a pairing code of 8 characters, valid for about three minutes. Only while unpaired.
   * Fails with `pairing_refused`, `pairing_rate_limited` or `whatsapp_timeout`.
   */
  requestPairingCode(phone: PhoneNumber): Promise<string>
  /** Back from a pairing code to QR codes; also asks for a new QR after `qr_gone`. Never fails. */
  showQr(): Promise<void>
  /** The JID under which WhatsApp knows this number, or null if it does not. Fails with `whatsapp_timeout`. */
  findNumber(phone: PhoneNumber): Promise<Jid | null>
  /**
   * Send a text and wait until WhatsApp's server has taken it (ack 1).
   * Fails with `send_refused` (ack -1; the answered message cannot be answered), `send_outcome_unknown` (with `message_id`
   * where known), `message_not_found` (WhatsApp Web does not have the answered message: nothing was sent), `whatsapp_error`.
   */
  sendText(chatId: Jid, text: string, options: SendOptions): Promise<SentText>
  /**
   * All chats that WhatsApp Web holds, in no order, without asking its server anything. In pieces, as they are read.
   * Fails with `whatsapp_timeout`, `whatsapp_error`, `not_connected`.
   */
  readChats(): AsyncIterable<SeenChat[]>
  /** All people that WhatsApp Web knows, likewise. One person may come twice, by phone and by LID. */
  readContacts(): AsyncIterable<SeenContact[]>
  /**
   * Up to `count` messages of a chat, oldest first: the newest ones, or those right before the message `before`. Asks
   * the server only for what WhatsApp Web does not have. Group notices and the like are left out. Fails as above, and
   * with `chat_not_found` (WhatsApp Web has no such chat; none is made).
   */
  readMessages(chat: Jid, options: { before: MessageRef | null; count: number }): Promise<HistoryPage>
  /**
   * Is the page alive and connected? A page that is loading counts as responding. Never fails: an answer that does not
   * come in time is `responding: false`.
   */
  probe(): Promise<{ responding: boolean; connected: boolean }>
  /** Tell WhatsApp to remove this device; true if it was told, within 15 s. The browser stays open. Never fails. */
  logout(): Promise<boolean>
  /** Close the browser, gently first; resolves when it has ended, within about 20 s. Safe to call twice. Never fails. */
  close(): Promise<void>
}

/** Opens an engine. Resolves before anything has started; everything that follows comes as events. */
export type OpenEngine = (options: { emit: (event: EngineEvent) => void }) => Promise<Engine>
