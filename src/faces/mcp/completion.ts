/** Completion: what somebody types for a chat is looked for among the names and numbers of chats, and ids come back. */
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

/** So many ids at most; `hasMore` says that there are others. */
const MOST = 20

/**
 * Ids of chats for the chat of a resource or prompt, none for everything else. Where nothing can be read (no account is
 * linked), none too: nobody has asked for anything yet.
 * @throws ProtocolError -32602 for a prompt or template that there is not
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
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is nothing of this name to complete.')
  const isChat = ref.type === 'ref/prompt' ? argument.name === 'chat' : ref.uri === CHAT_TEMPLATE
  return { completion: isChat ? await findChats(argument.value, door, call) : { values: [] } }
}

async function findChats(typed: string, door: Door, call: Call): Promise<CompleteResult['completion']> {
  // An id that is being typed is found by its number.
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
