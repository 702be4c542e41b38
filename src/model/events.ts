/**
 * The table of events: each kind with its payload, when it is written, what a reader does with it, its line for agents, and how
 * it is made from the log. The event log, the list, the stream, the MCP notifications and docs/events.md are derived from it.
 */
import { z } from 'zod'
import { Contact } from './contact.ts'
import { type Common, event, type Find, type Line, line, messageEvent } from './event-row.ts'
import { shortOf, writtenByPeople } from './fields.ts'
import { type Message, Revision } from './message.ts'
import { OUTBOX_STATES, type OutboxState } from './outbox.ts'
import { Restriction } from './restriction.ts'
import { REASONS, type Reason, SESSION_STATES, type SessionState } from './status.ts'
import { toIsoSecond } from './times.ts'

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

/** The values of `changed` in `group.changed`: fields of a group, and `picture` and `invite`. */
export const GROUP_FIELDS = [
  'name',
  'description',
  'picture',
  'only_admins_send',
  'only_admins_edit',
  'only_admins_add',
  'approve_members',
  'disappearing_s',
  'invite',
] as const
export type GroupField = (typeof GROUP_FIELDS)[number]

/**
 * Data that the log stores with an event, by kind. People, revisions and messages are referenced as the archive does.
 */
export type StoredData = {
  /** For a new message: it arrived while the server was not connected. */
  late?: boolean
  /** For an edit or a deletion: the revision with the earlier text. */
  revision?: number
  ack?: number
  /** For a reaction: the emoji and its sender. */
  emoji?: string
  sender?: number
  /** Columns of the chat that changed, or `new`, `removed` (the chat exists again), `members`. */
  fields?: string[]
  /** For a vote: the names of the chosen options; null: it cannot be read. */
  options?: string[] | null
  person?: number
  /** It is the picture of `person` that changed. */
  picture?: boolean
  /** Members of a group. */
  people?: number[]
  count?: number
  /** For a deleted message: with the chat and `sender`, the parts of its key. */
  bare_id?: string
  starred?: boolean
  /** Unix seconds; null: no longer pinned. */
  pinned_until?: number | null
  /** A call to this account, from `person`. */
  call?: { id: string; video: boolean; group: boolean }
  state?: SessionState
  restriction?: Restriction
  reason?: Reason | null
  item?: StoredItem
}

/** What the log stores of an item of the outbox. */
export type StoredItem = {
  item_id: string
  item_state: OutboxState
  operation: string
  message_id: string | null
  code: string | null
}
export type OutboxEventKind = 'send.held' | 'send.released' | 'send.settled'

const itemData = z.object({
  item_id: z.string().describe('Id of the item of the outbox.'),
  item_state: z.enum(OUTBOX_STATES),
  operation: z.string().describe('The operation that created it.'),
  message_id: z
    .string()
    .nullable()
    .describe(
      'Id of the message; null if it is not sent. In the states sending and unknown, the message may not exist.',
    ),
  code: z.string().nullable().describe('Code of the error; null if there is none.'),
})
/** Data of an event of the outbox. */
const item = {
  data: itemData,
  read: ({ item: stored }: StoredData) =>
    stored ?? { item_id: '', item_state: 'unknown' as const, operation: '', message_id: null, code: null },
  line: line(itemData.shape, ({ item_id, item_state, operation, message_id, code }) => ({
    item: item_id,
    state: item_state,
    operation,
    message: message_id,
    error: code,
  })),
}
/** A person by name, as data and lines of events have them. */
const Person = z.object({ id: z.string(), name: writtenByPeople(z.string()) })
/** Data of an event about members of a group. */
const members = {
  data: z.object({
    members: z.array(Person).describe('The people, with their present names.'),
  }),
  read: ({ people = [] }: StoredData, find: Find) => ({
    members: people.flatMap((person) => {
      const contact = find.contact(person)
      return contact === null ? [] : [{ id: contact.id, name: contact.name }]
    }),
  }),
  line: line({ members: z.array(Person) }, ({ members }, { quoted }) => ({
    members: members.map(({ id, name }) => `${quoted(name)} [${id}]`).join(' '),
  })),
}
/** Data of a call. */
const call = {
  data: z.object({
    call_id: z.string(),
    caller: Person.nullable().describe('The caller; null if they are no longer known.'),
    video: z.boolean(),
    group: z.boolean().describe('True for a call in a group, which is `chat`.'),
  }),
  read: ({ person, call = { id: '', video: false, group: false } }: StoredData, find: Find) => {
    const caller = find.contact(person)
    const { id: call_id, video, group } = call
    return { call_id, caller: caller && { id: caller.id, name: caller.name }, video, group }
  },
  line: line(
    {
      call_id: z.string(),
      caller: Person.nullable(),
      video: z.boolean(),
      group: z.boolean(),
    },
    ({ call_id, caller, video, group }, { quoted }) => ({
      from: caller && `${quoted(caller.name)} [${caller.id}]`,
      video,
      'in a group': group,
      call: call_id,
    }),
  ),
}
const nothing = { data: z.object({}), read: () => ({}) }

/** Data of an edit or a deletion: the earlier text. */
const before = {
  data: z.object({
    before: Revision.nullable().describe('The earlier text; null if it is not in the archive.'),
  }),
  read: ({ revision }: StoredData, find: Find) => ({ before: find.revision(revision) }),
  line: line({ before: Revision.pick({ body: true }).nullable() }, ({ before }, { quoted }) => ({
    'earlier text': before && quoted(before.body),
  })),
}
const lateData = z.object({
  late: z
    .boolean()
    .describe(
      'True if the message came while this server was not connected and was fetched later. `message` has its time.',
    ),
})
const late = {
  data: lateData,
  read: ({ late = false }: StoredData) => ({ late }),
  line: line(lateData.shape, ({ late }) => ({ late })),
}

/** One event, as the API returns it. Each kind has its own `data`. */
export const Event = z.discriminatedUnion('kind', [
  messageEvent({
    kind: 'message.received',
    when: 'A message from another person is new in the archive.',
    next: 'Store the message. A `late` message may be older than messages that you have.',
    ...late,
  }),
  messageEvent({
    kind: 'message.sent',
    when: 'A message of this account is new in the archive. It was sent by this server or from another device. Status updates have an event of their own.',
    next: 'Store the message. It may be one that you sent.',
    ...late,
  }),
  messageEvent({
    kind: 'status_update.posted',
    when: 'A status update of this account is new in the archive. It was posted by this server or from another device.',
    next: 'Store it. WhatsApp shows it for 24 hours.',
    ...late,
  }),
  messageEvent({
    kind: 'message.edited',
    when: 'The author edited the text of the message.',
    next: 'Replace your copy of the message.',
    ...before,
  }),
  messageEvent({
    kind: 'message.revoked',
    when: 'The message was deleted for everyone. Its type is now "revoked".',
    next: 'Replace your copy of the message.',
    ...before,
  }),
  event({
    kind: 'message.forgotten',
    when: 'The message was deleted from the archive: its chat was forgotten, it is older than the settings keep, or it disappeared from WhatsApp. Its other events are deleted too.',
    next: 'Delete your copy of the message.',
    data: z.object({ id: z.string().describe('Id of the deleted message.') }),
    read: ({ bare_id = '', sender }, find) => ({ id: find.messageId(bare_id, sender) }),
    line: line({ id: z.string() }, ({ id }) => ({ message: id })),
    changesMessage: true,
  }),
  messageEvent({
    kind: 'message.ack',
    when: 'The delivery state of an own message advanced.',
    next: 'Show the new delivery state. Acks may skip steps.',
    data: z.object({
      ack: z.int().describe('-1 failed, 0 pending, 1 at the server, 2 delivered, 3 read, 4 played.'),
    }),
    read: ({ ack = 0 }) => ({ ack }),
    line: line({ ack: z.int() }, ({ ack }) => ({ ack })),
    changesMessage: false,
  }),
  messageEvent({
    kind: 'message.reaction',
    when: 'A person added, changed or removed a reaction.',
    next: 'Replace the earlier reaction of that person.',
    data: z.object({
      emoji: writtenByPeople(z.string().describe('Empty if the reaction was removed.')),
      from: z.string().nullable().describe('JID of the person who reacted; null if it is no longer known.'),
      from_me: z.boolean(),
    }),
    read: ({ emoji = '', sender }, find) => ({ emoji, from: find.jid(sender), from_me: find.isMe(sender) }),
    line: line(
      { emoji: writtenByPeople(z.string()), from: z.string().nullable(), from_me: z.boolean() },
      ({ emoji, from, from_me }, { quoted }) => ({ emoji: quoted(emoji), from, 'by me': from_me }),
    ),
  }),
  messageEvent({
    kind: 'poll.voted',
    when: 'A person voted in a poll, changed the vote or took it back, on any device.',
    next: 'Replace your copy of the poll: `message` has the results.',
    data: z.object({
      voter: z.string().nullable().describe('JID of the person who voted; null if it is no longer known.'),
      from_me: z.boolean(),
      options: z
        .array(writtenByPeople(z.string()))
        .nullable()
        .describe('The whole choice; empty if the vote was taken back, null if it could not be read.'),
    }),
    read: ({ options = null, sender }, find) => ({
      voter: find.jid(sender),
      from_me: find.isMe(sender),
      options,
    }),
    line: line(
      {
        voter: z.string().nullable(),
        from_me: z.boolean(),
        options: z.array(writtenByPeople(z.string())).nullable(),
      },
      ({ voter, from_me, options }, { quoted }) => ({
        voter,
        'by me': from_me,
        for: options?.map(quoted).join(' '),
        'taken back': options?.length === 0,
        unreadable: options === null,
      }),
    ),
  }),
  messageEvent({
    kind: 'message.starred',
    when: 'The owner starred the message on any device, or removed the star.',
    next: 'Replace your copy of the message.',
    data: z.object({ starred: z.boolean() }),
    read: ({ starred = false }) => ({ starred }),
    line: line({ starred: z.boolean() }, ({ starred }) => ({ [starred ? 'starred' : 'not starred']: true })),
  }),
  messageEvent({
    kind: 'message.pinned',
    when: 'A person pinned the message for everyone in its chat, or unpinned it.',
    next: 'Replace your copy of the message.',
    data: z.object({
      until: z.string().nullable().describe('When the pin ends, ISO 8601 UTC; null: it is unpinned.'),
    }),
    read: ({ pinned_until = null }) => ({ until: pinned_until === null ? null : toIsoSecond(pinned_until) }),
    line: line({ until: z.string().nullable() }, ({ until }) =>
      until === null ? { unpinned: true } : { until },
    ),
  }),
  messageEvent({
    kind: 'message.decrypted',
    when: 'A message that was a placeholder is now readable.',
    next: 'Replace your copy of the message.',
    ...nothing,
  }),
  messageEvent({
    kind: 'message.transcribed',
    when: 'A program of this server found the words of a voice note, an audio file or a document: `transcript` or `text` of the message.',
    next: 'Replace your copy of the message.',
    ...nothing,
  }),
  event({
    kind: 'chat.changed',
    when: 'A chat is new, or some of its fields changed.',
    next: 'Read the chat again with get_chat.',
    data: z.object({
      fields: z
        .array(z.enum(CHAT_FIELDS))
        .describe('What changed. "restored": the chat had been removed and is back.'),
    }),
    read: ({ fields = [] }, find) => ({ fields: find.chatFields(fields) }),
    line: line({ fields: z.array(z.enum(CHAT_FIELDS)) }, ({ fields }) => ({ changed: fields.join(' ') })),
  }),
  event({
    kind: 'chat.removed',
    when: 'The chat was deleted on WhatsApp. Its messages stay in the archive.',
    next: 'Hide the chat.',
    ...nothing,
  }),
  event({
    kind: 'group.member_added',
    when: 'People are members of a group who were not before. Also reported by chat.changed with "members".',
    next: 'Add them to your copy of the group.',
    ...members,
  }),
  event({
    kind: 'group.member_removed',
    when: 'People are no longer members of a group: they left, or an admin removed them.',
    next: 'Remove them from your copy of the group.',
    ...members,
  }),
  event({
    kind: 'group.member_promoted',
    when: 'Members of a group are admins now.',
    next: 'Change your copy of the group.',
    ...members,
  }),
  event({
    kind: 'group.member_demoted',
    when: 'Members of a group are no longer admins.',
    next: 'Change your copy of the group.',
    ...members,
  }),
  messageEvent({
    kind: 'group.changed',
    when: 'A person changed the name, the description, the picture, the invite or a setting of a group, on any device. `message` is the notice.',
    next: 'Read the group again with get_group.',
    data: z.object({
      changed: z
        .array(z.enum(GROUP_FIELDS))
        .describe('What changed: fields of the group, its picture or its invite.'),
      by: z.string().nullable().describe('JID of the person who changed it; null if it is not known.'),
      from_me: z.boolean(),
    }),
    read: ({ fields = [], sender }, find) => ({
      changed: GROUP_FIELDS.filter((field) => fields.includes(field)),
      by: find.jid(sender),
      from_me: find.isMe(sender),
    }),
    line: line(
      { changed: z.array(z.enum(GROUP_FIELDS)), by: z.string().nullable(), from_me: z.boolean() },
      ({ changed, by, from_me }) => ({ changed: changed.join(' '), by, 'by me': from_me }),
    ),
    changesMessage: false,
  }),
  messageEvent({
    kind: 'group.join_requested',
    when: 'A person asked to join a group of which this account is an admin, or a member asked to add them. `message` is the notice.',
    next: 'Show it to the owner, and answer with answer_join_requests.',
    data: z.object({
      person: z.string().nullable().describe('JID of the person; null if they are no longer known.'),
    }),
    read: ({ sender }, find) => ({ person: find.jid(sender) }),
    line: line({ person: z.string().nullable() }, ({ person }) => ({ person })),
    changesMessage: false,
  }),
  event({
    kind: 'call.incoming',
    when: 'A person calls this account, or a group of it. Written once for each call.',
    next: 'Show it to the owner. This server cannot answer calls; reject_call rejects one.',
    ...call,
  }),
  event({
    kind: 'call.ended',
    when: 'A call that rang has ended: it was answered on another device, rejected, or the caller hung up. It is not written if the connection was lost meanwhile.',
    next: 'Stop showing the call.',
    ...call,
  }),
  event({
    kind: 'contact.changed',
    when: 'A name, an address or the picture of a person changed. `chat` is the direct chat with this person, or null. A new picture is reported if the former one was read before.',
    next: 'Replace your copy of the contact, or of the picture.',
    data: z.object({
      contact: Contact.nullable().describe(
        'The contact in its present state; null if it is no longer known, or is this account itself.',
      ),
      picture: z.boolean().describe('True if it is the picture that changed.'),
    }),
    read: ({ person, picture = false }, find) => ({ contact: find.contact(person), picture }),
    line: line(
      { contact: shortOf(Contact).nullable(), picture: z.boolean() },
      ({ contact, picture }, { person }) => ({ person: contact && person(contact), picture }),
    ),
  }),
  event({
    kind: 'history.loaded',
    when: 'Older messages were added to the chat. They have no events of their own.',
    next: 'Read the messages of the chat again.',
    data: z.object({ count: z.int().min(0) }),
    read: ({ count = 0 }) => ({ count }),
    line: line({ count: z.int() }, ({ count }) => ({ messages: count })),
  }),
  event({
    kind: 'gap.found',
    when: 'A gap was found: messages of the chat are known to be missing. read_messages lists the gaps.',
    next: 'Treat your copy of the chat as incomplete.',
    ...nothing,
  }),
  event({
    kind: 'gap.filled',
    when: 'A gap of the chat was filled.',
    next: 'Read the messages of the chat again.',
    ...nothing,
  }),
  event({
    kind: 'session.changed',
    when: 'The session entered another state. Repeated attempts to reconnect are one event.',
    next: 'Read the status. If a person must act, `next_step` says what to do.',
    data: z.object({
      state: z.enum(SESSION_STATES),
      reason: z
        .enum(REASONS)
        .nullable()
        .describe('Why the session is in this state; null if there is no particular reason.'),
    }),
    read: ({ state = 'stopped', reason = null }) => ({ state, reason }),
    line: line({ state: z.enum(SESSION_STATES), reason: z.enum(REASONS).nullable() }, (facts) => facts),
  }),
  event({
    kind: 'account.restricted',
    when: 'WhatsApp restricts the account: it cannot write to people who have not written to it.',
    next: 'Send no messages to new people until `ends_at`. Replies work. Do not link the account again.',
    data: Restriction,
    read: ({ restriction = { kind: 'new_chats', ends_at: null } }) => restriction,
    line: line(Restriction.shape, ({ kind, ends_at }) => ({ kind, until: ends_at })),
  }),
  event({
    kind: 'account.unrestricted',
    when: 'The restriction of the account ended.',
    next: 'Send to new people again, at a slow pace.',
    ...nothing,
  }),
  event({
    kind: 'send.held',
    when: 'A message waits in the outbox: for a decision of the owner, or for its time.',
    next: 'Show the item to the owner. It expires if nobody decides.',
    ...item,
  }),
  event({
    kind: 'send.released',
    when: 'A message that waited in the outbox is being sent: it was approved, or its time has come.',
    next: 'Wait for send.settled.',
    ...item,
  }),
  event({
    kind: 'send.settled',
    when: 'An item of the outbox ended: it was sent, failed, rejected or cancelled, or it expired, or its outcome is unknown. If WhatsApp later shows the message of an unknown one, there is a second event.',
    next: 'Update your copy of the item. Never send the message again while its state is "unknown".',
    ...item,
  }),
])
export type Event = z.infer<typeof Event>
export type EventKind = Event['kind']

/** What follows from a kind of event. */
type KindRow = {
  next: string
  line?: Line | undefined
  /** True if the content of its message changed: its subscribers are notified. */
  changesMessage: boolean
  create(about: Common, message: Message | null, stored: StoredData, find: Find): Event
}

/** The table by kind. */
export const KINDS: ReadonlyMap<EventKind, KindRow> = new Map(
  Event.options.map((row): [EventKind, KindRow] => [row.shape.kind.value, row]),
)

const [first, ...others] = Event.options
export const EVENT_KINDS: readonly [EventKind, ...EventKind[]] = [
  first.shape.kind.value,
  ...others.map(({ shape }) => shape.kind.value),
]
