/** The operation: one row of the table from which every face is derived. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import type { ErrorCode } from '../errors.ts'
import type { Body } from '../files/uploads.ts'
import type { Ability } from '../model/ability.ts'
import { accountPath } from '../model/account-paths.ts'
import { type Fields, fieldsOf, type Short, shortOf } from '../model/fields.ts'
import { Status } from '../model/status.ts'
import type { Toolset } from '../model/toolsets.ts'
import type { Scope } from './call.ts'
import type { EventReading, Grant, Needs } from './door.ts'

/**
 * The longest wait of a call whose client cannot receive progress. MCP clients time out after a minute without progress
 * (TypeScript SDK 2.4).
 */
export const PATIENCE_MS = 50_000

/** The tags of operations in the docs, in order. */
export const TAGS = {
  link: 'Link this server to a WhatsApp account, and read its status.',
  chats: 'List chats, unread messages, and chats that wait for a reply.',
  messages: 'Send, read and search messages.',
  groups: 'Create groups, change their settings and members, invite and join.',
  contacts: 'List people: names, numbers, groups in common.',
  profile: 'The own profile of the account.',
  channels: 'Channels: list and follow; status updates: list, post and delete.',
  events: 'Receive events as they happen.',
  webhooks: 'Send events to other programs.',
  rules: 'The rules file: what the owner lets events do on this computer.',
  archive: 'The archive on this machine: statistics, export and deletion.',
  outbox: 'Messages on their way: what is sent, held, scheduled or settled.',
  accounts: 'Several accounts on one server.',
  keys: 'Keys for callers: what each may do, and on which accounts.',
} as const satisfies Record<string, string>

/** The short form of an output for agents: only what a next step may need. */
export type Brief<Shape = unknown> = {
  /** Its schema, if it is not the output without its details. A full output must match it too. */
  shape?: Shape
  /**
   * The inputs that set page sizes, each with the list of the output that it limits. These lists are never cut: if an
   * output is too large, the face runs the operation again with a smaller page, so that the cursor matches.
   */
  sizes?: Readonly<Record<string, string>>
  /** Returns the same facts as lines of text. Texts from people are JSON strings. */
  text(answer: z.output<Shape>): string
}

/** The size of a documented tool's result: tokens of data and text together, for each message, chat or result. */
export type Size = { tokens: number; each: 'message' | 'chat' | 'answer' }

export type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH'
/** `"POST /api/chats/{chat_id}/messages"`: path parameters are input keys. */
export type Route = `${Method} /${string}`

/** The fields of every row. */
type Described<In extends z.ZodType, S extends Scope, N extends Needs> = {
  /** `verb_noun`: the operationId, and the name in every other face. */
  name: string
  title: string
  /** Its tag in the docs. */
  tag: keyof typeof TAGS
  /** What it does, when to use another operation (`{{name}}`), and what it returns. */
  description: string
  /** The scope that a caller needs. Together with `needs` it determines what `run` may use. */
  scope: S
  needs: N
  routes: Route[]
  /**
   * Inputs that a route sets itself: its requests do not have these fields. So PUT and DELETE of one thing are one row, and
   * one tool.
   */
  fixed?: Partial<Record<Route, Record<string, unknown>>>
  /** True if its routes belong to the server and not to one account. */
  isGlobal?: true
  /** True if a global row can also be called by the path of an account: `/api/accounts/{account}/…`. */
  isForEach?: true
  input: In
  /** What it needs of WhatsApp Web, now or to keep the archive up to date. Default: nothing. */
  uses?: readonly Ability[]
  /** Abilities with which it does more, and without which it still works. Default: none. */
  prefers?: readonly Ability[]
  /** Error codes of this row, besides those that any call can return. */
  errors: ErrorCode[]
  /** Shown in the docs; a test runs it against the double. */
  example: { input: z.input<In> }
}

/** A row that returns one JSON object: it has a route, and usually a tool. */
export type Operation<
  In extends z.ZodType = z.ZodType,
  Out extends z.ZodType = z.ZodType,
  S extends Scope = Scope,
  N extends Needs = Needs,
  Shape = unknown,
> = Described<In, S, N> & {
  takes: 'json'
  gives: 'json'
  /** Name of its MCP tool, if it is not `whatsapp_` and the name; null: the operation has no tool. */
  tool?: string | null
  /**
   * Set if the tool is one of the seven documented ones: its default result is the full REST response. The value is its
   * measured size (test/tools.test.ts).
   */
  documented?: Size
  /** What it does to the account. All guards of the faces are derived from this. */
  effect: 'read' | 'write' | 'send' | 'destroy'
  /** The toolset of its tool; null: the tool is offered in every toolset. */
  toolset: Toolset | null
  /** HTTP status of the response, if it is not 200. */
  status?: 201
  /** A second call changes nothing more. Always true for readings. */
  repeatable?: true
  output: Out
  /** Time limit in milliseconds, if it is more than 2 s. */
  limitMs?: number
  /** What callers without its scope or its account get instead of an error. It says nothing of an account. */
  card?(mcpUrl: string): z.input<Out>
  /** Set if its output has a secret, which is never stored: the hint of the error that a repeated request (idempotency key) returns. */
  shownOnce?: string
  /** True if it removes the account of the call: a repeated request still returns the first result, not `account_not_found`. */
  removesAccount?: true
  /** Requests may be multipart forms too: their parts `file` are stored as uploads and become this field. */
  form?: string
  /** True if requests may also be the bytes of one picture, which become that field. */
  takesPicture?: true
  /** The largest body of a request in bytes, if it is more than 1 MiB. */
  maxBodyBytes?: number
  /**
   * Error code after the time limit, if the work continues. Default: `send_outcome_unknown` of a send, `outcome_unknown` of a change
   * that does not use WhatsApp Web, else `whatsapp_timeout`.
   */
  lateCode?: ErrorCode
  /** Pictures that belong to the result of its tool. */
  images?(
    input: z.output<In>,
    output: z.output<Out>,
    granted: Grant<S, N>,
  ): Promise<{ bytes: Uint8Array; mimetype: string }[]>
  /** Its short form for agents. Every row with a tool has one. */
  brief?: Brief<Shape>
  /**
   * Of a row that sends one message: returns the output for its item, once it is sent. Null: this input sends several.
   * @param reader returns the reader of the archive; throws if the archive is not open
   */
  answer?(
    item: OutboxRow,
    input: z.output<In>,
    reader: Grant['reader'],
  ): Promise<z.input<Out>> | z.input<Out> | null
  /** Of a row that sends several messages: returns the fields of its output that follow from its input. See several.ts. */
  several?(input: z.output<In>): object
  run(input: z.output<In>, granted: Grant<S, N>): Promise<z.input<Out>> | z.input<Out>
}

/** The error codes of every row that needs the control database. */
export const CONTROL_ERRORS = [
  'control_damaged',
  'control_foreign',
  'control_newer',
  'control_locked',
  'control_unavailable',
] as const satisfies ErrorCode[]

/** Defines a row. The compiler checks it against its own schemas. */
export function defineOperation<
  In extends z.ZodType,
  Out extends z.ZodType,
  S extends Scope,
  N extends Needs,
  Shape = Short<Out>,
>(row: Omit<Operation<In, Out, S, N, Shape>, 'takes' | 'gives'>): Operation<In, Out, S, N, Shape> {
  return { ...row, takes: 'json', gives: 'json' }
}

/** What tells one file from another. */
type Stored = { sha256: string; mimetype: string }

/** A row whose request body is the bytes of a file, over HTTP only. The limit of its size is a setting. */
export type UploadRow<
  In extends z.ZodType = z.ZodType,
  Out extends z.ZodType<Stored> = z.ZodType<Stored>,
> = Described<In, 'send', 'nothing'> & {
  takes: 'bytes'
  gives: 'json'
  output: Out
  /** @param body is read as far as needed; the face ends the rest */
  run(input: z.output<In>, granted: Grant<'send', 'nothing'>, body: Body): Promise<z.input<Out>>
}

/** A file that a row returns. It is read in pieces, as fast as the client reads. */
export type FileAnswer = {
  /** The name under which the client should save it. Other people may have chosen it. */
  filename: string
  /** Its media type, with its parameters. */
  type: string
  headers: Record<string, string | number>
} & (
  | { pieces: AsyncIterable<string> }
  | {
      sizeBytes: number
      /** A text that changes with its bytes; null if it is not known. */
      version: string | null
      /** Reads the bytes from `from` up to `to`, exclusive. Called at most once. */
      read(from: number, to: number): AsyncIterable<Uint8Array>
      /** Called at the end, whatever was read. */
      close(): void
    }
)

/** A row that returns a file, over HTTP only. */
export type FileRow<In extends z.ZodType = z.ZodType> = Described<In, 'read', 'nothing'> & {
  takes: 'json'
  gives: 'file'
  /** Its possible media types, without parameters. */
  types: readonly string[]
  /** True if clients can ask for a range of it. */
  ranges?: true
  /** True if a signed link (media-links.ts) opens it without a key. */
  takesLink?: true
  /** Its longest time until the first byte in milliseconds, if it is more than 2 s. */
  limitMs?: number
  /** Its headers by name. */
  headers: Record<string, { description: string; schema: Record<string, unknown> }>
  run(input: z.output<In>, granted: Grant<'read', 'nothing'>): Promise<FileAnswer>
}

/** A row that returns server-sent events, over HTTP only. */
export type StreamRow<In extends z.ZodType = z.ZodType> = Described<In, 'read', 'nothing'> & {
  takes: 'json'
  gives: 'events'
  /** The schema of one event. */
  output: z.ZodType
  run(input: z.output<In>, granted: Grant<'read', 'nothing'>): EventReading
}

/** Any row of the table. */
export type Row = Operation | UploadRow | FileRow | StreamRow

/** Defines a row that takes the bytes of a file. */
export function defineUpload<In extends z.ZodType, Out extends z.ZodType<Stored>>(
  row: Omit<UploadRow<In, Out>, 'takes' | 'gives'>,
): UploadRow<In, Out> {
  return { ...row, takes: 'bytes', gives: 'json' }
}

/** Defines a row that returns a file. */
export function defineFile<In extends z.ZodType>(
  row: Omit<FileRow<In>, 'takes' | 'gives' | 'scope' | 'needs'>,
): FileRow<In> {
  return { ...row, takes: 'json', gives: 'file', scope: 'read', needs: 'nothing' }
}

/** Defines a row that returns a stream of events. */
export function defineStream<In extends z.ZodType>(
  row: Omit<StreamRow<In>, 'takes' | 'gives' | 'scope' | 'needs'>,
): StreamRow<In> {
  return { ...row, takes: 'json', gives: 'events', scope: 'read', needs: 'nothing' }
}

/** True if the audit log has each call of this row: it changes something, or returns texts or pictures of people. */
export function isAudited(row: Row): boolean {
  if (row.takes === 'bytes' || row.gives === 'file' || !isRead(row)) return true
  return 'images' in row || isWritten(fieldsOf(row.output))
}

const isRead = (row: Operation | StreamRow) => row.gives === 'events' || row.effect === 'read'

/** True if an output has texts that people wrote. Those of a status do not count: they are about the account itself. */
function isWritten(marks: Fields): boolean {
  if (marks.fields.get('account') === fieldsOf(Status.shape.account)) return false
  return marks.written === true || [...marks.fields.values()].some(isWritten)
}

const shapes = new WeakMap<Operation, z.ZodObject>()

/** Returns the schema of the short form of this row. Parsing the output with it returns the short form. */
export function briefShape(row: Operation): z.ZodObject {
  const shape = shapes.get(row) ?? row.brief?.shape ?? shortOf(row.output)
  if (!(shape instanceof z.ZodObject)) throw new TypeError(`${row.name} has no short form`)
  shapes.set(row, shape)
  return shape
}

/** One route of a row. `fixed`: see {@link Described.fixed}. */
export type RowRoute = { method: Method; path: string; fixed: Record<string, unknown> }

/** Returns every route of the row: its own, and the same of any account. */
export function routesOf(row: Pick<Row, 'routes' | 'isGlobal' | 'isForEach' | 'fixed'>): RowRoute[] {
  return row.routes.flatMap((route) => {
    const [method, path = '/'] = route.split(' ') as [Method, string]
    const paths =
      row.isGlobal && !row.isForEach ? [path] : [...new Set([path, accountPath(path, '{account}')])]
    return paths.map((one) => ({ method, path: one, fixed: fixedAt(row, route) }))
  })
}

/** Returns the inputs that this route of the row sets itself. */
export function fixedAt({ fixed }: Pick<Row, 'fixed'>, route: Route): Record<string, unknown> {
  return fixed?.[route] ?? {}
}

/** Returns the fields of a request to this route, from an input of the row. */
export function requestAt(row: Pick<Row, 'fixed'>, route: Route, input: unknown): Record<string, unknown> {
  const fixed = fixedAt(row, route)
  return Object.fromEntries(Object.entries(input ?? {}).filter(([name]) => !(name in fixed)))
}
