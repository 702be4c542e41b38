/** What a client can read and follow by address: the status, chats and messages, each through its operation. */
import type { ReadResourceResult, Resource, ResourceTemplateType } from '@modelcontextprotocol/server'
import { fail, toAppError } from '../../errors.ts'
import { jsonLength, toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
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
import { CHAT_TEMPLATE, MESSAGE_TEMPLATE, readUri, STATUS_URI } from './uris.ts'

const JSON_TYPE = 'application/json'

/** Names of chats are texts of people: they are found by completion and never listed. */
export const RESOURCES: readonly Resource[] = [
  {
    uri: STATUS_URI,
    name: 'status',
    title: 'Session status',
    description: 'The state of the link to WhatsApp and what to do next. Told of each time it changes.',
    mimeType: JSON_TYPE,
  },
]

export const TEMPLATES: readonly ResourceTemplateType[] = [
  {
    uriTemplate: CHAT_TEMPLATE,
    name: 'chat',
    title: 'A chat and its latest messages',
    description:
      'chat_id as in whatsapp_list_chats; completion finds it by name. At most about 8,000 tokens; earlier messages: whatsapp_read_messages with before set to next_before. Told of each time a message comes, goes out or changes.',
    mimeType: JSON_TYPE,
  },
  {
    uriTemplate: MESSAGE_TEMPLATE,
    name: 'message',
    title: 'A message and what stands around it',
    description:
      'message_id whole, as in every message. The message as it is, however long, what it said before it was edited or deleted, and the messages around it in short. Told of each time it changes, but for acks.',
    mimeType: JSON_TYPE,
  },
]

/** As many as a page has at most: what does not fit is left out, from the oldest on. */
const LATEST = 50
/** A message this long is shown whole; in a large group one may have hundreds of reactions. */
const SHORT: Limits = { text: 1_000, entries: 20, pages: ['messages', 'before', 'after'] }
/** Of a message that is too large as it is. */
const LARGE: Limits = { text: 4_000, entries: 20 }
/** Of a message: how much is told of what stands before it, and of what comes after. */
const AROUND_TOKENS = 1_500
/** What the note of what is left out may take. */
const NOTE_TOKENS = 150

export type ReadOptions = {
  uri: string
  door: Door
  call: Call
  log: Log
  words(text: string): string
}

/**
 * The resource at this address.
 * @throws ProtocolError with the sentence, code and next step of the operation; ResourceNotFoundError where nothing is there
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
    return {
      contents: [{ uri, mimeType: JSON_TYPE, text: await read(named, door.admit(READ_RESOURCE, call)) }],
    }
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

/** Every resource is a reading; operations do the work. */
const READ_RESOURCE = { name: 'read_resource', scope: 'read', needs: 'nothing' } as const
type Reading = Grant<'read', 'nothing'>

const NO_SUCH = {
  detail: 'There is no such resource.',
  hint: `Use ${STATUS_URI}, ${CHAT_TEMPLATE} or ${MESSAGE_TEMPLATE}, with an id as answers give it.`,
}

async function read(named: NonNullable<ReturnType<typeof readUri>>, granted: Reading): Promise<string> {
  switch (named.kind) {
    case 'status':
      return toJson(await run(getStatus, {}, granted))
    case 'chat':
      return toJson(await readChat(named.id, granted))
    case 'message':
      return toJson(await readMessage(named.id, granted))
  }
}

/** Operations find more than that: a device of a person, a key without its author. Whoever subscribed to such is never told. */
function demandKnown(id: string, ids: readonly string[]): void {
  if (!ids.includes(id)) fail('invalid_input', NO_SUCH)
}

async function readChat(id: string, granted: Reading): Promise<object> {
  const { chat_id } = parseInput(getChat.input, { chat_id: id })
  const { chat, members = [], ...rest } = await run(getChat, { chat_id }, granted)
  demandKnown(id, chatIds(chat.id, granted.reader()))
  const { messages, next_before } = await run(readMessages, { chat_id, limit: LATEST }, granted)
  const { last_message: _, ...about } = chat
  const head = {
    chat: about,
    ...rest,
    ...(members.length === 0 ? {} : { members_total: members.length, members }),
  }
  const room = BUDGET.most - NOTE_TOKENS - tokensOf(head)
  const shown = firstOf([...messages].reverse(), room).reverse()
  const before = shown.length < messages.length ? shown[0]?.id : next_before
  return inShort({ ...head, messages: shown, next_before: before }, [getChat, readMessages])
}

async function readMessage(id: string, granted: Reading): Promise<object> {
  const answer = await run(getMessage, parseInput(getMessage.input, { message_id: id }), granted)
  const { message, chat, revisions, context: around, ...rest } = answer
  demandKnown(id, messageIds(message.id, granted.reader()))
  const before = firstOf([...around.before].reverse(), AROUND_TOKENS).reverse()
  const { note, ...shown } = inShort({ before, after: firstOf(around.after, AROUND_TOKENS) }, [getMessage])
  return bounded({ message, chat, revisions, context: shown, ...rest, note })
}

/** The same, unless a message that was edited often makes it too large: then its texts are cut, which say so. */
function bounded(value: object): object {
  return jsonLength(value) > MOST_BYTES ? cutObject(value, LARGE, noCuts()) : value
}

/** The same in short. What is left out stands in `note`, as in answers of tools, with the routes of these that have it all. */
function inShort(value: object, operations: readonly Pick<Operation, 'routes'>[]): Record<string, unknown> {
  const cuts = noCuts()
  const short = cutObject(value, SHORT, cuts)
  return { ...short, ...noteOf(cuts, {}, operations.map(({ routes }) => routes[0]).join(', ')) }
}

/** As many of these, from the first on, as fit into so many tokens in short. */
function firstOf<Item extends object>(items: readonly Item[], tokens: number): Item[] {
  let room = tokens
  const tooMany = items.findIndex((item) => {
    room -= tokensOf(item)
    return room < 0
  })
  return items.slice(0, tooMany === -1 ? items.length : tooMany)
}

/** How many tokens this is in short, at most. */
function tokensOf(value: object): number {
  return estimateTokens(toJson(cutObject(value, SHORT, noCuts())))
}
