/** Errors as problem JSON (RFC 9457), the same shape for every route and for requests without a route. */
import { type AppError, ERRORS } from '../../errors.ts'
import { inAccount } from '../../model/account-paths.ts'
import { DEFAULT_ACCOUNT } from '../../operations/call.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/**
 * Returns the body: `type`, `title`, `status`, `detail`, and the additional fields `code`, `hint`, `retry`,
 * `request_id` and facts. Its sentences name the paths of the account.
 */
export function toProblem(
  error: AppError,
  requestId: string,
  account: string = DEFAULT_ACCOUNT,
): Record<string, unknown> {
  const row = ERRORS[error.code]
  return {
    type: `urn:whatsapp-mcp-api:error:${error.code}`,
    title: row.title,
    status: row.status,
    detail: inAccount(error.message, account),
    code: error.code,
    hint: inAccount(error.hint, account),
    retry: row.retry,
    request_id: requestId,
    ...error.facts,
  }
}
