/** What an item sends, as it is stored, shown and changed. */
import { createHash } from 'node:crypto'
import type { Outgoing } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import type { Jid, MessageKey } from '../model/ids.ts'

/** An existing message that is sent on. `text`: what it says. `isOneOfSeveral`: it is forwarded to other chats too. */
export type Forwarding = {
  kind: 'forward'
  keys: readonly MessageKey[]
  text: string
  isOneOfSeveral: boolean
}
/** A text for the status of the account. `background`: as #rrggbb. */
export type StatusPost = { kind: 'status'; text: string; background: string; font: number }
/** What an item can send: a new message, an existing one, or a status update. */
export type Sendable = Outgoing | Forwarding | StatusPost
type SendableKind = Sendable['kind']
type SendableOf<K extends SendableKind> = Extract<Sendable, { kind: K }>

/**
 * What is sent. It is stored as JSON; of a file, only the name: a restored backup may lie in another directory. `answers`: the keys of the message that it replies to; `answered`: its words, for the
 * owner. `overMcp`: it came over MCP, whose policy it has where its caller has none.
 */
export type Content = {
  outgoing: Sendable
  overMcp?: true | undefined
  answers?: readonly MessageKey[] | undefined
  answered?: string | undefined
}

/** How a kind of message is shown to the owner, and how its words are replaced. */
type KindRow<K extends SendableKind> = {
  /** The whole text, and what else a person must know to decide. */
  preview(outgoing: SendableOf<K>): string
  /** Returns the message with this text or caption. */
  withText(outgoing: SendableOf<K>, text: string): SendableOf<K>
}

/** The most characters of a text, a caption, the question of a poll and a status update that WhatsApp takes. */
export const MOST = { text: 65_536, caption: 1_024, question: 255, status: 700 } as const

/** Replaces nothing: this kind has no text. @throws AppError `invalid_input` */
function withoutText(): never {
  return fail('invalid_input', { detail: '"message": this message has no text.' })
}

/** @throws AppError `invalid_input` if the text is longer */
function within(most: number, text: string): string {
  if (text.length <= most) return text
  return fail('invalid_input', { detail: `"message": at most ${most} characters in this message.` })
}

/** Media that WhatsApp shows without a text. */
export const UNCAPTIONED: ReadonlySet<string> = new Set(['voice', 'sticker'])

const KINDS: { [K in SendableKind]: KindRow<K> } = {
  text: {
    preview: ({ text }) => text,
    withText: (outgoing, text) => ({ ...outgoing, text: within(MOST.text, text) }),
  },
  status: {
    preview: ({ text, background, font }) => `Status update (${background}, font ${font}): ${text}`,
    withText: (outgoing, text) => ({ ...outgoing, text: within(MOST.status, text) }),
  },
  forward: { preview: ({ text }) => `Forwarded: ${text}`, withText: withoutText },
  location: {
    preview: ({ latitude, longitude, name, address }) =>
      `Location: ${[name, address, `${latitude}, ${longitude}`].filter(Boolean).join(', ')}`,
    withText: withoutText,
  },
  contacts: {
    preview: ({ cards }) =>
      cards
        .map(({ name, organization, numbers }) =>
          [`Contact: ${name}`, organization, ...numbers.map(({ number }) => number)]
            .filter(Boolean)
            .join(', '),
        )
        .join('\n'),
    withText: withoutText,
  },
  poll: {
    preview: ({ question, options, multiple }) =>
      [`Poll${multiple ? ' (several choices)' : ''}: ${question}`, ...options.map((one) => `- ${one}`)].join(
        '\n',
      ),
    withText: (outgoing, text) => ({ ...outgoing, question: within(MOST.question, text) }),
  },
  media: {
    preview: ({ as, filename, sizeBytes, caption, viewOnce }) =>
      [`[${as}${viewOnce ? ', view once' : ''}] ${filename} (${sizeBytes} bytes)`, caption]
        .filter(Boolean)
        .join('\n'),
    withText: (outgoing, caption) =>
      UNCAPTIONED.has(outgoing.as) ? withoutText() : { ...outgoing, caption: within(MOST.caption, caption) },
  },
}

/** Returns the text that the owner reads before a decision. */
export function previewOf<K extends SendableKind>(outgoing: SendableOf<K>): string {
  return KINDS[outgoing.kind as K].preview(outgoing)
}

/** Returns the message with another text or caption. @throws AppError `invalid_input` if it has none, or if it is too long */
export function withText<K extends SendableKind>(outgoing: SendableOf<K>, text: string): SendableOf<K> {
  return KINDS[outgoing.kind as K].withText(outgoing, text)
}

/** Returns the fingerprint of a content for this recipient and time. An approval holds for exactly this one. */
export function digestOf(number: Jid, chat: Jid, content: Content, releaseAtMs: number | null): string {
  const { outgoing, answers = [] } = content
  return createHash('sha256')
    .update(JSON.stringify([number, chat, outgoing, answers, releaseAtMs]))
    .digest('hex')
    .slice(0, 32)
}
