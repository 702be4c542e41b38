/** Failures: of tools as results, of resources and prompts, which have none that say so, as errors of the protocol. */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server'
import { type AppError, ERRORS } from '../../errors.ts'
import { toJson } from '../../json.ts'
import { cutObject, type Limits, noCuts } from './cut.ts'

/** Names among the facts of a failure are there to be chosen from, and ids stand beside them. */
const SHORT: Limits = { text: 100, entries: 10 }

/** What both say as data. @param requestId ours, as the log has it */
function factsOf({ code, facts, retryAfterS }: AppError, requestId: string): Record<string, unknown> {
  return {
    code,
    retry: ERRORS[code].retry,
    ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    request_id: requestId,
    // Texts that are cut say so themselves.
    ...cutObject(facts, SHORT, noCuts()),
  }
}

/**
 * A failure that the agent can mend, or has to tell its user of. No structured content: that would have to fit the
 * schema of the answer.
 * @param words puts tools in the places of routes
 */
export function toFailure(
  error: AppError,
  state: string | null,
  requestId: string,
  words: (text: string) => string,
): CallToolResult {
  const facts = toJson({ ...factsOf(error, requestId), ...(state === null ? {} : { state }) })
  return {
    isError: true,
    content: [{ type: 'text', text: `${words(error.message)} Next step: ${words(error.hint)}\n${facts}` }],
  }
}

/** In words and as data: what went wrong, and the next step. @param words puts tools in the places of routes */
export function toProtocolError(
  error: AppError,
  requestId: string,
  words: (text: string) => string,
): ProtocolError {
  const hint = words(error.hint)
  return new ProtocolError(
    error.code === 'invalid_input' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError,
    `${words(error.message)} Next step: ${hint}`,
    { ...factsOf(error, requestId), hint },
  )
}

/**
 * -32602 in every revision, as the current one demands; its data are the URI and nothing else, by which clients know it.
 * What to do stands in the sentence.
 */
export function notFound(uri: string, sentence: string): ResourceNotFoundError {
  return new ResourceNotFoundError(uri, sentence)
}
