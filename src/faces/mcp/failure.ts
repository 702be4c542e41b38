/** Failures of what is no tool: resources and prompts have no results that say so, only errors of the protocol. */
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from '@modelcontextprotocol/server'
import { type AppError, ERRORS } from '../../errors.ts'

/** In words and as data: what went wrong, and the next step. @param words puts tools in the places of routes */
export function toProtocolError(
  error: AppError,
  requestId: string,
  words: (text: string) => string,
): ProtocolError {
  const { code, message, hint, facts, retryAfterS } = error
  return new ProtocolError(
    code === 'invalid_input' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError,
    `${words(message)} Next step: ${words(hint)}`,
    {
      code,
      hint: words(hint),
      retry: ERRORS[code].retry,
      ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
      request_id: requestId,
      ...facts,
    },
  )
}

/**
 * -32602 in every revision, as the current one demands; its data are the URI and nothing else, by which clients know it.
 * What to do stands in the sentence.
 */
export function notFound(uri: string, sentence: string): ResourceNotFoundError {
  return new ResourceNotFoundError(uri, sentence)
}
