/** The linked WhatsApp in our words: what a session asks of it, and what it reports. Knows no library. */
import type { Jid, MessageKey, PhoneNumber } from '../model/ids.ts'
import type { Message } from '../model/message.ts'
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
  | { type: 'ready'; account: Account; whatsappWebVersion: string }
  /** WhatsApp's socket came or went while ready. Nothing is lost: the page wins it back by itself. */
  | { type: 'connection'; connected: boolean }
  | { type: 'message'; message: Message }
  /** -1 failed, 0 waits, 1 at WhatsApp's server, 2 delivered, 3 read, 4 played. */
  | { type: 'ack'; id: MessageKey; ack: number }
  | { type: 'ended'; end: EngineEnd; detail: string }

/** A text that WhatsApp's server has taken. */
export type SentText = { id: MessageKey; chatId: Jid; sentAt: Date }

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
   * Send a text and wait until WhatsApp's server has taken it (ack 1), `limitMs` at most.
   * Fails with `send_refused` (ack -1), `send_outcome_unknown` (with `message_id` where known), `whatsapp_error`.
   */
  sendText(chatId: Jid, text: string, limitMs: number): Promise<SentText>
  /** Is the page alive and connected? Never fails: an answer that does not come in time is `responding: false`. */
  probe(): Promise<{ responding: boolean; connected: boolean }>
  /** Tell WhatsApp to remove this device; true if it was told, within 15 s. The browser stays open. Never fails. */
  logout(): Promise<boolean>
  /** Close the browser, gently first; resolves when it has ended, within about 20 s. Safe to call twice. Never fails. */
  close(): Promise<void>
}

/** Opens an engine. Resolves before anything has started; everything that follows comes as events. */
export type OpenEngine = (options: { emit: (event: EngineEvent) => void }) => Promise<Engine>
