/** Sends a message with a definite outcome: accepted by WhatsApp's server, refused, or reported as unknown. */
import { type Clock, createDeferred, DeadlineError, withDeadline } from '../../clock.ts'
import { AppError, fail } from '../../errors.ts'
import type { Jid } from '../../model/ids.ts'
import type { SeenMessage } from '../../model/seen.ts'
import type { Outgoing, SendOptions, Sent } from '../engine.ts'
import type { Addresses } from './addresses.ts'
import type { LibraryClient, LibraryMessage } from './linked-client.ts'
import type { PageBytes } from './outgoing/kind.ts'
import { toLibrary } from './outgoing/kinds.ts'
import { type Extra, NOT_ANSWERED, NOT_OPENED, type Quote, TOO_LARGE } from './page-sends.ts'
import { UNREACHABLE } from './supported.ts'
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
const BEFORE_SENDING = [NOT_OPENED, UNREACHABLE]

/** Texts of errors while media is prepared and uploaded, which is before its message exists. */
const BEFORE_UPLOADED = [/^upload failed/, /InvalidMediaFileType/, /media-fault/, /file could not be read/]

type Pending = {
  /** The serialized key and the message, once WhatsApp Web has it. */
  found: { key: string; message: SeenMessage } | null
  settle: (ack: number) => void
}

/** Follows own messages from `send` to the server's response. One per client; pass it every event. */
export type Sender = {
  send(chatId: Jid, outgoing: Outgoing, options: SendOptions): Promise<Sent>
  onCreated(message: LibraryMessage): void
  onAck(message: LibraryMessage, ack: number): void
}

/**
 * `sendMessage` resolves when the page has queued the message, may stay pending without a response, and may
 * resolve `undefined` for a message that was sent (wwebjs#3613, #201857). Therefore three sources race: its
 * result, the message's own events, and a deadline. All three name the message by the id that the caller chose:
 * its text or chat proves nothing, because the owner's phone may send the same.
 */
export function createSender(
  client: LibraryClient,
  addresses: Addresses,
  translator: Translator,
  page: PageBytes,
  clock: Clock,
): Sender {
  /** By bare id. */
  const pending = new Map<string, Pending>()

  async function send(chatId: Jid, outgoing: Outgoing, options: SendOptions): Promise<Sent> {
    const { bareId, limitMs, answers } = options
    const endAt = clock.now() + limitMs
    const { content, options: ofKind, extra: fields, done } = await toLibrary(outgoing, page)
    if (clock.now() >= endAt) {
      done?.()
      fail('whatsapp_timeout', { detail: 'WhatsApp Web was slow to take the file. Nothing was sent.' })
    }
    const { promise: acked, resolve: settle } = createDeferred<number>()
    const one: Pending = { found: null, settle }
    pending.set(bareId, one)
    const quote: Quote | undefined = answers === undefined ? undefined : { keys: answers }
    const extra: Extra = { ...fields, bareId }
    const result = client
      .sendMessage(chatId, content, { ...SEND_OPTIONS, ...ofKind, quotedMessageId: quote, extra })
      .then((message) => {
        if (message === undefined) return acked
        identify(message)
        return message.ack === 0 ? acked : message.ack
      })
    result.catch(() => {})
    try {
      const ack = await withDeadline(clock, 'Sending', endAt - clock.now(), Promise.race([result, acked]))
      if (ack < 0) fail('send_refused', { facts: { message_id: documentedId(one) } })
      if (one.found === null) return fail('send_outcome_unknown')
      return {
        id: addresses.toKey(one.found.key),
        chatId: addresses.toPhone(chatId),
        sentAt: new Date(clock.now()),
        message: { ...one.found.message, ack },
      }
    } catch (error) {
      if (error instanceof AppError) throw error
      const text = error instanceof Error ? error.message : String(error)
      failUnanswered(text)
      failTooLarge(text, outgoing)
      if (one.found === null && BEFORE_UPLOADED.some((known) => known.test(text))) {
        fail('media_refused', { cause: error })
      }
      if (one.found === null && BEFORE_SENDING.some((known) => known.test(text))) {
        fail('whatsapp_error', {
          detail: 'WhatsApp Web could not open this chat. Nothing was sent.',
          cause: error,
        })
      }
      return fail('send_outcome_unknown', {
        detail:
          error instanceof DeadlineError
            ? 'WhatsApp did not confirm the message in time.'
            : 'WhatsApp Web failed while the message was on its way.',
        facts: { message_id: documentedId(one) },
        cause: error,
      })
    } finally {
      pending.delete(bareId)
      done?.()
    }
  }

  /** The pending send of which this is the message. */
  function identify({ id, rawData }: LibraryMessage): Pending | undefined {
    const one = id.fromMe ? pending.get(id.id) : undefined
    if (one === undefined || id._serialized === undefined) return undefined
    // Media is first reported before its upload.
    const known = one.found?.message.hasMedia ? one.found.message : null
    const message = known ?? translator.message(rawData) ?? one.found?.message
    if (message !== undefined) one.found = { key: id._serialized, message }
    return one
  }

  const documentedId = ({ found }: Pending) => (found === null ? null : addresses.toKey(found.key))

  return {
    send,
    onCreated: (message) => void identify(message),
    onAck(message, ack) {
      if (ack !== 0) identify(message)?.settle(ack)
    },
  }
}

/** Fails if the page's error says that the file is above WhatsApp's limit for its kind. */
function failTooLarge(error: string, outgoing: Outgoing): void {
  const most = Number(TOO_LARGE.exec(error)?.[1])
  if (Number.isNaN(most) || outgoing.kind !== 'media') return
  fail('media_refused', {
    detail: `The file has ${inMib(outgoing.sizeBytes)} MiB, and WhatsApp takes at most ${inMib(most)} MiB as ${outgoing.as}. Nothing was sent.`,
    hint: 'Send it as a document (`as`: "document"), or make it smaller.',
  })
}

const inMib = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10

/** Fails if the page's error is {@link NOT_ANSWERED}: the quote was not possible, or the server did not take the post. */
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
    case 'channel':
      return fail('send_refused', {
        detail: 'WhatsApp did not take the post: this account may not post in the channel.',
      })
    case 'status':
      return fail('send_refused', { detail: 'WhatsApp did not take the media of the status update.' })
    case 'failed':
      return fail('whatsapp_error', {
        detail: 'WhatsApp Web failed to find the message to reply to; nothing was sent.',
      })
  }
}
