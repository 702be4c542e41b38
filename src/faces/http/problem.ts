/** Errors as problem JSON (RFC 9457), the same shape for every route and for requests without a route. */
import { type AppError, ERRORS } from '../../errors.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/**
 * Returns the body: `type`, `title`, `status`, `detail`, and the additional fields `code`, `hint`, `retry`,
 * `request_id` and facts.
 */
export function toProblem(error: AppError, requestId: string): Record<string, unknown> {
  const row = ERRORS[error.code]
  return {
    type: `urn:whatsapp-mcp-api:error:${error.code}`,
    title: row.title,
    status: row.status,
    detail: error.message,
    code: error.code,
    hint: error.hint,
    retry: row.retry,
    request_id: requestId,
    ...error.facts,
  }
}
