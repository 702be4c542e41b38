/** How much of a chat's history the archive has, and what is still to come. */
import { z } from 'zod'

/**
 * `all`: everything that WhatsApp has or the settings keep. `more`: WhatsApp Web has more, or may still receive
 * it. `on_phone`: WhatsApp Web has no more, the phone has. `failed`: the chat could not be read.
 */
export const HISTORY_STATES = ['all', 'more', 'on_phone', 'failed'] as const
export type HistoryState = (typeof HISTORY_STATES)[number]

/**
 * What precedes the oldest message that WhatsApp Web has: nothing (`none`), messages on the phone that it can be
 * asked for (`ask`) or cannot (`phone`), messages that the settings do not keep (`not_kept`); null: it does not say.
 */
export type Before = 'none' | 'ask' | 'phone' | 'not_kept' | null

/** The columns of a chat about its history. Times in Unix seconds. */
export type HistoryFacts = {
  history: HistoryState
  /**
   * Why: `settings` and `whatsapp` of a complete history; `nothing_came`; `phone_has_more`, `phone_asked`,
   * `phone_keeps_more`; or an error code.
   */
  history_reason: string | null
  /** Loadings in a row that brought nothing. */
  history_tries: number
  /** When WhatsApp Web is read again; null: at once, or never if the history is complete. */
  history_next_at: number | null
}

/** Not read to its end, or more has come since. */
export const NOT_READ: HistoryFacts = {
  history: 'more',
  history_reason: null,
  history_tries: 0,
  history_next_at: null,
}

/**
 * Seconds until WhatsApp Web is read again: it receives a new device's history in pieces, for minutes, in bad
 * cases for days (wwebjs#201890).
 */
const WAITS_S = [5, 15, 60, 300, 900, 3_600, 6 * 3_600, 24 * 3_600]
/** A chat counts as complete after this many loadings in a row without anything new, if WhatsApp Web does not say what precedes. */
const ENOUGH = 5

/** Seconds until the next try, after so many in a row that brought nothing. */
export const waitFor = (tries: number): number => WAITS_S[Math.min(tries, WAITS_S.length) - 1] ?? 0

/**
 * The state after WhatsApp Web had nothing older.
 * @param added new messages since the last time: then more may follow soon
 * @param now Unix seconds
 */
export function afterEnd(
  { history_tries }: Pick<HistoryFacts, 'history_tries'>,
  before: Before,
  added: number,
  now: number,
): HistoryFacts {
  const all = (reason: string): HistoryFacts => ({
    history: 'all',
    history_reason: reason,
    history_tries: 0,
    history_next_at: null,
  })
  if (before === 'not_kept') return all('settings')
  if (before === 'none') return all('whatsapp')
  const tries = added > 0 ? 1 : history_tries + 1
  if (before === null && tries >= ENOUGH) return all('nothing_came')
  return {
    history: before === null ? 'more' : 'on_phone',
    history_reason:
      before === null ? 'nothing_came' : before === 'ask' ? 'phone_has_more' : 'phone_keeps_more',
    history_tries: tries,
    history_next_at: now + waitFor(tries),
  }
}

/** The state after the chat could not be read, with this error code. */
export function afterFailure(
  { history_tries }: Pick<HistoryFacts, 'history_tries'>,
  code: string,
  now: number,
): HistoryFacts {
  const tries = history_tries + 1
  return {
    history: 'failed',
    history_reason: code,
    history_tries: tries,
    history_next_at: now + waitFor(tries),
  }
}

/** A field of responses about one chat; missing if the history is complete. */
export const History = z.object({
  state: z.enum(HISTORY_STATES),
  reason: z.string().optional(),
  next_try_at: z.string().optional().describe('When the server reads the chat again.'),
})
export type History = z.infer<typeof History>

/** The same for a read, which asks WhatsApp for what the archive lacks. */
export const ReadHistory = History.extend({
  loading: z
    .literal(true)
    .optional()
    .describe('WhatsApp did not return the missing messages in time; read again in a few seconds.'),
})
type ReadHistory = z.infer<typeof ReadHistory>

/** One sentence about the history, with its state and reason. */
export function describeHistory(complete: boolean, facts: Partial<ReadHistory> = {}): string {
  if (complete) return 'The archive has all older messages'
  const { state = 'more', reason, next_try_at, loading } = facts
  const says = {
    all: 'WhatsApp may have older messages',
    more: 'WhatsApp may have older messages',
    on_phone: 'Older messages are only on the phone',
    failed: 'Older messages could not be read',
  }
  if (loading) return 'Older messages are being loaded from WhatsApp: read again in a few seconds'
  const why = reason === undefined ? state : `${state}, ${reason}`
  return `${says[state]} (${why})${next_try_at === undefined ? '' : `; the server tries again at ${next_try_at}`}`
}
