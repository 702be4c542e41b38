/** WhatsApp's addresses and message keys. Only this file makes and parses them; elsewhere they are opaque. */
import { z } from 'zod'
import type { ChatKind } from './chat.ts'
import { toAsciiDigits } from './text.ts'

declare const brand: unique symbol
type Brand<Name extends string> = { readonly [brand]: Name }

/** A phone number as digits only, country code first, 8 to 15 of them (E.164 without the plus). */
export type PhoneNumber = string & Brand<'PhoneNumber'>
/** A JID: `<digits>@c.us` (a person by phone), `<digits>@lid` (a person by LID), `<id>@g.us` (a group), … */
export type Jid = string & Brand<'Jid'>
/** Id of an account of this server. */
export type AccountId = string & Brand<'AccountId'>
/** A serialized message key: `<from_me>_<chat>_<bare id>[_<participant>]`. */
export type MessageKey = string & Brand<'MessageKey'>

/**
 * The `phone_number` of the API. All characters except digits are removed; 8 to 15 digits must remain. JSON numbers and
 * digits of any script are accepted.
 * Parses to a {@link PhoneNumber}.
 */
export const phoneNumberInput = z
  .union([z.string().max(64), z.number().int().nonnegative()])
  .transform((value) => toAsciiDigits(String(value)).replace(/\D/g, ''))
  .pipe(z.string().regex(/^\d{8,15}$/, 'must have 8 to 15 digits, country code included, no 00, no (0)'))
  .transform((digits) => digits as PhoneNumber)
  .describe('Phone number with country code, for example "+1 555 123 4567". Other characters are ignored.')

/** The `account` of the API. Parses to an {@link AccountId}. */
export const accountIdInput = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,31}$/,
    'must be 1 to 32 of a-z, 0-9, _ and -, the first one a letter or digit',
  )
  .transform((id) => id as AccountId)
  .describe('Name of an account of this server, for example "default" or "work".')

/** The account of the documented system. It always exists. */
export const DEFAULT_ACCOUNT = 'default' as AccountId

/** Returns the JID of the person with this phone number. */
export function phoneJid(phone: PhoneNumber): Jid {
  return `${phone}@c.us` as Jid
}

/** Returns the JID for WhatsApp Web's text. `@s.whatsapp.net` (other libraries) becomes `@c.us`; a device part is removed. */
export function toJid(text: string): Jid {
  const [user = '', server = ''] = text.split('@')
  const bare = user.split(':')[0] ?? user
  return `${bare}@${server === 's.whatsapp.net' ? 'c.us' : server}` as Jid
}

/** Returns the digits of a `<digits>@c.us` JID, or null for any other kind. */
export function phoneOf(jid: Jid): PhoneNumber | null {
  const match = /^(\d+)@c\.us$/.exec(jid)
  return match?.[1] === undefined ? null : (match[1] as PhoneNumber)
}

/** Brazil added a 9 to mobile numbers, and Mexico removed a 1. The age of an account decides which spelling WhatsApp has. */
const SPELLINGS: readonly [spelled: RegExp, other: string][] = [
  [/^(?<area>55\d\d)9(?<rest>[6-9]\d{7})@c\.us$/, '$<area>$<rest>@c.us'],
  [/^(?<area>55\d\d)(?<rest>[6-9]\d{7})@c\.us$/, '$<area>9$<rest>@c.us'],
  [/^521(?<rest>[2-9]\d{9})@c\.us$/, '52$<rest>@c.us'],
  [/^52(?<rest>[2-9]\d{9})@c\.us$/, '521$<rest>@c.us'],
]

/** Returns the JID, and that of the other spelling of the same phone number if there is one. */
export function spelledAs(jid: Jid): Jid[] {
  return [
    jid,
    ...SPELLINGS.flatMap(([spelled, other]) =>
      spelled.test(jid) ? [toJid(jid.replace(spelled, other))] : [],
    ),
  ]
}

/** Returns true for the JID of a group. */
export function isGroup(jid: Jid): boolean {
  return jid.endsWith('@g.us')
}

/** Brands a message key as WhatsApp Web prints it. Several keys can name the same message, see {@link keyAliases}. */
export function toMessageKey(text: string): MessageKey {
  return text as MessageKey
}

/** Returns a new bare id in the form of WhatsApp Web (WAWebMsgKey `newId`): `3EB0` and 18 hexadecimal digits. */
export function newBareId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  return `3EB0${[...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}`
}

/** The parts of a message key. `participant` is the author in a group. */
export type KeyParts = { fromMe: boolean; chat: Jid; bareId: string; participant: Jid | null }

/**
 * Returns the parts of a key `<from_me>_<chat>_<bare id>[_<participant>]`, or null for any other text. Keys of messages
 * to oneself end in `_out`, on some builds in `_in` (wwebjs#201857).
 */
export function parseMessageKey(text: string): KeyParts | null {
  const match =
    /^(true|false)_([^_@]+@[a-z][a-z0-9.-]*)_([^_@]+)(?:_(out|in|[^_@]+@[a-z][a-z0-9.-]*))?$/.exec(text)
  const [, direction, chat, bareId, rest] = match ?? []
  if (chat === undefined || bareId === undefined) return null
  return {
    fromMe: direction === 'true',
    chat: toJid(chat),
    bareId,
    participant: rest?.includes('@') ? toJid(rest) : null,
  }
}

/** Returns the text of a key; in the chat with oneself it lacks the end, see {@link parseMessageKey}. */
export function toKeyText({ fromMe, chat, bareId, participant }: KeyParts): string {
  return [fromMe, chat, bareId, ...(participant === null ? [] : [participant])].join('_')
}

/**
 * Returns all keys of the same message: one for each address of its chat and of its author, because a person has a phone
 * JID and a LID. Returns the text alone if it is not a key.
 */
export function keyAliases(text: string, addressesOf: (jid: Jid) => readonly Jid[]): string[] {
  const key = parseMessageKey(text)
  if (key === null) return [text]
  const { fromMe, chat, bareId, participant } = key
  const ends =
    participant === null
      ? [/_(?:out|in)$/.exec(text)?.[0] ?? '']
      : addressesOf(participant).map((one) => `_${one}`)
  return addressesOf(chat).flatMap((one) => ends.map((end) => `${fromMe}_${one}_${bareId}${end}`))
}

/** The chat of all status updates. */
export const STATUS = 'status@broadcast' as Jid

/** Returns the kind of chat that a JID names: `other` for servers that are not known yet. Null for a text that is no address. */
export function chatKindOf(jid: Jid): ChatKind | null {
  switch (jid.slice(jid.indexOf('@') + 1)) {
    case 'c.us':
    case 'lid':
      return 'direct'
    case 'g.us':
      return 'group'
    case 'newsletter':
      return 'channel'
    case 'broadcast':
      return jid === STATUS ? 'status' : 'broadcast'
    default:
      return /^[^@_\s]+@[a-z][a-z0-9.-]*$/.test(jid) ? 'other' : null
  }
}

/** Parses the JID of a chat or person; a phone number becomes the person's JID. Returns null for any other text. */
export function readAddress(text: string): Jid | null {
  const trimmed = toAsciiDigits(text.trim())
  if (trimmed.includes('@')) {
    if (!/^[\w.:-]+@[a-z][a-z0-9.-]*$/.test(trimmed)) return null
    const jid = toJid(trimmed)
    return chatKindOf(jid) === null ? null : jid
  }
  const phone = /^[\d\s+().-]+$/.test(trimmed) ? phoneNumberInput.safeParse(trimmed) : null
  return phone?.success ? phoneJid(phone.data) : null
}
