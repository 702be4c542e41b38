/** What an item sends, as it is stored, shown and changed. */
import { createHash } from 'node:crypto'
import type { Outgoing, OutgoingKind } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import type { Jid, MessageKey } from '../model/ids.ts'

/** What is sent. It is stored as JSON. `answers`: the keys of the message that it replies to. */
export type Content = { outgoing: Outgoing; answers?: readonly MessageKey[] | undefined }

/** How a kind of message is shown to the owner, and how its words are replaced. */
type KindRow<K extends OutgoingKind> = {
  /** The whole text, and what else a person must know to decide. */
  preview(outgoing: Outgoing<K>): string
  /** Returns the message with this text or caption. */
  withText(outgoing: Outgoing<K>, text: string): Outgoing<K>
}

/** Replaces nothing: this kind has no text. @throws AppError `invalid_input` */
function withoutText(): never {
  return fail('invalid_input', { detail: '"message": this message has no text.' })
}

/** Media that WhatsApp shows without a text. */
export const UNCAPTIONED: ReadonlySet<string> = new Set(['voice', 'sticker'])

const KINDS: { [K in OutgoingKind]: KindRow<K> } = {
  text: { preview: ({ text }) => text, withText: (outgoing, text) => ({ ...outgoing, text }) },
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
    preview: ({ question, options }) => [`Poll: ${question}`, ...options.map((one) => `- ${one}`)].join('\n'),
    withText: (outgoing, text) => ({ ...outgoing, question: text }),
  },
  media: {
    preview: ({ as, filename, sizeBytes, caption, viewOnce }) =>
      [`[${as}${viewOnce ? ', view once' : ''}] ${filename} (${sizeBytes} bytes)`, caption]
        .filter(Boolean)
        .join('\n'),
    withText: (outgoing, caption) =>
      UNCAPTIONED.has(outgoing.as) ? withoutText() : { ...outgoing, caption },
  },
}

/** Returns the text that the owner reads before a decision. */
export function previewOf<K extends OutgoingKind>(outgoing: Outgoing<K>): string {
  return KINDS[outgoing.kind].preview(outgoing)
}

/** Returns the message with another text or caption. */
export function withText<K extends OutgoingKind>(outgoing: Outgoing<K>, text: string): Outgoing<K> {
  return KINDS[outgoing.kind].withText(outgoing, text)
}

/** Returns the fingerprint of a content for this recipient and time. An approval holds for exactly this one. */
export function digestOf(number: Jid, chat: Jid, content: Content, releaseAtMs: number | null): string {
  const { outgoing, answers = [] } = content
  return createHash('sha256')
    .update(JSON.stringify([number, chat, outgoing, answers, releaseAtMs]))
    .digest('hex')
    .slice(0, 32)
}
