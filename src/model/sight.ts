/** The chats of an account that a caller sees. */
import { z } from 'zod'
import type { Jid } from './ids.ts'
import { parseSelector } from './keeping.ts'

/** `only`: no other chats; null: all. `hide`: not these. A person's chat is found by each of their addresses. */
export type Sight = { only: readonly Jid[] | null; hide: readonly Jid[] }

/** Parses a list of chat ids and phone numbers, separated by commas. */
export const jidList = z.string().transform((text, context): Jid[] =>
  text.split(',').flatMap((item) => {
    if (item.trim() === '') return []
    const selector = parseSelector(item.trim())
    if (selector !== null && 'jid' in selector) return [selector.jid]
    context.addIssue('chat ids (…@g.us) and phone numbers with country code, separated by commas')
    return []
  }),
)
