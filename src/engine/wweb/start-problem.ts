/** The reason for a failed start, in words for people. */

/** The clause for a start that failed for an unknown reason. */
export const UNKNOWN_PAGE = 'the page is unknown to this version'

/**
 * Returns one clause about a failed start, or null if the reason is unknown; the library throws strings and
 * errors.
 */
export function startProblem(error: unknown): string | null {
  const text = error instanceof Error ? error.message : String(error)
  if (text.includes('net::ERR_'))
    return `web.whatsapp.com could not be reached (${/net::\w+/.exec(text)?.[0]})`
  if (text === 'auth timeout') return 'WhatsApp Web did not finish loading'
  if (/context was destroyed|detached Frame/.test(text)) return 'the page reloaded repeatedly'
  if (text.includes('Failed to launch')) return 'the browser could not be launched'
  return null
}
