/** Hands one message of the outbox to WhatsApp. */
import type { Clock } from '../clock.ts'
import type { OutboxChange, OutboxRow } from '../control.ts'
import type { Engine, Sent } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import { type Jid, phoneOf } from '../model/ids.ts'
import type { SeenMessage } from '../model/seen.ts'
import type { Archive } from '../session/archive.ts'
import type { Session } from '../session/session.ts'
import { demandAllowed, isForAnother, UNLINKED } from './allowed.ts'
import type { Forwarding, StatusPost } from './content.ts'
import { contentOf, keyOf } from './item.ts'

export type TransmitOptions = {
  session: Pick<Session, 'engine' | 'status'>
  archive: Pick<Archive, 'take' | 'reader'>
  clock: Clock
  /** Returns the path of the file that an item names. Items of earlier versions name it by its path at that time. */
  fileAt(name: string): string
}

/**
 * Sends it before `endsAtMs` (Unix ms), and reports the message to the archive. Returns what the item is then.
 * @throws AppError `send_outcome_unknown` if it may have been sent; any other error means that it was not, and `whatsapp_timeout`
 * that it was not begun
 */
export async function transmit(
  row: OutboxRow,
  endsAtMs: number,
  { session, archive, clock, fileAt }: TransmitOptions,
): Promise<OutboxChange> {
  const { outgoing, answers } = contentOf(row)
  const timeLeft = () => endsAtMs - clock.now()
  if (timeLeft() <= 0) {
    fail('whatsapp_timeout', {
      detail: 'An earlier message to this chat was still on its way. This one was not sent.',
    })
  }
  const lastMessageAt = async (to: Jid) => (await archive.reader().recipientAt(to))?.lastMessageAt ?? null
  let status = session.status()
  if (status.restriction !== null) {
    await demandAllowed(row.chat, status.restriction, clock.now(), lastMessageAt)
    // Read again, because the check has waited.
    status = session.status()
  }
  const engine = session.engine()
  // While it waited for its turn, another number may have been linked.
  if (isForAnother(row, status)) fail(UNLINKED.code, UNLINKED)
  const phone = phoneOf(row.chat)
  const address = phone === null ? row.chat : await engine.findNumber(phone)
  if (address === null) fail('not_on_whatsapp')
  if (outgoing.kind === 'forward') {
    const message = await forward(engine, outgoing, address, row.bareId, timeLeft())
    if (message !== null) archive.take({ type: 'message', message })
    const { bareId } = message ?? row
    return { state: 'sent', messageId: keyOf({ ...row, bareId }), sentAtMs: clock.now() }
  }
  if (outgoing.kind === 'status') {
    const { bareId, at } = await post(engine, outgoing, row.bareId, timeLeft())
    return { state: 'sent', messageId: keyOf({ ...row, bareId }), sentAtMs: at * 1_000 }
  }
  const message = outgoing.kind === 'media' ? { ...outgoing, path: fileAt(outgoing.path) } : outgoing
  const sent: Sent = await engine.send(address, message, {
    bareId: row.bareId,
    limitMs: timeLeft(),
    answers,
  })
  archive.take({ type: 'message', message: sent.message })
  return {
    state: 'sent',
    messageId: sent.id,
    sentAtMs: sent.sentAt.getTime(),
    chat: await named(sent.chatId, archive),
  }
}

/**
 * Returns the chat of a sent message as the API names it. WhatsApp may use another number for the person than the given one, or a LID.
 * If the archive does not know the number of that LID, this returns the LID. Never fails: the message was sent.
 */
async function named(chat: Jid, archive: Pick<Archive, 'reader'>): Promise<Jid> {
  if (!chat.endsWith('@lid')) return chat
  try {
    const addresses = await archive.reader().addressesOf(chat)
    return addresses.find((one) => phoneOf(one) !== null) ?? chat
  } catch {
    return chat
  }
}

/**
 * Returns the new message; null if WhatsApp Web has it no more. Its id is the given one, unless WhatsApp Web has chosen another. Fails as
 * {@link transmit}.
 */
async function forward(
  engine: Pick<Engine, 'act'>,
  { keys, isOneOfSeveral }: Forwarding,
  to: Jid,
  bareId: string,
  limitMs: number,
): Promise<SeenMessage | null> {
  try {
    return await engine.act({ keys }, { kind: 'forward', to, bareId, isOneOfSeveral }, { limitMs })
  } catch (error) {
    if (error instanceof AppError && error.code === 'outcome_unknown')
      fail('send_outcome_unknown', { cause: error })
    throw error
  }
}

/** The alpha byte of a colour, 0xAARRGGBB: WhatsApp Web's own colours have no transparency. */
const OPAQUE = 0xff_00_00_00

/** Returns the post: its id is the given one, unless WhatsApp Web has chosen another. Fails as {@link transmit}. */
async function post(
  engine: Pick<Engine, 'perform'>,
  { text, background, font }: StatusPost,
  bareId: string,
  limitMs: number,
): Promise<{ bareId: string; at: number }> {
  // A sum, because `|` would make a negative number of it.
  const color = OPAQUE + Number.parseInt(background.slice(1), 16)
  try {
    const { result } = await engine.perform('post_status', { text, color, font, bareId }, { limitMs })
    return result
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'outcome_unknown') fail('send_outcome_unknown', { cause: error })
    if (error.code === 'change_refused')
      fail('send_refused', { detail: 'WhatsApp did not take the status update.' })
    throw error
  }
}
