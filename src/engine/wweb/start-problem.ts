/** Why a start failed, for people. */

/** The clause for a start that failed for none of the known reasons. */
export const UNKNOWN_PAGE = 'its page is not one that this version knows'

/** One clause about a failed start, null where the reason is not known; the library throws strings as well as errors. */
export function startProblem(error: unknown): string | null {
  const text = error instanceof Error ? error.message : String(error)
  if (text.includes('net::ERR_'))
    return `web.whatsapp.com could not be reached (${/net::\w+/.exec(text)?.[0]})`
  if (text === 'auth timeout') return 'WhatsApp Web did not finish loading'
  if (/context was destroyed|detached Frame/.test(text)) return 'its page reloaded again and again'
  if (text.includes('Failed to launch')) return 'the browser could not be launched'
  return null
}
