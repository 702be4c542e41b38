/** Actions on messages, each with a definite outcome: done, refused, or reported as unknown. */
import { type Clock, DeadlineError, withDeadline } from '../../clock.ts'
import { AppError, fail } from '../../errors.ts'
import type { Action, MessageRef } from '../../model/action.ts'
import { parseMessageKey } from '../../model/ids.ts'
import type { SeenMessage } from '../../model/seen.ts'
import type { PageAct } from './acts/act.ts'
import { deletion } from './acts/delete.ts'
import { edit } from './acts/edit.ts'
import { forward } from './acts/forward.ts'
import { pin } from './acts/pin.ts'
import { react } from './acts/react.ts'
import { star } from './acts/star.ts'
import { vote } from './acts/vote.ts'
import { isContextLost } from './linked-client.ts'
import type { Done, Verdict } from './raw.ts'
import type { ReadingClient } from './reading.ts'
import type { Translator } from './translator.ts'

const ACTS: { [K in Action['kind']]: PageAct<K> } = {
  react,
  edit,
  delete: deletion,
  star,
  pin,
  vote,
  forward,
}

/** Returns the ability that this action uses. */
export const abilityOf = ({ kind }: Action) => ACTS[kind].ability

export type Acting = {
  /** See `Engine.act`. */
  act(message: MessageRef, action: Action, limitMs: number): Promise<SeenMessage | null>
  /**
   * Calls `report`, which reports the new text of the message with this bare id. During our own edits of that message, the call
   * waits for their end, and is left out if `text` is that of an edit that failed: WhatsApp Web shows it before its server has it.
   */
  reportEdit(bareId: string, text: string | undefined, report: () => void): void
}

export function createActing(client: ReadingClient, translator: Translator, clock: Clock): Acting {
  /** By the bare id of a message: how many of our edits are under way, and the reports that wait for their end. */
  const edits = new Map<string, { open: number; waiting: { text: string | undefined; report(): void }[] }>()

  async function act({ keys }: MessageRef, action: Action, limitMs: number): Promise<SeenMessage | null> {
    const run = ACTS[action.kind].run as (...given: unknown[]) => Promise<Done>
    const page = client.pupPage ?? fail('not_connected', { retryAfterS: 5 })
    // An action that waits in the page must not begin after this call has ended. The page has the same clock.
    const endsAt = Date.now() + limitMs
    const asked = page.evaluate(run, keys, action, endsAt) as Promise<Done>
    const done = await withDeadline(clock, 'Waiting for WhatsApp', limitMs, asked).catch((error) =>
      error instanceof DeadlineError || isPageGone(error)
        ? fail('outcome_unknown', { cause: error })
        : fail('whatsapp_error', { cause: error }),
    )
    if (done.verdict !== 'done') failFor(done.verdict, done.why)
    return done.message && translator.message(done.message)
  }

  return {
    async act(message, action, limitMs) {
      const id = bareIdOf(message)
      if (action.kind !== 'edit' || id === null) return act(message, action, limitMs)
      const edit = edits.get(id) ?? { open: 0, waiting: [] }
      edits.set(id, edit)
      edit.open += 1
      try {
        return await act(message, action, limitMs)
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'outcome_unknown'))
          edit.waiting = edit.waiting.filter(({ text }) => text !== action.text.trim())
        throw error
      } finally {
        edit.open -= 1
        if (edit.open === 0) {
          edits.delete(id)
          for (const { report } of edit.waiting) report()
        }
      }
    },
    reportEdit(bareId, text, report) {
      const edit = edits.get(bareId)
      if (edit) edit.waiting.push({ text, report })
      else report()
    },
  }
}

const bareIdOf = ({ keys: [key] }: MessageRef) =>
  key === undefined ? null : (parseMessageKey(key)?.bareId ?? null)

/** True if the page went away during a call: what was called may have happened. False for an error that the call itself threw. */
export function isPageGone(error: unknown): boolean {
  const CUT_OFF = /Protocol error|(Target|Session|Connection) closed|frame (was|got) detached/i
  return isContextLost(error) || (error instanceof Error && CUT_OFF.test(error.message))
}

/** Fails with the error for this verdict. */
function failFor(verdict: Exclude<Verdict, 'done'>, why?: string): never {
  switch (verdict) {
    case 'missing':
      return fail('message_not_found', {
        detail: 'WhatsApp Web no longer has this message; nothing was changed.',
        hint: 'Open the chat on the phone to check whether the message still exists.',
      })
    case 'too_late':
      return fail('too_late')
    case 'unknown_option':
      return fail('invalid_input', {
        detail: '"options": the poll does not have these options, or allows only one of them.',
        hint: 'Use the names of options of this poll, as `poll` of the message has them.',
      })
    case 'refused':
      return fail('action_refused', { detail: 'WhatsApp Web does not allow this with this message.' })
    case 'failed':
      return fail('whatsapp_error', { detail: "WhatsApp's server did not accept the change." })
    case 'not_begun':
      return fail('whatsapp_timeout', { detail: 'WhatsApp Web did not begin in time. Nothing was changed.' })
    case 'open':
      return fail('outcome_unknown', { cause: why === undefined ? undefined : new Error(why) })
  }
}
