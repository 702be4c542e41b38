/** What a client can read and follow by address: the status, chats and messages, each through its operation. */
import type { ReadResourceResult, Resource, ResourceTemplateType } from '@modelcontextprotocol/server'
import { fail, toAppError } from '../../errors.ts'
import { toJson, toPrettyJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import { getChat } from '../../operations/chats.ts'
import { getMessage, readMessages } from '../../operations/history.ts'
import { invoke } from '../../operations/invoke.ts'
import { getStatus } from '../../operations/link.ts'
import type { Context } from '../../operations/operation.ts'
import { BUDGET } from './answer.ts'
import { notFound, toProtocolError } from './failure.ts'
import { fitting, shorten, tokensIn } from './fitting.ts'
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
      'message_id whole, as in every message. The message as it is, however long, what it said before it was edited or deleted, and the messages around it in short. Told of each time it changes.',
    mimeType: JSON_TYPE,
  },
]

/** As many as a page has at most: what does not fit is left out, from the oldest on. */
const LATEST = 50
const MEMBERS = 30
const GAPS = 10
/** Of a message: how much is told of what stands before it, and of what comes after. */
const AROUND_TOKENS = 1_500

export type ReadOptions = {
  uri: string
  context: Context
  requestId: string
  log: Log
  words(text: string): string
}

/**
 * The resource at this address.
 * @throws ProtocolError with the sentence, code and next step of the operation; ResourceNotFoundError where nothing is there
 */
export async function readResource({
  uri,
  context,
  requestId,
  log,
  words,
}: ReadOptions): Promise<ReadResourceResult> {
  const named = readUri(uri)
  try {
    if (named === null) fail('invalid_input', NO_SUCH)
    return { contents: [{ uri, mimeType: JSON_TYPE, text: await read(named, context) }] }
  } catch (thrown) {
    const error = toAppError(thrown)
    const { code, message, hint } = error
    if (code === 'chat_not_found' || code === 'message_not_found' || code === 'invalid_input')
      throw notFound(uri, `${words(message)} Next step: ${words(hint)}`)
    if (code === 'internal_error')
      log.warn({ request_id: requestId, code, err: error.cause }, 'request failed')
    throw toProtocolError(error, requestId, words)
  }
}

const NO_SUCH = {
  detail: 'There is no such resource.',
  hint: `Use ${STATUS_URI}, ${CHAT_TEMPLATE} or ${MESSAGE_TEMPLATE}, with an id as answers give it.`,
}

async function read(named: NonNullable<ReturnType<typeof readUri>>, context: Context): Promise<string> {
  switch (named.kind) {
    case 'status':
      return toPrettyJson(await invoke(getStatus, {}, context))
    case 'chat': {
      const answer = await readChat(named.id, context)
      demandKnown(named.id, chatIds(answer.chat.id, context.archive.reader()))
      return toJson(answer)
    }
    case 'message': {
      const answer = await readMessage(named.id, context)
      demandKnown(named.id, messageIds(answer.message.id, context.archive.reader()))
      return toJson(answer)
    }
  }
}

/** Operations find more than that: a device of a person, a key without its author. Whoever subscribed to such is never told. */
function demandKnown(id: string, ids: readonly string[]): void {
  if (!ids.includes(id)) fail('invalid_input', NO_SUCH)
}

async function readChat(chat_id: string, context: Context) {
  const { chat, members = [], history, ...rest } = await invoke(getChat, { chat_id }, context)
  const window = await invoke(readMessages, { chat_id, limit: LATEST }, context)
  const { last_message: _, ...about } = chat
  const head = {
    chat: { ...shorten(about), id: about.id },
    ...rest,
    ...(members.length === 0
      ? {}
      : { members_total: members.length, members: members.slice(0, MEMBERS).map(shorten) }),
    history: { ...history, gaps: history.gaps.slice(0, GAPS) },
  }
  const newestFirst = window.messages.map(shorten).reverse()
  const shown = fitting(newestFirst, BUDGET.most - tokensIn(head)).reverse()
  const oldestShown = window.messages[window.messages.length - shown.length]
  const isCut = shown.length < window.messages.length
  const next_before = isCut ? oldestShown?.id : window.next_before
  return { ...head, messages: shown, ...(next_before === undefined ? {} : { next_before }) }
}

async function readMessage(message_id: string, context: Context) {
  const {
    message,
    chat,
    revisions,
    context: around,
    ...rest
  } = await invoke(getMessage, { message_id }, context)
  const nearestFirst = around.before.map(shorten).reverse()
  return {
    message,
    chat,
    revisions,
    context: {
      before: fitting(nearestFirst, AROUND_TOKENS).reverse(),
      after: fitting(around.after.map(shorten), AROUND_TOKENS),
    },
    ...rest,
  }
}
