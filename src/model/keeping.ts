/** Rules for what the archive keeps and for how long: for all chats, kinds of chats and single chats. */
import { z } from 'zod'
import type { ChatKind } from './chat.ts'
import { chatKindOf, type Jid, phoneJid, phoneNumberInput, toJid } from './ids.ts'
import { toAsciiDigits } from './text.ts'

/** The chats that a rule applies to: one chat, or all chats of a kind. */
export type ChatSelector = { jid: Jid } | { kind: ChatKind }

export type KeepRules = {
  /** Messages older than this many days are deleted; 0: no message is deleted. */
  days: number
  /** Overrides `days` for these chats. */
  perChat: { chats: ChatSelector; days: number }[]
  /** Messages of these chats are never stored. */
  never: ChatSelector[]
  /** True if messages that disappear from WhatsApp stay in the archive. */
  disappearing: boolean
}

/** Keeps everything for ever, except messages that disappear from WhatsApp. */
export const KEEP_ALL: KeepRules = { days: 0, perChat: [], never: [], disappearing: false }

/** The longest limited time: a hundred years. */
export const MAX_KEEP_DAYS = 36_500

const KINDS: ReadonlyMap<string, ChatKind> = new Map([
  ['direct', 'direct'],
  ['groups', 'group'],
  ['channels', 'channel'],
  ['status', 'status'],
  ['broadcasts', 'broadcast'],
])
const CHATS =
  'chat ids (…@g.us), phone numbers with country code, or direct, groups, channels, status, broadcasts'

/** Parses a chat id, a phone number or the word for a kind. Returns null for anything else. */
export function parseSelector(text: string): ChatSelector | null {
  const kind = KINDS.get(text.toLowerCase())
  if (kind !== undefined) return { kind }
  if (text.includes('@')) {
    // Servers of WhatsApp, also those of tomorrow; not the domain of an e-mail address.
    const jid = /^[\w.:-]+@[a-z][a-z0-9-]*(?:\.us|\.lid|\.whatsapp\.net)?$/.test(text) ? toJid(text) : null
    return jid === null || chatKindOf(jid) === null ? null : { jid }
  }
  const phone = /^[\d\s+().-]+$/.test(toAsciiDigits(text)) ? phoneNumberInput.safeParse(text) : null
  return phone?.success ? { jid: phoneJid(phone.data) } : null
}

const items = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Parses a list of selectors, separated by commas. */
export const chatList = z.string().transform((text, context): ChatSelector[] =>
  items(text).flatMap((item) => {
    const selector = parseSelector(item)
    if (selector === null) context.addIssue(`${CHATS}, separated by commas`)
    return selector ?? []
  }),
)

/** Parses a list of `selector=days`, separated by commas. */
export const daysPerChat = z.string().transform((text, context): KeepRules['perChat'] =>
  items(text).flatMap((item) => {
    const at = item.lastIndexOf('=')
    const chats = parseSelector(item.slice(0, Math.max(at, 0)).trim())
    const days = item.slice(at + 1).trim()
    if (chats !== null && /^\d{1,5}$/.test(days) && Number(days) <= MAX_KEEP_DAYS)
      return { chats, days: Number(days) }
    context.addIssue(`pairs such as 120363000000000000@g.us=7,status=1: ${CHATS}, each with a number of days`)
    return []
  }),
)
