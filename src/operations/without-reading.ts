/** Errors for callers without the scope `read`: they include nothing that the archive added. */
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { OutboxItem } from '../model/outbox.ts'

/** Cards, forwarded texts and "all" take what they show from the archive, so preview and mentions are left out of every item. */
const bare = ({ chat: { id, phone_number }, reply_to, mentions: _, ...item }: OutboxItem): OutboxItem => ({
  ...item,
  chat: { id, name: phone_number === null ? id : `+${phone_number}`, phone_number },
  preview: '',
  ...(reply_to === undefined ? {} : { reply_to: { ...reply_to, text: '' } }),
})

const Facts = z.looseObject({
  item: OutboxItem.transform(bare).optional().catch(undefined),
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
