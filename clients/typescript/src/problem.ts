/** Errors of the server. */
import type { components } from './schema.ts'

/** Problem JSON (RFC 9457) with a machine-readable `code`, the next step as `hint`, and whether to retry as `retry`. */
export type Problem = components['schemas']['Problem']

/** The server returned an error. */
export class ApiError extends Error {
  readonly problem: Problem
  /** HTTP status. */
  readonly status: number
  constructor(problem: Problem) {
    super(`${problem.detail} ${problem.hint}`)
    this.name = 'ApiError'
    this.problem = problem
    this.status = problem.status
  }
  /** Machine-readable code, such as `chat_not_found`. */
  get code(): Problem['code'] {
    return this.problem.code
  }
}

type Answered<Data> = { data?: Data; error?: unknown; response: Response }

/**
 * Returns the data of a response.
 * @throws ApiError if the server returned an error
 */
export async function unwrap<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await call
  if (response.ok && data !== undefined) return data
  throw new ApiError(toProblem(error, response.status))
}

/** True for what a proxy answers while the server is away, for example during a restart. */
export function isOfProxy(status: number): boolean {
  return [429, 502, 503, 504].includes(status)
}

/** Returns the problem of a response. One that has none, such as that of a proxy, gets one. */
export function toProblem(body: unknown, status: number): Problem {
  if (typeof body === 'object' && body !== null && 'code' in body) return body as Problem
  return {
    type: 'about:blank',
    title: 'Unexpected response',
    status,
    detail: `The response has status ${status} and is not of whatsapp-mcp-api.`,
    code: 'internal_error',
    hint: 'Check the URL of the server, and the proxy before it.',
    retry: isOfProxy(status) ? 'later' : 'never',
    request_id: '',
  }
}
