/** The MCP resources: the status, chats and messages. Each is read through its operation. */
import type { ReadResourceResult, Resource, ResourceTemplateType } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { fail, toAppError } from '../../errors.ts'
import { jsonLength, toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import { type Fields, fieldsOf } from '../../model/fields.ts'
import { Message } from '../../model/message.ts'
import type { Call } from '../../operations/call.ts'
import { getChat } from '../../operations/chats.ts'
import { type Door, type Grant, run } from '../../operations/door.ts'
import { getMessage, readMessages } from '../../operations/history.ts'
import { getStatus } from '../../operations/link.ts'
import type { Operation } from '../../operations/operation.ts'
import { parseInput } from '../../operations/parse-input.ts'
import { BUDGET, noteOf } from './answer.ts'
import { cutObject, type Limits, noCuts } from './cut.ts'
import { estimateTokens } from './estimate.ts'
import { notFound, toProtocolError } from './failure.ts'
import { MOST_BYTES } from './fit.ts'
import { chatIds, messageIds } from './known-ids.ts'
import { CHAT_TEMPLATE, MESSAGE_TEMPLATE, type Named, readUri, STATUS_URI } from './uris.ts'

const JSON_TYPE = 'application/json'

/** Chats are found by completion and never listed, because their names are texts from other people. */
export const RESOURCES: readonly Resource[] = [
  {
    uri: STATUS_URI,
    name: 'status',
    title: 'Session status',
    description: 'State of the session and the next step. Subscribers receive an update when it changes.',
    mimeType: JSON_TYPE,
  },
]

/** Descriptions may refer to operations. */
export const TEMPLATES: readonly ResourceTemplateType[] = [
  {
    uriTemplate: CHAT_TEMPLATE,
    name: 'chat',
    title: 'Chat and latest messages',
    description:
      'A chat with its latest messages, at most about 8,000 tokens. chat_id is an id from {{list_chats}}. Completion finds it by name. For earlier messages, call {{read_messages}} with before set to next_before. Subscribers receive an update when a message is received, sent or changed.',
    mimeType: JSON_TYPE,
  },
  {
    uriTemplate: MESSAGE_TEMPLATE,
    name: 'message',
    title: 'Message with context',
    description:
      'A message in full, its text before edits or deletion, and short forms of the messages around it. message_id is the whole id of the message. Subscribers receive an update when the message changes, except for acks.',
    mimeType: JSON_TYPE,
  },
]

/** Messages of a chat resource at most. If they do not fit, the oldest ones are left out. */
const LATEST = 50
/** Limits of the short form. A message in a large group may have hundreds of reactions. */
const SHORT: Limits = { text: 1_000, entries: 20, pages: ['messages', 'before', 'after'] }
/** Limits for a message resource that is too large. */
const LARGE: Limits = { text: 4_000, entries: 20 }
/** The marks of the fields of the resources. */
const CHAT = fieldsOf(z.object({ ...getChat.output.shape, ...readMessages.output.shape }))
const MESSAGE = fieldsOf(getMessage.output)
const AROUND = fieldsOf(getMessage.output.shape.context)
/** Tokens for the messages before a message, and for the messages after it. */
const AROUND_TOKENS = 1_500
/** Tokens reserved for `note`. */
const NOTE_TOKENS = 150

export type ReadOptions = {
  uri: string
  door: Door
  call: Call
  log: Log
  words(text: string): string
}

/**
 * Returns the resource at this URI.
 * @throws ProtocolError with detail, code and hint of the operation's error; ResourceNotFoundError if nothing has this URI
 */
export async function readResource({
  uri,
  door,
  call,
  log,
  words,
}: ReadOptions): Promise<ReadResourceResult> {
  const named = readUri(uri)
  try {
    if (named === null) fail('invalid_input', NO_SUCH)
    const work = () => read(named, door.admit(READ_RESOURCE, call), words)
    const text = await (named.kind === 'status' ? work() : noted(named, door, call, work))
    return { contents: [{ uri, mimeType: JSON_TYPE, text }] }
  } catch (thrown) {
    const error = toAppError(thrown)
    const { code, message, hint } = error
    if (code === 'chat_not_found' || code === 'message_not_found' || code === 'invalid_input')
      throw notFound(uri, `${words(message)} Next step: ${words(hint)}`)
    if (code === 'internal_error')
      log.warn({ request_id: call.requestId, code, err: error.cause }, 'request failed')
    throw toProtocolError(error, call.requestId, words)
  }
}

/** All resources are readings; operations do the work. */
const READ_RESOURCE = { name: 'read_resource', scope: 'read', needs: 'nothing' } as const
type Reading = Grant<'read', 'nothing'>
type Words = ReadOptions['words']

const NO_SUCH = {
  detail: 'This resource does not exist.',
  hint: `Use ${STATUS_URI}, ${CHAT_TEMPLATE} or ${MESSAGE_TEMPLATE}, with an id from a result.`,
}

/** Notes the reading of a chat or message in the audit log. */
function noted(
  { kind, id }: Exclude<Named, { kind: 'status' }>,
  door: Door,
  call: Call,
  work: () => Promise<string>,
): Promise<string> {
  return door.audited(READ_RESOURCE, call, (about) => {
    about({ [`${kind}_id`]: id })
    return work()
  })
}

async function read(named: Named, granted: Reading, words: Words): Promise<string> {
  switch (named.kind) {
    case 'status':
      return toJson(await run(getStatus, {}, granted))
    case 'chat':
      return toJson(await readChat(named.id, granted, words))
    case 'message':
      return toJson(await readMessage(named.id, granted, words))
  }
}

/** Rejects ids that operations accept but updates never use, such as a device of a person or a key without its author. */
function demandKnown(id: string, ids: readonly string[]): void {
  if (!ids.includes(id)) fail('invalid_input', NO_SUCH)
}

async function readChat(id: string, granted: Reading, words: Words): Promise<object> {
  const { chat_id } = parseInput(getChat.input, { chat_id: id })
  const { chat, members = [], ...rest } = await run(getChat, { chat_id }, granted)
  demandKnown(id, await chatIds(chat.id, granted.reader()))
  const { messages, next_before } = await run(
    readMessages,
    { chat_id, limit: LATEST, include_notices: false },
    granted,
  )
  const { last_message: _, ...about } = chat
  const head = {
    chat: about,
    ...rest,
    ...(members.length === 0 ? {} : { members_total: members.length, members }),
  }
  const room = BUDGET.most - NOTE_TOKENS - tokensOf(head, CHAT)
  const shown = firstOf([...messages].reverse(), room).reverse()
  const before = shown.length < messages.length ? shown[0]?.id : next_before
  return inShort(
    { ...head, messages: shown, next_before: before },
    CHAT,
    [getChat, readMessages],
    granted.account,
    words,
  )
}

async function readMessage(id: string, granted: Reading, words: Words): Promise<object> {
  const answer = await run(getMessage, parseInput(getMessage.input, { message_id: id }), granted)
  const { message, chat, revisions, context: around, ...rest } = answer
  demandKnown(id, await messageIds(message.id, granted.reader()))
  const before = firstOf([...around.before].reverse(), AROUND_TOKENS).reverse()
  const near = { before, after: firstOf(around.after, AROUND_TOKENS) }
  const { note, ...shown } = inShort(near, AROUND, [getMessage], granted.account, words)
  return bounded({ message, chat, revisions, context: shown, ...rest, note })
}

/** Returns the value, or a cut copy if it is too large because the message was edited often. Cut texts say so. */
function bounded(value: object): object {
  return jsonLength(value) > MOST_BYTES ? cutObject(value, MESSAGE, LARGE, noCuts()) : value
}

/** Returns the short form. As in results of tools, `note` says what is left out and names the routes that return it. */
function inShort(
  value: object,
  fields: Fields,
  operations: readonly Pick<Operation, 'routes'>[],
  account: string,
  words: Words,
): Record<string, unknown> {
  const cuts = noCuts()
  const short = cutObject(value, fields, SHORT, cuts)
  const routes = operations.map(({ routes }) => routes[0]).join(', ')
  return { ...short, ...noteOf(cuts, routes, { smaller: {}, notes: [], words, account }) }
}

/** Returns the first items whose short forms fit into this many tokens. */
function firstOf(items: readonly Message[], tokens: number): Message[] {
  let room = tokens
  const tooMany = items.findIndex((item) => {
    room -= tokensOf(item, fieldsOf(Message))
    return room < 0
  })
  return items.slice(0, tooMany === -1 ? items.length : tooMany)
}

/** Returns an upper bound for the tokens of the short form. */
function tokensOf(value: object, fields: Fields): number {
  return estimateTokens(toJson(cutObject(value, fields, SHORT, noCuts())))
}
