/**
 * What happens in the archive: the kinds of entries of the event log, each written with the change it tells of, and the
 * shape in which they are told outside.
 */
import { z } from 'zod'
import { Contact } from './contact.ts'
import { Message, Revision } from './message.ts'

export const EVENT_KINDS = [
  'message.received',
  'message.sent',
  'message.edited',
  'message.revoked',
  'message.ack',
  'message.reaction',
  'message.decrypted',
  'chat.changed',
  'chat.removed',
  'contact.changed',
  'history.loaded',
  'gap.found',
  'gap.filled',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** What `chat.changed` names: members of a chat outside, and what else can happen to one. */
export const CHAT_FIELDS = [
  'new',
  'restored',
  'name',
  'unread_count',
  'archived',
  'pinned',
  'muted',
  'is_read_only',
  'members',
] as const
export type ChatField = (typeof CHAT_FIELDS)[number]

const ChatName = z.object({ id: z.string(), name: z.string() })

/** What every event has. `about`: what stands as its message. */
function event<Kind extends EventKind, About extends z.ZodType, Data extends z.ZodType>(
  kind: Kind,
  description: string,
  about: About,
  data: Data,
) {
  return z
    .object({
      v: z.literal(1).describe('Version of this shape. What is added later leaves it as it is.'),
      cursor: z.string().describe('Its place in the log: pass it as `after` to go on behind it.'),
      at: z.string().describe('When it was written down here, ISO 8601 UTC.'),
      kind: z.literal(kind),
      chat: ChatName.nullable().describe('Its chat, with the name that it has now.'),
      message: about.describe('As the message is now, not as it was then; null where it is about none.'),
      data,
    })
    .describe(description)
}

const message = Message.nullable()
const noMessage = z.null()
const nothing = z.object({})

/** What a message said before; null where that is not known any more. */
const before = z.object({
  before: Revision.nullable().describe('What it said before; null where that is not known here.'),
})
const late = z.object({
  late: z
    .boolean()
    .describe('It came while nothing listened, and was found afterwards; its time is in `message`.'),
})

/** One event as it is told outside. Each kind has data of its own. */
export const Event = z.discriminatedUnion('kind', [
  event('message.received', 'A message from somebody else is new here.', message, late),
  event(
    'message.sent',
    'A message of this account is new here, sent from here or from another device.',
    message,
    late,
  ),
  event('message.edited', 'Its author changed the text.', message, before),
  event(
    'message.revoked',
    'It was deleted for everyone; its type is "revoked" from then on.',
    message,
    before,
  ),
  event(
    'message.ack',
    'An own message came further on its way.',
    message,
    z.object({
      ack: z.int().describe('-1 failed, 0 waits, 1 at the server, 2 delivered, 3 read, 4 played.'),
    }),
  ),
  event(
    'message.reaction',
    'Somebody reacted to it, changed the reaction or took it back.',
    message,
    z.object({
      emoji: z.string().describe('Empty: the reaction was taken back.'),
      from: z.string().nullable().describe('JID of who reacted; null where it is not known any more.'),
      from_me: z.boolean(),
    }),
  ),
  event('message.decrypted', 'What stood as a placeholder can be read now.', message, nothing),
  event(
    'chat.changed',
    'A chat is new, or something about it changed; get_chat tells how it is now.',
    noMessage,
    z.object({
      fields: z.array(z.enum(CHAT_FIELDS)).describe('What changed; "restored": it had been removed.'),
    }),
  ),
  event(
    'chat.removed',
    'The chat was deleted on WhatsApp; what the archive has of it stays.',
    noMessage,
    nothing,
  ),
  event(
    'contact.changed',
    'A name or an address of a person changed; `chat` is their direct chat, where there is one.',
    noMessage,
    z.object({
      contact: Contact.nullable().describe(
        'The person as they are now; null where nothing is known any more.',
      ),
    }),
  ),
  event(
    'history.loaded',
    'Older messages were added to the chat; they have no events of their own.',
    noMessage,
    z.object({ count: z.int().min(0) }),
  ),
  event(
    'gap.found',
    'Messages of the chat are known to be missing; read_messages names them.',
    noMessage,
    nothing,
  ),
  event('gap.filled', 'A gap of the chat is closed.', noMessage, nothing),
])
export type Event = z.infer<typeof Event>
