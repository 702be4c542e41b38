/**
 * The table of events: each kind with its payload, when it is written, and what a reader does with it. The event log, the
 * list, the stream, the MCP notifications and docs/events.md are derived from it.
 */
import { z } from 'zod'
import { ChatName } from './chat.ts'
import { Contact } from './contact.ts'
import { written } from './fields.ts'
import { Message, Revision } from './message.ts'
import { REASONS, SESSION_STATES } from './status.ts'

/** The values of `fields` in `chat.changed`: fields of a chat, and `new`, `restored` and `members`. */
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

/** A row of the table. */
type Row<Kind extends string, About extends z.ZodType, Data extends z.ZodType> = {
  kind: Kind
  /** When the event is written: one sentence. */
  when: string
  /** What a reader does with it: one sentence. */
  next: string
  /** Schema of the event's `message`. */
  about: About
  data: Data
}

/** What a reader does with each kind, by the schema of the event. A registry, because it is not part of the payload. */
export const READERS = z.registry<{ next: string }>()

function event<Kind extends string, About extends z.ZodType, Data extends z.ZodType>({
  kind,
  when,
  next,
  about,
  data,
}: Row<Kind, About, Data>) {
  return z
    .object({
      v: z.literal(1).describe('Version of this shape. It stays 1 when fields are added.'),
      cursor: z
        .string()
        .describe('Position of the event in the log: pass it as `after` to continue after this event.'),
      at: z.string().describe('When the event was written to the log, ISO 8601 UTC.'),
      kind: z.literal(kind),
      chat: ChatName.nullable().describe('The chat of the event, with its present name.'),
      message: about.describe(
        'The message in its present state, not as it was at the time of the event; null if the event has no message.',
      ),
      data,
    })
    .describe(when)
    .register(READERS, { next })
}

const message = Message.nullable()
const noMessage = z.null()
const nothing = z.object({})

/** Data of an edit or a deletion: the earlier text. */
const before = z.object({
  before: Revision.nullable().describe('The earlier text; null if it is not in the archive.'),
})
const late = z.object({
  late: z
    .boolean()
    .describe(
      'True if the message came while this server was not connected and was fetched later. `message` has its time.',
    ),
})

/** One event, as the API returns it. Each kind has its own `data`. */
export const Event = z.discriminatedUnion('kind', [
  event({
    kind: 'message.received',
    when: 'A message from another person is new in the archive.',
    next: 'Store the message. A `late` message may be older than messages that you have.',
    about: message,
    data: late,
  }),
  event({
    kind: 'message.sent',
    when: 'A message of this account is new in the archive. It was sent by this server or from another device.',
    next: 'Store the message. It may be one that you sent.',
    about: message,
    data: late,
  }),
  event({
    kind: 'message.edited',
    when: 'The author edited the text of the message.',
    next: 'Replace your copy of the message.',
    about: message,
    data: before,
  }),
  event({
    kind: 'message.revoked',
    when: 'The message was deleted for everyone. Its type is now "revoked".',
    next: 'Replace your copy of the message.',
    about: message,
    data: before,
  }),
  event({
    kind: 'message.forgotten',
    when: 'The message was deleted from the archive: its chat was forgotten, it is older than the settings keep, or it disappeared from WhatsApp. Its other events are deleted too.',
    next: 'Delete your copy of the message.',
    about: noMessage,
    data: z.object({ id: z.string().describe('Id of the deleted message.') }),
  }),
  event({
    kind: 'message.ack',
    when: 'The delivery state of an own message advanced.',
    next: 'Show the new delivery state. Acks may skip steps.',
    about: message,
    data: z.object({
      ack: z.int().describe('-1 failed, 0 pending, 1 at the server, 2 delivered, 3 read, 4 played.'),
    }),
  }),
  event({
    kind: 'message.reaction',
    when: 'A person added, changed or removed a reaction.',
    next: 'Replace the earlier reaction of that person.',
    about: message,
    data: z.object({
      emoji: written(z.string().describe('Empty if the reaction was removed.')),
      from: z.string().nullable().describe('JID of the person who reacted; null if it is no longer known.'),
      from_me: z.boolean(),
    }),
  }),
  event({
    kind: 'message.decrypted',
    when: 'A message that was a placeholder is now readable.',
    next: 'Replace your copy of the message.',
    about: message,
    data: nothing,
  }),
  event({
    kind: 'chat.changed',
    when: 'A chat is new, or some of its fields changed.',
    next: 'Read the chat again with get_chat.',
    about: noMessage,
    data: z.object({
      fields: z
        .array(z.enum(CHAT_FIELDS))
        .describe('What changed. "restored": the chat had been removed and is back.'),
    }),
  }),
  event({
    kind: 'chat.removed',
    when: 'The chat was deleted on WhatsApp. Its messages stay in the archive.',
    next: 'Hide the chat.',
    about: noMessage,
    data: nothing,
  }),
  event({
    kind: 'contact.changed',
    when: 'A name or an address of a person changed. `chat` is the direct chat with this person, or null.',
    next: 'Replace your copy of the contact.',
    about: noMessage,
    data: z.object({
      contact: Contact.nullable().describe(
        'The contact in its present state; null if it is no longer known.',
      ),
    }),
  }),
  event({
    kind: 'history.loaded',
    when: 'Older messages were added to the chat. They have no events of their own.',
    next: 'Read the messages of the chat again.',
    about: noMessage,
    data: z.object({ count: z.int().min(0) }),
  }),
  event({
    kind: 'gap.found',
    when: 'A gap was found: messages of the chat are known to be missing. read_messages lists the gaps.',
    next: 'Treat your copy of the chat as incomplete.',
    about: noMessage,
    data: nothing,
  }),
  event({
    kind: 'gap.filled',
    when: 'A gap of the chat was filled.',
    next: 'Read the messages of the chat again.',
    about: noMessage,
    data: nothing,
  }),
  event({
    kind: 'session.changed',
    when: 'The session entered another state. Repeated attempts to reconnect are one event.',
    next: 'Read the status. If a person must act, `next_step` says what to do.',
    about: noMessage,
    data: z.object({
      state: z.enum(SESSION_STATES),
      reason: z
        .enum(REASONS)
        .nullable()
        .describe('Why the session is in this state; null if there is no particular reason.'),
    }),
  }),
])
export type Event = z.infer<typeof Event>
export type EventKind = Event['kind']

const [first, ...others] = Event.options
export const EVENT_KINDS: readonly [EventKind, ...EventKind[]] = [
  first.shape.kind.value,
  ...others.map(({ shape }) => shape.kind.value),
]
