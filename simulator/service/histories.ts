/** Large generated histories: one record per chat; each message is computed on request. */
import type { MessageParts, WorldMessage, WorldNotice } from '../world-types.ts'
import { makeMedia } from './media.ts'
import { createRandom, type Random } from './random.ts'
import { makeText } from './texts.ts'

/** One chat's generated history. Positions count from 0, the oldest. */
export type History = {
  chat: string
  /** The address in its messages' keys, if the chat has moved since. */
  addressedAs?: string
  /** Number of this history in its account; part of every id. */
  ordinal: number
  seed: number
  count: number
  /** Unix seconds of the first and the last message. */
  from: number
  to: number
  /** Phone numbers of the authors, without the account. */
  people: string[]
}

const mark = '5EED'
/**
 * In every tenth history: notices only, so many that whole pages of earlier messages contain nothing else.
 */
const noticesFrom = 40
const noticesTo = 110

/**
 * Id of the message at `position`: 32 characters, as from an Android phone; encodes its history and position.
 */
export function historyId(history: History, position: number): string {
  const noise = Math.imul(history.seed ^ (position * 2654435761), 2246822519) >>> 0
  return `${mark}${hex(history.ordinal)}${hex(position)}${hex(noise)}${hex(history.seed).slice(4)}`
}

/** The history and position that an id encodes; undefined for the id of a written message. */
export function parseHistoryId(id: string): { ordinal: number; position: number } | undefined {
  if (!id.startsWith(mark) || id.length !== 32) return undefined
  return {
    ordinal: Number.parseInt(id.slice(4, 12), 16),
    position: Number.parseInt(id.slice(12, 20), 16),
  }
}

function hex(number: number): string {
  return (number >>> 0).toString(16).toUpperCase().padStart(8, '0')
}

/** Unix seconds of the message at `position`; never decreases. */
export function historyTime(history: History, position: number): number {
  if (history.count < 2) return history.to
  return history.from + Math.floor(((history.to - history.from) * position) / (history.count - 1))
}

/** How many of its messages are not newer than `t`. */
export function countUntil(history: History, t: number): number {
  let low = 0
  let high = history.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (historyTime(history, middle) <= t) low = middle + 1
    else high = middle
  }
  return low
}

type Made = Pick<WorldMessage, 'type' | 'body'> & MessageParts

/**
 * The message at `position`; `me` is the account's phone number. The same arguments give the same message.
 */
export function historyMessage(
  history: History,
  position: number,
  me: string,
): Omit<WorldMessage, 'deliveredTo'> {
  const random = createRandom(
    (Math.imul(history.seed + history.ordinal * 7919, 2654435761) ^ Math.imul(position + 1, 40503)) >>> 0,
  )
  const isGroup = history.chat.endsWith('@g.us')
  const other = history.people[random.between(0, history.people.length - 1)] ?? me
  const made = make(history, position, random, isGroup, other)
  const fromMe = made.notice === undefined && random.fraction() < (isGroup ? 0.2 : 0.4)
  return {
    id: historyId(history, position),
    chat: history.chat,
    ...(history.addressedAs === undefined ? {} : { addressedAs: history.addressedAs }),
    from: `${fromMe ? me : other}@c.us`,
    fromMe,
    origin: fromMe ? 'phone' : 'contact',
    t: historyTime(history, position),
    ack: fromMe ? 3 : 1,
    ...made,
  }
}

function make(history: History, position: number, random: Random, isGroup: boolean, other: string): Made {
  if (position === 0) return { type: 'e2e_notification', body: '' }
  const isTrap = isGroup && history.ordinal % 10 === 0 && history.count > 2 * noticesTo
  if (isTrap && position >= noticesFrom && position < noticesTo) return toNotice(position, random, other)
  const dice = random.fraction()
  const text = (): string => makeText(random, other)
  if (dice < 0.86) return { type: 'chat', body: text() }
  if (dice < 0.91) return { type: 'image', body: '', media: makeMedia(random, 'image', {}), caption: text() }
  if (dice < 0.94) return { type: 'ptt', body: '', media: makeMedia(random, 'ptt', {}) }
  if (dice < 0.955) return { type: 'video', body: '', media: makeMedia(random, 'video', {}) }
  if (dice < 0.97) return { type: 'document', body: '', media: makeMedia(random, 'document', {}) }
  if (dice < 0.98) return { type: 'sticker', body: '', media: makeMedia(random, 'sticker', {}) }
  if (dice < 0.985) {
    const location = { lat: random.between(-60, 60), lng: random.between(-180, 180), name: 'Here' }
    return { type: 'location', body: '', location }
  }
  if (dice < 0.99) {
    return { type: 'poll_creation', body: '', poll: { name: text(), options: ['1', '2'], multiple: false } }
  }
  if (isGroup) return toNotice(position, random, other)
  return { type: 'call_log', body: '', call: { video: dice < 0.995, missed: dice < 0.993, seconds: 60 } }
}

const subtypes: WorldNotice['subtype'][] = ['add', 'remove', 'promote', 'demote']

function toNotice(position: number, random: Random, other: string): Made {
  const subtype = subtypes[(position + random.between(0, 3)) % subtypes.length] ?? 'add'
  return { type: 'gp2', body: '', notice: { subtype, recipients: [`${other}@c.us`] } }
}
