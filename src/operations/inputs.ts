/** Fields that several operations share. They also accept text, because queries and paths contain only text. */
import { z } from 'zod'
import { chatKindOf, type Jid, parseMessageKey, readAddress } from '../model/ids.ts'
import type { Point } from '../model/point.ts'
import { MILLISECONDS_FROM } from '../model/times.ts'

/** Accepts a whole number within these bounds. */
export function whole(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  )
}

const SWITCH: Record<string, boolean> = { true: true, '1': true, false: false, '0': false }

/** Accepts true, false, 1 and 0. */
export const yesNo = z.preprocess(
  (value) =>
    typeof value === 'string' || typeof value === 'number' ? (SWITCH[String(value)] ?? value) : value,
  z.boolean('must be true or false'),
)

/** Asks for notices and calls too. */
export const includeNotices = yesNo.default(false).describe('Include group notices and calls. Default false.')

/** The most entries of a list: more than there are words to choose from, and more chats than a person names. */
export const MOST_LISTED = 1_000

/** Accepts a list of words, or text with words separated by commas. */
export function wordList<Word extends z.ZodType>(word: Word) {
  const split = (value: unknown) =>
    typeof value === 'string' ? value.split(',').map((one) => one.trim()) : [value]
  return z.preprocess(
    (value) => (typeof value === 'string' || Array.isArray(value) ? [value].flat().flatMap(split) : value),
    z.array(word).min(1).max(MOST_LISTED),
  )
}

/** Accepts one or several of these words. */
export function oneOrMore<const Words extends readonly [string, ...string[]]>(words: Words) {
  return wordList(z.enum(words))
}

/** The maximum number of entries on a page. */
export const limit = (fallback: number) =>
  whole(1, 100).default(fallback).describe(`Maximum number of entries, 1 to 100. Default ${fallback}.`)

/** The position in a list. */
export const cursor = z
  .string()
  .max(2_000)
  .optional()
  .describe('`next_cursor` of the previous page. Leave it out for the first page.')

/** The text to find in names and numbers. */
export const nameQuery = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200)
  .optional()
  .describe(
    'Any part of a name or phone number. Case and accents do not matter. Several words must all match; commas separate alternatives.',
  )

/** Parses to a {@link Jid}. */
export const chatIdInput = z
  .string()
  .max(128)
  .transform((text, context) => {
    const address = readAddress(text)
    if (address !== null) return address
    context.addIssue(
      'must be a chat id such as 15551234567@c.us or 120363000000000000@g.us; GET /api/chats?query=… finds it by name',
    )
    return z.NEVER
  })
  .describe('Id of the chat, for example "15551234567@c.us", "…@lid" or "120363000000000000@g.us".')

/** The error of {@link contactIdInput}. */
const MUST_BE_PERSON =
  'must be a phone number, or the id of a person such as 15551234567@c.us or …@lid; GET /api/contacts?query=… finds it by name'

/** Accepts a phone number, phone JID or LID of a person. Parses to a {@link Jid}. */
export const contactIdInput = z
  .union([z.string().max(128), z.number()])
  .transform((text, context) => {
    const address = readAddress(String(text))
    if (address !== null && chatKindOf(address) === 'direct') return address
    context.addIssue(MUST_BE_PERSON)
    return z.NEVER
  })
  .describe('Phone number with country code, or id of the person: "15551234567@c.us", "…@lid".')

/** Parses to the parts of the key. */
export const messageIdInput = z
  .string()
  .max(256)
  .transform((text, context) => {
    const key = parseMessageKey(text)
    if (key !== null) return key
    context.addIssue('must be the full id of a message, such as true_15551234567@c.us_3EB0AA')
    return z.NEVER
  })
  .describe('Full id of the message, for example "true_15551234567@c.us_3EB0AA".')

/** A time without a zone is UTC. A "+" in a query arrives as a space. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)([Zz]|[+\- ]\d\d:?\d\d)?)?$/

/** Accepts a position in a chat: a message id or a time. Parses to a {@link Point}. */
export const pointInput = z.union([z.string().max(256), z.number()]).transform((value, context): Point => {
  const key = parseMessageKey(String(value).trim())
  if (key !== null) return { key }
  const time = readTime(value)
  if (typeof time === 'number') return { time }
  context.addIssue(time ?? 'must be the id of a message, or a time as Unix seconds or ISO 8601')
  return z.NEVER
})

/** Accepts a time as Unix seconds or ISO 8601. Parses to Unix milliseconds. */
export const timeInput = z.union([z.string().max(64), z.number()]).transform((value, context) => {
  const time = readTime(value)
  if (typeof time === 'number') return time * 1_000
  context.addIssue(time ?? 'must be a time as Unix seconds or ISO 8601')
  return z.NEVER
})

/** Accepts a moment, ISO 8601 with offset. Parses to Unix milliseconds. */
export const momentInput = z
  .string()
  .max(64)
  .meta({ format: 'date-time' })
  .transform((text, context) => {
    const time = readIso(text.trim(), true)
    if (time !== null) return Math.round(time * 1_000)
    context.addIssue('must be an ISO 8601 time with offset, such as 2099-01-01T12:00:00+01:00')
    return z.NEVER
  })

/** Returns Unix seconds, a sentence about a time that is too large, or null for anything else. */
function readTime(value: string | number): number | string | null {
  const text = String(value).trim()
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : readIso(text)
  return time === null || time < MILLISECONDS_FROM ? time : 'must be in seconds, not milliseconds'
}

/** `Date.parse` takes the 31st of November as the 1st of December. */
function isDay(day: string): boolean {
  const midnight = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day)
}

/** Parses an ISO 8601 time to Unix seconds. Returns null for any other text. `isMoment`: also for a time without an offset. */
function readIso(text: string, isMoment = false): number | null {
  const [, day, time = '00:00', offset] = ISO.exec(text) ?? []
  if (day === undefined || !isDay(day) || (isMoment && offset === undefined)) return null
  const zone = offset ?? 'Z'
  const milliseconds = Date.parse(`${day}T${time}${zone.replace(' ', '+').toUpperCase()}`)
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000
}
