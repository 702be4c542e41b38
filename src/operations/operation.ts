/** What an operation is: one row that every face is derived from. */
import type { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import type { Scope } from './call.ts'
import type { EventReading, Grant, Needs } from './door.ts'

/**
 * The patience of callers that count on progress where none can be told: clients of MCP give up on a call of which nothing
 * was heard for a minute (the TypeScript SDK's do, 2.4).
 */
export const PATIENCE_MS = 50_000

/** The sets in which tools are offered (contract of `WHATSAPP_MCP_TOOLSETS`), and what each is for. */
export const TOOLSETS = {
  core: 'What an everyday task needs: the link, reading, search, sending.',
  messages:
    'More that can be done with messages: edit, delete, forward, pin, star, vote, locations, contacts, polls.',
  groups: 'Groups: members, settings, invites, join requests.',
  chats: 'Chats: archive, pin, mute, mark as read, typing.',
  people: 'People: pictures, blocking, numbers on WhatsApp, the own profile.',
  channels: 'Channels and status updates.',
} as const satisfies Record<string, string>
export type Toolset = keyof typeof TOOLSETS

/** The families of operations in the docs, in their order. */
export const TAGS = {
  link: 'Linking this server to a WhatsApp account, and the state of the link.',
  chats: 'Chats: which there are, what is unread, who waits for an answer.',
  messages: 'Sending and reading messages.',
  contacts: 'People: names, numbers, common groups.',
  events: 'What happens, told as it happens.',
  archive: 'What is kept on this machine: in numbers, as a file, and forgetting it.',
} as const satisfies Record<string, string>

/**
 * The answer as an agent reads it: only what a next step may need. Its shape is the answer's own with less in it, so that
 * it is cut out of the answer by parsing, and a whole answer fits the shape too (whoever publishes it lets more fields
 * pass).
 */
export type Brief<Shape extends z.ZodObject = z.ZodObject> = {
  shape: Shape
  /**
   * The inputs of a reading that say how much it tells, each with the list of the answer that it bounds. Of these nothing
   * is ever cut off: a face for which an answer is too large asks again for less, so that the next page begins there.
   */
  sizes?: Readonly<Record<string, string>>
  /** The same facts, all of them, as lines of text. What people wrote stands in it as JSON strings only. */
  text(answer: z.output<Shape>): string
}

/** How large the answer of a documented tool is: tokens, of data and text together, for each so and so. */
export type Size = { tokens: number; each: 'message' | 'chat' | 'answer' }

export type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH'
/** `"POST /api/chats/{chat_id}/messages"`: path parameters are input keys. */
export type Route = `${Method} /${string}`

/** What every row says, whatever it returns. */
type Described<In extends z.ZodType, S extends Scope, N extends Needs> = {
  /** `verb_noun`: the operationId, and the name in every other face. */
  name: string
  title: string
  /** Its family in the docs. */
  tag: keyof typeof TAGS
  /** What it does, when to use another operation (`{{name}}`), and what it returns. */
  description: string
  /** Who may call it. With `needs` it says what `run` may use. */
  scope: S
  needs: N
  routes: Route[]
  input: In
  /** The codes that this row adds to those that any call can return. */
  errors: ErrorCode[]
  /** The largest body that its routes read, in bytes. Default 1 MiB. */
  maxBodyBytes?: number
  /** Shown in the docs, run by a test against the double. */
  example: { input: z.input<In> }
}

/** A row that returns one JSON object: a route, and a tool where agents have a use for it. */
export type Operation<
  In extends z.ZodType = z.ZodType,
  Out extends z.ZodType = z.ZodType,
  Shape extends z.ZodObject = z.ZodObject,
  S extends Scope = Scope,
  N extends Needs = Needs,
> = Described<In, S, N> & {
  gives: 'json'
  /** Of its MCP tool, where that is not `whatsapp_` and the name; null: agents have no use for it. */
  tool?: string | null
  /**
   * That tool is one of the seven of the documentation: unless asked for less it answers with all that REST answers,
   * however long; about that long, as measured (test/tools.test.ts).
   */
  documented?: Size
  /** What it does to the account: everything that guards a face follows from this. */
  effect: 'read' | 'write' | 'send' | 'destroy'
  /** Which tools it is offered with. */
  toolset: Toolset
  /** A second call changes nothing that the first has not. Reading is so anyway. */
  repeatable?: true
  output: Out
  /** The longest it may take, in milliseconds, when that is more than 2 s. */
  limitMs?: number
  /** What it answers with when that time is up, where it goes on by itself. Left out: that WhatsApp did not answer. */
  lateCode?: ErrorCode
  /** Its short form for agents; every row that is a tool has one. */
  brief?: Brief<Shape>
  run(input: z.output<In>, granted: Grant<S, N>): Promise<z.input<Out>> | z.input<Out>
}

/** A row of the table, checked against its own schemas. */
export function defineOperation<
  In extends z.ZodType,
  Out extends z.ZodType,
  Shape extends z.ZodObject,
  S extends Scope,
  N extends Needs,
>(row: Omit<Operation<In, Out, Shape, S, N>, 'gives'>): Operation<In, Out, Shape, S, N> {
  return { ...row, gives: 'json' }
}

/** A file as a row returns it. It is read piece by piece, at the pace of the client. */
export type FileAnswer = {
  /** As the client should save it. */
  filename: string
  /** One of the row's `types`. */
  type: string
  headers: Record<string, string | number>
  pieces: Iterable<string>
}

/** A row that returns a file, over HTTP only. */
export type FileRow<In extends z.ZodType = z.ZodType> = Described<In, 'read', 'nothing'> & {
  gives: 'file'
  /** Its possible media types. */
  types: readonly string[]
  /** What its headers say, by their names. */
  headers: Record<string, { description: string; schema: Record<string, unknown> }>
  run(input: z.output<In>, granted: Grant<'read', 'nothing'>): FileAnswer
}

/** A row that returns server-sent events, over HTTP only. */
export type StreamRow<In extends z.ZodType = z.ZodType> = Described<In, 'read', 'nothing'> & {
  gives: 'events'
  /** Each event. */
  output: z.ZodType
  run(input: z.output<In>, granted: Grant<'read', 'nothing'>): EventReading
}

/** Any row of the table. */
export type Row = Operation | FileRow | StreamRow

/** A row that returns a file, checked against its own schema. */
export function defineFile<In extends z.ZodType>(
  row: Omit<FileRow<In>, 'gives' | 'scope' | 'needs'>,
): FileRow<In> {
  return { ...row, gives: 'file', scope: 'read', needs: 'nothing' }
}

/** A row that returns a stream of events, checked against its own schema. */
export function defineStream<In extends z.ZodType>(
  row: Omit<StreamRow<In>, 'gives' | 'scope' | 'needs'>,
): StreamRow<In> {
  return { ...row, gives: 'events', scope: 'read', needs: 'nothing' }
}
