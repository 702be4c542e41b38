/** Errors for MCP clients: tools return them as results, resources and prompts as protocol errors. */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { type AppError, ERRORS } from '../../errors.ts'
import { toJson } from '../../json.ts'
import { fieldsOf } from '../../model/fields.ts'
import { OutboxItem } from '../../model/outbox.ts'
import { Candidate } from '../../model/recipient.ts'
import { cutObject, type Limits, noCuts } from './cut.ts'

/** Limits for names in the facts of an error. They are candidates to choose from, and their ids are beside them. */
const SHORT: Limits = { text: 100, entries: 10 }

/** The facts of errors that people wrote. */
const FACTS = fieldsOf(z.object({ candidates: z.array(Candidate), item: OutboxItem }))

/** The data that both kinds of errors include. @param requestId the server's own id, as in the log */
function factsOf({ code, facts, retryAfterS }: AppError, requestId: string): Record<string, unknown> {
  return {
    code,
    retry: ERRORS[code].retry,
    ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    request_id: requestId,
    // A cut text says so itself.
    ...cutObject(facts, FACTS, SHORT, noCuts()),
  }
}

/**
 * Returns an error as a tool result (`isError`), for the agent to correct or to report to the user. It has no structured
 * content, because that would have to match the output schema.
 * @param words replaces routes with tools
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

/** Returns an error of the protocol: detail and next step as text and as data. @param words replaces routes with tools */
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
 * Returns the error for a URI without a resource: -32602 for every protocol version, as the current one requires. Its data
 * is the URI alone, by which clients recognise it; the sentence includes the next step.
 */
export function notFound(uri: string, sentence: string): ResourceNotFoundError {
  return new ResourceNotFoundError(uri, sentence)
}
