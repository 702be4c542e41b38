/** What the abilities of an account's WhatsApp Web are known to be: the last self-check, and what contradicted it. */
import type { Clock } from '../clock.ts'
import { ABILITIES, type Ability, type AbilityState, type SelfCheck } from '../model/ability.ts'

/** The view of {@link createAbilities}. */
export type AbilitiesView = {
  /** The last check; null before the first. */
  check: SelfCheck | null
  /** Unix ms. */
  checkedAt: number | null
  abilities: Record<Ability, AbilityState>
}

export type AbilitiesRecord = {
  onCheck(check: SelfCheck): void
  /** An attempt failed in the page although nothing is missing (`failure`), or succeeded again (null). */
  onOutcome(ability: Ability, failure: string | null): void
  view(): AbilitiesView
}

export function createAbilities(clock: Clock): AbilitiesRecord {
  let check: SelfCheck | null = null
  let checkedAt: number | null = null
  /** Since when the checks have this result, Unix ms. */
  let since: number | null = null
  const failed = new Map<Ability, { failure: string; at: number }>()

  function stateOf(ability: Ability): AbilityState {
    const missing = check?.missing[ability]
    if (missing !== undefined)
      return { state: 'broken', why: `WhatsApp Web does not have ${missing.join(', ')}`, since }
    const contradiction = failed.get(ability)
    if (contradiction !== undefined)
      return { state: 'broken', why: contradiction.failure, since: contradiction.at }
    if (check === null) return { state: 'unknown', why: 'WhatsApp Web has not been checked yet', since: null }
    if (check.isKnown) return { state: 'works', why: null, since }
    const why = 'This build is new and was never tested; nothing known is missing'
    return { state: 'unknown', why, since }
  }

  return {
    onCheck(next) {
      // Another build may have mended what failed.
      if (next.build !== check?.build) failed.clear()
      if (JSON.stringify(next) !== JSON.stringify(check)) since = clock.now()
      check = next
      checkedAt = clock.now()
    },
    onOutcome(ability, failure) {
      if (failure === null) failed.delete(ability)
      else failed.set(ability, { failure, at: clock.now() })
    },
    view() {
      const names = Object.keys(ABILITIES) as Ability[]
      const abilities = Object.fromEntries(names.map((name) => [name, stateOf(name)]))
      return { check, checkedAt, abilities: abilities as Record<Ability, AbilityState> }
    },
  }
}
