/** Failures as problem JSON (RFC 9457), the same shape for every route and for requests that never reached one. */
import { type AppError, ERRORS } from '../../errors.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** The body: `type`, `title`, `status`, `detail`, and our members `code`, `hint`, `retry`, `request_id`, facts. */
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
