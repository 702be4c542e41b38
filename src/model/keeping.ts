/** What is kept in the archive and for how long, as a person sets it: rules for all chats, kinds of chats and single ones. */
import { z } from 'zod'
import type { ChatKind } from './chat.ts'
import { chatKindOf, type Jid, phoneJid, phoneNumberInput, toJid } from './ids.ts'
import { withPlainDigits } from './text.ts'

/** Chats that a rule is about: one, or all of a kind. */
export type ChatSelector = { jid: Jid } | { kind: ChatKind }

export type KeepRules = {
  /** Messages older than this many days are deleted; 0: none is. */
  days: number
  /** In place of `days` for these chats. */
  perChat: { chats: ChatSelector; days: number }[]
  /** Messages of these are never written. */
  never: ChatSelector[]
  /** Are messages kept that disappear from WhatsApp? */
  disappearing: boolean
}

/** Everything for ever, but for what disappears from WhatsApp. */
export const KEEP_ALL: KeepRules = { days: 0, perChat: [], never: [], disappearing: false }

/** The longest time to keep something for that is not for ever: a hundred years. */
export const MAX_KEEP_DAYS = 36_500

const KINDS: Record<string, ChatKind> = {
  direct: 'direct',
  groups: 'group',
  channels: 'channel',
  status: 'status',
  broadcasts: 'broadcast',
}
const CHATS =
  'chat ids (…@g.us), phone numbers with country code, or direct, groups, channels, status, broadcasts'

/** A chat's id, a phone number, or the word for a kind; null for anything else. */
export function parseSelector(text: string): ChatSelector | null {
  const kind = KINDS[text.toLowerCase()]
  if (kind !== undefined) return { kind }
  if (text.includes('@')) {
    const jid = /^[\w.:-]+@[a-z.]+$/.test(text) ? toJid(text) : null
    return jid === null || chatKindOf(jid) === null ? null : { jid }
  }
  const phone = /^[\d\s+().-]+$/.test(withPlainDigits(text)) ? phoneNumberInput.safeParse(text) : null
  return phone?.success ? { jid: phoneJid(phone.data) } : null
}

const items = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Selectors, separated by commas. */
export const chatList = z.string().transform((text, context): ChatSelector[] =>
  items(text).flatMap((item) => {
    const selector = parseSelector(item)
    if (selector === null) context.addIssue(`${CHATS}, separated by commas`)
    return selector ?? []
  }),
)

/** `selector=days`, separated by commas. */
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
