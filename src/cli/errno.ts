/** Finds the operating system's error code, wherever a library put it. */
import { codeOf } from '../error-code.ts'

/** True if the request failed before any of it was sent. */
export function isBeforeSent(error: unknown): boolean {
  return BEFORE_SENT.has(errnoOf(error) ?? '')
}

/** The codes of errors that occur before anything is sent. */
const BEFORE_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Returns the code of the operating system or the HTTP library. fetch keeps it in `cause`, several tries in an AggregateError. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if (error instanceof AggregateError) return errnoOf(error.errors[0])
  return codeOf(error) ?? errnoOf(error.cause)
}
