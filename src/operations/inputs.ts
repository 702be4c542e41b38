/** Fields that several operations take. As text too, since in a query and in a path everything is text. */
import { z } from 'zod'
import { chatKindOf, type Jid, parseMessageKey, phoneJid, phoneNumberInput, toJid } from '../model/ids.ts'
import type { Point } from '../model/point.ts'
import { withPlainDigits } from '../model/text.ts'

/** A whole number within these bounds. */
export function whole(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  )
}

const SWITCH: Record<string, boolean> = { true: true, '1': true, false: false, '0': false }

/** true or false; 1 and 0 are the same. */
export const yesNo = z.preprocess(
  (value) =>
    typeof value === 'string' || typeof value === 'number' ? (SWITCH[String(value)] ?? value) : value,
  z.boolean('must be true or false'),
)

/** A list of words; commas separate them too, in text and in its entries. */
export function wordList<Word extends z.ZodType>(word: Word) {
  const split = (value: unknown) =>
    typeof value === 'string' ? value.split(',').map((one) => one.trim()) : [value]
  return z.preprocess(
    (value) => (typeof value === 'string' || Array.isArray(value) ? [value].flat().flatMap(split) : value),
    z.array(word).min(1).max(20),
  )
}

/** One of these words or several. */
export function oneOrMore<const Words extends readonly [string, ...string[]]>(words: Words) {
  return wordList(z.enum(words))
}

/** How many entries a page has at most. */
export const limit = (fallback: number) =>
  whole(1, 100).default(fallback).describe(`How many at most, 1 to 100. Default ${fallback}.`)

/** Where a list goes on. */
export const cursor = z
  .string()
  .max(2_000)
  .optional()
  .describe('`next_cursor` of the page before. Leave it out for the first page.')

/** What is searched for among names and numbers. */
export const nameQuery = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200)
  .optional()
  .describe('Any part of a name or phone number, whatever its accents and case. Several words must all fit.')

/** A chat or person by JID; a bare phone number is taken as the person's. Null for any other text. */
export function readAddress(text: string): Jid | null {
  const trimmed = withPlainDigits(text.trim())
  if (trimmed.includes('@')) {
    if (!/^[\w.:-]+@[a-z.]+$/.test(trimmed)) return null
    const jid = toJid(trimmed)
    return chatKindOf(jid) === null ? null : jid
  }
  const phone = /^[\d\s+().-]+$/.test(trimmed) ? phoneNumberInput.safeParse(trimmed) : null
  return phone?.success ? phoneJid(phone.data) : null
}

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

/** What {@link contactIdInput} says of anything else. */
const MUST_BE_PERSON =
  'must be a phone number, or the id of a person such as 15551234567@c.us or …@lid; GET /api/contacts?query=… finds it by name'

/** A person by number, phone JID or LID. Parses to a {@link Jid}. */
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
    context.addIssue('must be the whole id of a message, such as true_15551234567@c.us_3EB0AA')
    return z.NEVER
  })
  .describe('Id of the message as it stands in a message, whole, for example "true_15551234567@c.us_3EB0AA".')

/** Later times in seconds than this (the year 5138) are milliseconds that somebody forgot to divide. */
const MAX_SECONDS = 1e11
/** Without a zone it is UTC. A "+" in a query arrives as a space. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)([Zz]|[+\- ]\d\d:?\d\d)?)?$/

/** Where in a chat: a message's id or a time. Parses to a {@link Point}. */
export const pointInput = z.union([z.string().max(256), z.number()]).transform((value, context): Point => {
  const text = String(value).trim()
  const key = parseMessageKey(text)
  if (key !== null) return { key }
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : readIso(text)
  if (time !== null && time < MAX_SECONDS) return { time }
  context.addIssue(
    time === null
      ? 'must be the id of a message, or a time as Unix seconds or ISO 8601'
      : 'must be in seconds, not milliseconds',
  )
  return z.NEVER
})

/** Unix seconds; null for what is no such time. */
function readIso(text: string): number | null {
  const [, day, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? []
  if (day === undefined) return null
  const milliseconds = Date.parse(`${day}T${time}${zone.replace(' ', '+').toUpperCase()}`)
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000
}
