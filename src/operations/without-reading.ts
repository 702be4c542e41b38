/** Errors and outputs for callers without the scope `read`: of what was not sent, they include nothing that the archive added. */
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { phoneOf, toJid } from '../model/ids.ts'
import { OutboxItem } from '../model/outbox.ts'

/** A chat without its name of the archive. */
const unnamed = <Chat extends { id: string }>(chat: Chat) => {
  const phone = phoneOf(toJid(chat.id))
  return { ...chat, name: phone === null ? chat.id : `+${phone}` }
}

/** The operations whose messages show names and texts of the archive. All others show what the caller wrote. */
const OF_ARCHIVE: readonly string[] = ['send_contacts', 'forward_message']

/** Returns the item without what the archive added. `mentions` may name the members of a group. */
const bare = ({ chat, reply_to, mentions: _, ...item }: OutboxItem): OutboxItem => ({
  ...item,
  chat: unnamed(chat),
  preview: OF_ARCHIVE.includes(item.operation) ? '' : item.preview,
  ...(reply_to === undefined ? {} : { reply_to: { ...reply_to, text: '' } }),
})

const Unsent = z
  .looseObject({ ok: z.literal(false), name: z.unknown().optional() })
  .transform(({ name: _, ...result }) => result)
const Output = z.looseObject({ results: z.array(z.union([Unsent, z.unknown()])) })

/** Returns this output of a call without the names of chats to which nothing was sent. */
export function withoutUnsentNames<T>(output: T): T {
  const { data } = Output.safeParse(output)
  return data === undefined ? output : { ...output, results: data.results }
}

const Facts = z.looseObject({
  item: OutboxItem.transform(bare).optional().catch(undefined),
  /** Of all messages of a call. */
  chat: z.looseObject({ id: z.string() }).transform(unnamed).optional().catch(undefined),
  results: z
    .array(z.looseObject({ name: z.unknown().optional() }).transform(({ name: _, ...result }) => result))
    .optional()
    .catch(undefined),
})

/** Returns this error without names, texts and chats of the archive. Ids that the call has found stay. */
export function withoutReading({ code, message, hint, retryAfterS, facts, cause }: AppError): AppError {
  const { candidates, ...others } = facts
  return new AppError(code, {
    detail: message,
    hint: candidates === undefined ? hint : 'Send to the id of the chat, or to the phone number.',
    cause,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
    facts: Facts.parse(others),
  })
}
