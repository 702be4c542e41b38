/** Sends a text with a definite outcome: accepted by WhatsApp's server, refused, or reported as unknown. */
import { type Clock, createDeferred, DeadlineError, withDeadline } from '../../clock.ts'
import { AppError, fail } from '../../errors.ts'
import type { Jid } from '../../model/ids.ts'
import type { SeenMessage } from '../../model/seen.ts'
import type { SendOptions, SentText } from '../engine.ts'
import type { Addresses } from './addresses.ts'
import type { LibraryClient, LibraryMessage } from './linked-client.ts'
import { NOT_ANSWERED, type Quote } from './page-quotes.ts'
import type { Translator } from './translator.ts'

/**
 * Sends no read receipt before the message (wwebjs#5718), and no link preview (the account would fetch the
 * page); sends a vCard as plain text, waits for the server's response, and never sends a reply without its
 * quote.
 */
const SEND_OPTIONS = {
  sendSeen: false,
  linkPreview: false,
  parseVCards: false,
  waitUntilMsgSent: true,
  ignoreQuoteErrors: false,
}

/**
 * Texts of errors that WhatsApp Web throws before anything was queued; any other error leaves the outcome
 * open.
 */
const BEFORE_SENDING = [/No LID for user/, /wid error/, /invalid wid/i]

type Pending = {
  chatId: Jid
  text: string
  id: string | undefined
  /** The message itself, from whichever source identified it first: the library's result, or its echo. */
  message: SeenMessage | null
  /** Acks of own messages received meanwhile, by id: one may arrive before the message is identified. */
  acks: Map<string, number>
  settle: (ack: number) => void
}

/** Follows own messages from `sendText` to the server's response. One per client; pass it every event. */
export type TextSender = {
  send(chatId: Jid, text: string, options: SendOptions): Promise<SentText>
  onCreated(message: LibraryMessage): void
  onAck(message: LibraryMessage, ack: number): void
}

/**
 * `sendMessage` resolves when the page has queued the message, may stay pending without a response, and may
 * resolve `undefined` for a message that was sent (wwebjs#3613, #201857). Therefore three sources race: its
 * result, the message's own events (matched by id, or by chat and text until the id is known), and a
 * deadline.
 */
export function createTextSender(
  client: LibraryClient,
  addresses: Addresses,
  translator: Translator,
  clock: Clock,
): TextSender {
  const pending = new Set<Pending>()

  async function send(chatId: Jid, text: string, { limitMs, answers }: SendOptions): Promise<SentText> {
    const quote: Quote | undefined = answers === undefined ? undefined : { keys: answers }
    const { promise: acked, resolve: settle } = createDeferred<number>()
    const one: Pending = { chatId, text, id: undefined, message: null, acks: new Map(), settle }
    pending.add(one)
    const result = client
      .sendMessage(chatId, text, { ...SEND_OPTIONS, quotedMessageId: quote })
      .then((message) => {
        if (message === undefined) return acked
        identify(one, message)
        return message.ack === 0 ? acked : message.ack
      })
    result.catch(() => {})
    try {
      const ack = await withDeadline(clock, 'Sending', limitMs, Promise.race([result, acked]))
      if (ack < 0) fail('send_refused', { facts: { message_id: documentedId(one) } })
      if (one.id === undefined || one.message === null) fail('send_outcome_unknown')
      return {
        id: addresses.toKey(one.id),
        chatId: addresses.toPhone(chatId),
        sentAt: new Date(clock.now()),
        message: { ...one.message, ack },
      }
    } catch (error) {
      if (error instanceof AppError) throw error
      const text = error instanceof Error ? error.message : String(error)
      failUnanswered(text)
      if (one.id === undefined && BEFORE_SENDING.some((known) => known.test(text))) {
        fail('whatsapp_error', {
          detail: 'WhatsApp Web could not open a chat with this number.',
          cause: error,
        })
      }
      fail('send_outcome_unknown', {
        detail:
          error instanceof DeadlineError
            ? 'WhatsApp did not confirm the message in time.'
            : 'WhatsApp Web failed while the message was on its way.',
        facts: { message_id: documentedId(one) },
        cause: error,
      })
    } finally {
      pending.delete(one)
    }
  }

  /** Identifies the pending send as this message; an ack that arrived earlier counts now. */
  function identify(one: Pending, { id, rawData }: LibraryMessage): void {
    if (id._serialized === undefined) return
    one.id = id._serialized
    one.message ??= translator.message(rawData)
    const ack = one.acks.get(one.id)
    if (ack !== undefined) one.settle(ack)
  }

  /** A send to a phone JID can come back under the same person's LID (wwebjs#3969). */
  function isToSameChat({ chatId }: Pending, { to }: LibraryMessage): boolean {
    return addresses.toPhone(chatId) === addresses.toPhone(to)
  }

  const documentedId = ({ id }: Pending) => (id === undefined ? null : addresses.toKey(id))

  return {
    send,
    onCreated(message) {
      if (!message.id.fromMe) return
      for (const one of pending) {
        if (one.id === undefined && one.text === message.body && isToSameChat(one, message)) {
          return identify(one, message)
        }
      }
    },
    onAck(message, ack) {
      const id = message.id._serialized
      if (id === undefined || !message.id.fromMe || ack === 0) return
      for (const one of pending) {
        one.acks.set(id, ack)
        if (one.id === id) one.settle(ack)
      }
    },
  }
}

/** Fails if the page's error says that the message was not sent because its quote was not possible. */
function failUnanswered(error: string): void {
  switch (NOT_ANSWERED.exec(error)?.[1]) {
    case 'missing':
      return fail('message_not_found', {
        detail: 'WhatsApp Web no longer has the message to reply to; nothing was sent.',
        hint: 'Reply to another message, or send without reply_to.',
      })
    case 'refused':
      return fail('send_refused', {
        detail: 'WhatsApp Web does not allow a reply to this message; nothing was sent.',
        hint: 'Reply to another message, or send without reply_to.',
      })
    case 'failed':
      return fail('whatsapp_error', {
        detail: 'WhatsApp Web failed to find the message to reply to; nothing was sent.',
      })
  }
}
