/** A row of the table of events, and what is made from it: the schema, the line for agents and the event. */
import { z } from 'zod'
import { ChatName } from './chat.ts'
import type { Contact } from './contact.ts'
import type { ChatField, StoredData } from './events.ts'
import type { Short } from './fields.ts'
import { Message, type Revision } from './message.ts'

/** Finds what a stored event refers to, in its present state. Null: it is not in the archive, or not known any more. */
export type Find = {
  contact(person: number | undefined): Contact | null
  jid(person: number | undefined): string | null
  isMe(person: number | undefined): boolean
  /** The text before this revision of the message of the event. */
  revision(revision: number | undefined): Revision | null
  /** The id of a message that is no longer in the archive. */
  messageId(bareId: string, sender: number | undefined): string
  /** The names that the API has for these columns of a chat. */
  chatFields(columns: readonly string[]): ChatField[]
}

/** Formats the two parts of a line for agents that other people chose: a text, and a person. */
export type Say = { quoted(text: string): string; person(contact: z.output<Short<typeof Contact>>): string }

/** The facts of an event in its one-line form, by their words. Facts that are null, false or empty are left out. */
export type Facts = Record<string, string | number | boolean | null | undefined>

/** The one-line form of a kind of event. */
export type Line = {
  /** The fields of `data` that it needs. */
  shape: Record<string, z.ZodType>
  /** @param data in the form of `shape` */
  facts(data: unknown, say: Say): Facts
}

/** Defines a line. @param shape the fields of `data` that it needs */
export function line<Shape extends Record<string, z.ZodType>>(
  shape: Shape,
  facts: (data: z.output<z.ZodObject<Shape>>, say: Say) => Facts,
): Line {
  const schema = z.object(shape)
  return { shape, facts: (data, say) => facts(schema.parse(data), say) }
}

/** A row of the table. */
type Row<Kind extends string, Data extends z.ZodType> = {
  kind: Kind
  /** When the event is written: one sentence. */
  when: string
  /** What a reader does with it: one sentence. */
  next: string
  data: Data
  /** Makes `data` from what the log stores. */
  read(stored: StoredData, find: Find): z.output<Data>
  /** Default: the line has no facts beside the chat and the message. */
  line?: Line
}

/** The fields that every event has. */
export type Common = { v: 1; cursor: string; at: string; chat: z.output<typeof ChatName> | null }

const common = {
  v: z.literal(1).describe('Version of this shape. It stays 1 when fields are added.'),
  cursor: z
    .string()
    .describe('Position of the event in the log: pass it as `after` to continue after this event.'),
  at: z.string().describe('When the event was written to the log, ISO 8601 UTC.'),
}
const chat = ChatName.nullable().describe('The chat of the event, with its present name.')
const aboutMessage =
  'The message in its present state, not as it was at the time of the event; null if the event has no message.'

/**
 * Defines a kind of event that has no message. Returns its schema, with `next`, its line, and the function that creates the event.
 * @param row.changesMessage true: `data.id` names a message whose subscribers are notified
 */
export function event<Kind extends string, Data extends z.ZodType>(
  row: Row<Kind, Data> & { changesMessage?: true },
) {
  const { kind, when, next, data, read, changesMessage = false } = row
  const schema = z.object({
    ...common,
    kind: z.literal(kind),
    chat,
    message: z.null().describe(aboutMessage),
    data,
  })
  return Object.assign(schema.describe(when), {
    next,
    line: row.line,
    changesMessage,
    create: (about: Common, _: Message | null, stored: StoredData, find: Find) => ({
      ...about,
      kind,
      message: null,
      data: read(stored, find),
    }),
  })
}

/**
 * Defines a kind of event that has a message, in the same way.
 * @param row.changesMessage false: the content of the message stays, so subscribers of the message are not notified
 */
export function messageEvent<Kind extends string, Data extends z.ZodType>(
  row: Row<Kind, Data> & { changesMessage?: false },
) {
  const { kind, when, next, data, read, changesMessage = true } = row
  const schema = z.object({
    ...common,
    kind: z.literal(kind),
    chat,
    message: Message.nullable().describe(aboutMessage),
    data,
  })
  return Object.assign(schema.describe(when), {
    next,
    line: row.line,
    changesMessage,
    create: (about: Common, message: Message | null, stored: StoredData, find: Find) => ({
      ...about,
      kind,
      message,
      data: read(stored, find),
    }),
  })
}
