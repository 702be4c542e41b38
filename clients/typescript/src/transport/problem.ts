/** Errors of the server. */

/** Problem JSON (RFC 9457) of any version of the server: a machine-readable `code`, the next step as `hint`, and whether to retry as `retry`. */
export type AnyProblem = {
  status: number
  code: string
  detail: string
  hint: string
  retry: string
  [fact: string]: unknown
}

/** The server returned an error. */
export class ApiError<Problem extends AnyProblem = AnyProblem> extends Error {
  readonly problem: Problem
  /** HTTP status. */
  readonly status: number
  /** URL of the server, if it was given. */
  readonly url: string
  constructor(problem: Problem, url = '') {
    super(`${problem.detail} ${problem.hint}`)
    this.name = 'ApiError'
    this.problem = problem
    this.status = problem.status
    this.url = url
  }
  /** Machine-readable code, such as `chat_not_found`. */
  get code(): Problem['code'] {
    return this.problem.code
  }
}

/** True if the body of a response is an error of the server. */
export function isProblem(body: unknown): body is AnyProblem {
  const { code, detail, hint, retry }: Partial<AnyProblem> = Object(body)
  return [code, detail, hint, retry].every((text) => typeof text === 'string')
}

/** True for what a proxy answers while the server is away, for example during a restart. */
export function isOfProxy(status: number): boolean {
  return [429, 502, 503, 504].includes(status)
}

/** Returns the problem of a response. One that has none, such as that of a proxy, gets one. */
export function toProblem(body: unknown, status: number): AnyProblem {
  if (isProblem(body)) return body
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
