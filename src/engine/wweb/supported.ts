/** What this build of WhatsApp Web offers, checked in its page, and calls that need a part of it. */
import { type Clock, DeadlineError, withDeadline } from '../../clock.ts'
import { AppError, fail } from '../../errors.ts'
import { ABILITIES, type Ability, type SelfCheck } from '../../model/ability.ts'
import type { EngineEvent } from '../engine.ts'
import { isKnownBuild, NEEDS } from './compat/needs.ts'
import { pageCheck } from './compat/page-modules.ts'
import { isContextLost } from './linked-client.ts'

/** All scripts that a check may load; a page that hangs is found by the probe. */
const CHECK_MS = 15_000

export type Supported = {
  /** Checks the page and reports the result. Null if WhatsApp Web is not in it or hangs; never fails. */
  check(): Promise<SelfCheck | null>
  /** Looks again for what was missing: a script that did not load once may load now. */
  recheck(): Promise<void>
  /**
   * Runs a call that uses these abilities; its outcome is reported for the first. Fails with
   * `not_supported_by_whatsapp_web` if something that they need is missing, also if that is found after the
   * call failed; else as `run`.
   */
  use<T>(abilities: readonly [Ability, ...Ability[]], run: () => Promise<T>): Promise<T>
  /** The same for a call that returns its result in pieces. */
  read<T>(ability: Ability, pieces: () => AsyncIterable<T>): AsyncIterable<T>
  /** As {@link EngineMemory.idleSince}. */
  idleSince(): number | null
}

/** Texts of errors of WhatsApp Web about one person or chat that it cannot reach (WAWebFindChat): the build works. */
export const UNREACHABLE =
  /No LID for user|wid error|invalid wid|could not find phone number for lid|new chat not found|no chat: there is none/i

/** The archive repeats these by itself after a restart. */
const READINGS = new Set<Ability>(['read_history', 'read_chats', 'read_contacts'])

/** The part of the client that checking uses. */
export type SupportedClient = {
  pupPage: { evaluate(run: typeof pageCheck, needs: typeof NEEDS): ReturnType<typeof pageCheck> } | null
}

export function createSupported(
  client: SupportedClient,
  clock: Clock,
  emit: (event: EngineEvent) => void,
): Supported {
  let last: SelfCheck | null = null
  let running = 0
  let idleSince = clock.now()

  async function check(): Promise<SelfCheck | null> {
    const page = client.pupPage
    if (page === null) return null
    const asked = page.evaluate(pageCheck, NEEDS)
    const found = await withDeadline(clock, 'Checking the page', CHECK_MS, asked).catch(() => null)
    // A page that does not tell its build has not loaded.
    if (found === null || found.build === 'unknown') return null
    last = { ...found, isKnown: isKnownBuild(found.build) }
    emit({ type: 'checked', check: last })
    return last
  }

  function demand(ability: Ability): void {
    const missing = last?.missing[ability]
    if (missing === undefined) return
    fail('not_supported_by_whatsapp_web', {
      detail: `${ABILITIES[ability]} does not work on build ${last?.build} of WhatsApp Web: it does not have ${missing.join(', ')}.`,
      facts: { whatsapp_web_version: last?.build ?? null, missing },
    })
  }

  async function recheck(): Promise<void> {
    if (Object.keys(last?.missing ?? {}).length > 0) await check()
  }

  function noteSuccess(ability: Ability): void {
    emit({ type: 'outcome', ability, failure: null })
  }

  /** Throws: `not_supported_by_whatsapp_web` if a new check finds what is missing, else `error`. */
  async function explain(abilities: readonly [Ability, ...Ability[]], error: unknown): Promise<never> {
    const message = messageOfPage(error)
    if (!(error instanceof AppError) || message === null) throw error
    // A page that has not loaded says nothing about its build.
    if ((await check()) === null) throw error
    // A send that may have happened stays unknown.
    if (error.code === 'whatsapp_error' || error.facts.message_id === null) abilities.forEach(demand)
    const [ability] = abilities
    emit({ type: 'outcome', ability, failure: `WhatsApp Web failed: ${message}` })
    throw error
  }

  async function use<T>(abilities: readonly [Ability, ...Ability[]], run: () => Promise<T>): Promise<T> {
    abilities.forEach(demand)
    const counted = abilities.every((ability) => READINGS.has(ability)) ? 0 : 1
    running += counted
    try {
      const result = await run().catch((error) => explain(abilities, error))
      noteSuccess(abilities[0])
      return result
    } finally {
      running -= counted
      if (counted > 0) idleSince = clock.now()
    }
  }

  return {
    check,
    recheck,
    use,
    idleSince: () => (running > 0 ? null : idleSince),
    async *read(ability, pieces) {
      demand(ability)
      try {
        yield* pieces()
      } catch (error) {
        await explain([ability], error)
      }
      noteSuccess(ability)
    },
  }
}

/**
 * What the page itself threw, without numbers. Null for a timeout, a reload, or a person whom WhatsApp does not
 * find.
 */
function messageOfPage(error: unknown): string | null {
  if (!(error instanceof AppError)) return null
  const { code, cause } = error
  if (!['whatsapp_error', 'send_outcome_unknown', 'outcome_unknown'].includes(code)) return null
  if (!(cause instanceof Error) || cause instanceof DeadlineError || isContextLost(cause)) return null
  if (UNREACHABLE.test(cause.message)) return null
  return cause.message.slice(0, 200).replace(/\d{5,}/g, '…')
}
