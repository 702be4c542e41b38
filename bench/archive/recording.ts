/** How fast the inbox writes, and how large and how steady it stays: a million messages through its own door. */
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { type Jid, toJid } from '../../src/model/ids.ts'
import type { SeenMessage } from '../../src/model/seen.ts'
import { openArchive } from '../../src/store/unlock.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { createTexts } from './texts.ts'

export type Recording = {
  /** Microseconds a message, by window of 10,000 messages, in order. */
  windows: number[]
  /** Of the whole file, indexes and event log included. */
  bytesPerMessage: number
  /** Written to the disk for a message, file and write-ahead log, each page as often as it was written. */
  writtenPerMessage: number
  /** Of the live path: one message, one transaction, one flush to the disk; ms. */
  single: { p50: number; p99: number }
}

const WINDOW = 10_000
/** What the inbox writes in one transaction when much comes at once. */
const BATCH = 200
const SINGLES = 300

/**
 * Write `count` messages of `chats` chats into the archive at `file`, as live events, in the product's own batches;
 * encrypted where there is a `secret`. `from`: so many messages are in it already; 0, the default: it is new.
 */
export function measureRecording(
  file: string,
  options: { from?: number; count: number; chats: number; secret: string | null },
): Recording {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const store = openArchive(file, options.secret)
  store.meta.set('account_wid', '15550001000@c.us')
  const inbox = createTestInbox(store, systemClock, { own: [toJid('15550001000@c.us')] })
  const { from = 0 } = options
  const texts = createTexts(7 + from)
  const next = (n: number) =>
    toMessage(n, addressOf(Math.floor(texts.random() ** 3 * options.chats)), texts.text(), FIRST_AT + n * 10)
  const windows: number[] = []
  const before = writtenBytes()
  for (let n = from; n < from + options.count; ) {
    // Made outside the clock.
    const window = Array.from({ length: WINDOW }, (_, index) => next(n + index))
    const startedAt = performance.now()
    for (let first = 0; first < WINDOW; first += BATCH) {
      for (const message of window.slice(first, first + BATCH)) inbox.take({ type: 'message', message })
      inbox.flush()
    }
    windows.push(((performance.now() - startedAt) * 1000) / WINDOW)
    n += WINDOW
  }
  const writtenPerMessage = (writtenBytes() - before) / options.count
  const singles = Array.from({ length: SINGLES }, (_, index) => {
    const message = next(from + options.count + index)
    const startedAt = performance.now()
    inbox.take({ type: 'message', message })
    inbox.flush()
    return performance.now() - startedAt
  }).sort((a, b) => a - b)
  store.close()
  const at = (share: number) => singles[Math.floor(singles.length * share)] ?? Number.NaN
  return {
    windows,
    bytesPerMessage: statSync(file).size / (from + options.count + SINGLES),
    writtenPerMessage,
    single: { p50: at(0.5), p99: at(0.99) },
  }
}

/** Bytes that this process has written to disks, as Linux counts them (proc_pid_io(5)). */
function writtenBytes(): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/** When the first message was sent, Unix seconds. */
const FIRST_AT = 1_700_000_000

/** Every tenth chat is a group. */
export function addressOf(index: number): Jid {
  return toJid(index % 10 === 9 ? `12036300000000${index}@g.us` : `1555${2_000_000 + index}@c.us`)
}

/** The message of this number: of a person of the chat, or of this account. */
export function toMessage(n: number, chat: Jid, body: string, sentAt: number): SeenMessage {
  const isGroup = chat.endsWith('@g.us')
  const fromMe = n % 3 === 0
  // As long as those of phones.
  const bareId = (BigInt(n) * 340_282_366_920_938_463n)
    .toString(16)
    .toUpperCase()
    .padStart(32, '3EB0')
    .slice(-32)
  return seenMessage({
    chat,
    bareId,
    fromMe,
    sender: fromMe ? null : isGroup ? addressOf((n * 7) % 900) : chat,
    senderName: fromMe ? null : `Person ${n % 900}`,
    body,
    sentAt,
    ack: fromMe ? 3 : 1,
    raw: { engine: 'wweb', build: '2.3000.1049045808', model: modelOf(bareId, chat, fromMe, sentAt) },
  })
}

/** What WhatsApp Web's model of a text has beside the text. */
function modelOf(id: string, remote: Jid, fromMe: boolean, t: number): Record<string, unknown> {
  const participant = remote.endsWith('@g.us') ? { participant: '123456789012345@lid' } : {}
  return {
    id: { fromMe, remote, id, ...participant },
    rowId: t,
    viewed: true,
    type: 'chat',
    t,
    notifyName: fromMe ? '' : 'Person of the address book',
    from: fromMe ? '15550001000@c.us' : remote,
    to: fromMe ? remote : '15550001000@c.us',
    ...(fromMe ? {} : { author: '123456789012345@lid' }),
    ack: fromMe ? 3 : 1,
    invis: true,
    isNewMsg: true,
    recvFresh: true,
    messageSecret: `hex:${id}${id}`,
    viewMode: 'VISIBLE',
    kind: 'chat',
    disappearingModeInitiator: 'chat',
    rcat: 'hex:0102030405060708090a0b0c0d0e0f10',
  }
}
