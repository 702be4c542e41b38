/**
 * The table of events: each kind with its payload, when it is written, and what a reader does with it. The log, the list, the
 * stream, the notices and docs/events.md follow from it.
 */
import { z } from 'zod'
import { Contact } from './contact.ts'
import { Message, Revision } from './message.ts'
import { REASONS, SESSION_STATES } from './status.ts'

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

/** A row of the table. */
type Row<Kind extends string, About extends z.ZodType, Data extends z.ZodType> = {
  kind: Kind
  /** When it is written: one sentence. */
  when: string
  /** What a reader does with it: one sentence. */
  next: string
  /** What stands as its message. */
  about: About
  data: Data
}

/** What a reader does with each kind, by the schema of its event. Beside the schema, since it is no part of the payload. */
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
      v: z.literal(1).describe('Version of this shape. What is added later leaves it as it is.'),
      cursor: z.string().describe('Its place in the log: pass it as `after` to go on behind it.'),
      at: z.string().describe('When it was written down here, ISO 8601 UTC.'),
      kind: z.literal(kind),
      chat: ChatName.nullable().describe('Its chat, with the name that it has now.'),
      message: about.describe('As the message is now, not as it was then; null where it is about none.'),
      data,
    })
    .describe(when)
    .register(READERS, { next })
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
  event({
    kind: 'message.received',
    when: 'A message from somebody else is new here.',
    next: 'Take the message; `late` messages may be older than what you have.',
    about: message,
    data: late,
  }),
  event({
    kind: 'message.sent',
    when: 'A message of this account is new here, sent from here or from another device.',
    next: 'Take the message; it may be one that you sent.',
    about: message,
    data: late,
  }),
  event({
    kind: 'message.edited',
    when: 'Its author changed the text.',
    next: 'Replace your copy of the message.',
    about: message,
    data: before,
  }),
  event({
    kind: 'message.revoked',
    when: 'It was deleted for everyone; its type is "revoked" from then on.',
    next: 'Replace your copy of the message.',
    about: message,
    data: before,
  }),
  event({
    kind: 'message.forgotten',
    when: 'It left the archive: somebody forgot its chat, it became too old to be kept, or it disappeared from WhatsApp. Its other events are gone.',
    next: 'Delete your copy of the message.',
    about: noMessage,
    data: z.object({ id: z.string().describe('The id that the message had.') }),
  }),
  event({
    kind: 'message.ack',
    when: 'An own message came further on its way.',
    next: 'Show how far the message came; acks may skip steps.',
    about: message,
    data: z.object({
      ack: z.int().describe('-1 failed, 0 waits, 1 at the server, 2 delivered, 3 read, 4 played.'),
    }),
  }),
  event({
    kind: 'message.reaction',
    when: 'Somebody reacted to it, changed the reaction or took it back.',
    next: 'Replace the earlier reaction of that person.',
    about: message,
    data: z.object({
      emoji: z.string().describe('Empty: the reaction was taken back.'),
      from: z.string().nullable().describe('JID of who reacted; null where it is not known any more.'),
      from_me: z.boolean(),
    }),
  }),
  event({
    kind: 'message.decrypted',
    when: 'What stood as a placeholder can be read now.',
    next: 'Replace your copy of the message.',
    about: message,
    data: nothing,
  }),
  event({
    kind: 'chat.changed',
    when: 'A chat is new, or something about it changed.',
    next: 'Read the chat again with get_chat.',
    about: noMessage,
    data: z.object({
      fields: z.array(z.enum(CHAT_FIELDS)).describe('What changed; "restored": it had been removed.'),
    }),
  }),
  event({
    kind: 'chat.removed',
    when: 'The chat was deleted on WhatsApp; what the archive has of it stays.',
    next: 'Hide the chat.',
    about: noMessage,
    data: nothing,
  }),
  event({
    kind: 'contact.changed',
    when: 'A name or an address of a person changed; `chat` is their direct chat, where there is one.',
    next: 'Replace your copy of the contact.',
    about: noMessage,
    data: z.object({
      contact: Contact.nullable().describe(
        'The person as they are now; null where nothing is known any more.',
      ),
    }),
  }),
  event({
    kind: 'history.loaded',
    when: 'Older messages were added to the chat; they have no events of their own.',
    next: 'Read the messages of the chat again.',
    about: noMessage,
    data: z.object({ count: z.int().min(0) }),
  }),
  event({
    kind: 'gap.found',
    when: 'Messages of the chat are known to be missing; read_messages names them.',
    next: 'Treat your copy of the chat as incomplete.',
    about: noMessage,
    data: nothing,
  }),
  event({
    kind: 'gap.filled',
    when: 'A gap of the chat is closed.',
    next: 'Read the messages of the chat again.',
    about: noMessage,
    data: nothing,
  }),
  event({
    kind: 'session.changed',
    when: 'The session entered another state. Repeated attempts to win a lost connection back are told once.',
    next: 'Read the status; where a person has to act, its `next_step` says how.',
    about: noMessage,
    data: z.object({
      state: z.enum(SESSION_STATES),
      reason: z.enum(REASONS).nullable().describe('Why; null where the state says it all.'),
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
