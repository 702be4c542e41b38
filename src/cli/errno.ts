/** What the operating system said about a failure, wherever a library put it. Imports nothing. */

/** Did the request fail before anything of it was sent? */
export function isBeforeSent(error: unknown): boolean {
  return BEFORE_SENT.has(errnoOf(error) ?? '')
}

/** Nothing was sent yet when one of these came. */
const BEFORE_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The operating system's or the HTTP library's code: fetch keeps it in `cause`, several tries in an AggregateError. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if (error instanceof AggregateError) return errnoOf(error.errors[0])
  if ('code' in error && typeof error.code === 'string') return error.code
  return errnoOf(error.cause)
}
