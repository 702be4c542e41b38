/** Completion of chat arguments: searches names and numbers of chats, and returns ids. */
import {
  type CompleteRequest,
  type CompleteResult,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import { AppError } from '../../errors.ts'
import type { Call } from '../../operations/call.ts'
import { listChats } from '../../operations/chats.ts'
import type { Door } from '../../operations/door.ts'
import { PROMPTS } from './prompts.ts'
import { TEMPLATES } from './resources.ts'
import { CHAT_TEMPLATE } from './uris.ts'

/** The most ids that are returned; `hasMore` is true if there are others. */
const MOST = 20

/**
 * Returns chat ids for the chat of a resource or prompt, and an empty list for every other argument. Also returns an empty
 * list if nothing can be read (for example, no account is linked), because completion runs while the user is still typing.
 * @throws ProtocolError -32602 for an unknown prompt or template
 */
export async function complete(
  { ref, argument }: CompleteRequest['params'],
  door: Door,
  call: Call,
): Promise<CompleteResult> {
  const isKnown =
    ref.type === 'ref/prompt'
      ? PROMPTS.some(({ name }) => name === ref.name)
      : TEMPLATES.some(({ uriTemplate }) => uriTemplate === ref.uri)
  if (!isKnown)
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      'This prompt or resource template does not exist.',
    )
  const isChat = ref.type === 'ref/prompt' ? argument.name === 'chat' : ref.uri === CHAT_TEMPLATE
  return { completion: isChat ? await findChats(argument.value, door, call) : { values: [] } }
}

async function findChats(typed: string, door: Door, call: Call): Promise<CompleteResult['completion']> {
  // A partly typed id is found by its number.
  const query = typed.split('@')[0]?.trim() ?? ''
  try {
    const { chats, next_cursor } = await door.invoke(
      listChats,
      { limit: MOST, ...(query === '' ? {} : { query }) },
      call,
    )
    return { values: chats.map(({ id }) => id), hasMore: next_cursor !== undefined }
  } catch (error) {
    if (error instanceof AppError) return { values: [] }
    throw error
  }
}
