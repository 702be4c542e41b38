/** Restrictions of the account, as WhatsApp Web keeps them in its page. */
import { type Clock, withDeadline } from '../../clock.ts'
import { AppError, fail } from '../../errors.ts'
import { isGroup, type Jid } from '../../model/ids.ts'
import type { Restriction } from '../../model/restriction.ts'
import { toUnixMs } from '../../model/times.ts'
import type { EngineEvent } from '../engine.ts'
import type { LibraryClient } from './linked-client.ts'

const READ_MS = 5_000

/** What the page keeps; `endsAt` in Unix ms, as stored, unchecked. */
type Found = { kind: Restriction['kind']; endsAt: unknown } | null

type PageModules = {
  WAWebReachoutTimelockUtils: { isUserReachoutTimelocked(): boolean; REACHOUT_TIMELOCK_IDB_KEY: string }
  WAWebIndividualNewChatMessageCappingLimitUtils: {
    isUserCapped(): boolean
    getCappingData(): { cycle_end_timestamp?: number } | null
  }
  WAWebUserPrefsIndexedDBStorage: {
    userPrefsIdb: { get(key: string): { time_enforcement_ends?: number } | null }
  }
}
declare const window: { require<Name extends keyof PageModules>(name: Name): PageModules[Name] }

/** Runs in the page. Modules and fields: WhatsApp Web of 2026, before which neither restriction existed. */
function readRestriction(): Found {
  try {
    const lock = window.require('WAWebReachoutTimelockUtils')
    if (lock.isUserReachoutTimelocked()) {
      let endsAt: unknown
      try {
        const { userPrefsIdb } = window.require('WAWebUserPrefsIndexedDBStorage')
        endsAt = userPrefsIdb.get(lock.REACHOUT_TIMELOCK_IDB_KEY)?.time_enforcement_ends
      } catch {
        // Locked all the same, with an unknown end.
      }
      return { kind: 'new_chats', endsAt }
    }
  } catch {
    // A build without it.
  }
  try {
    const capping = window.require('WAWebIndividualNewChatMessageCappingLimitUtils')
    if (capping.isUserCapped())
      return { kind: 'quota', endsAt: Number(capping.getCappingData()?.cycle_end_timestamp) * 1_000 }
  } catch {
    // A build without it.
  }
  return null
}

export type Restrictions = {
  /** Reads the page and reports a change. Never fails. */
  read(): Promise<void>
  /**
   * Runs a send to this chat. If WhatsApp refuses it because of a restriction, fails with `account_restricted`.
   * Restrictions concern people: what a group refuses has another reason, and so has a reply that the page does
   * not allow.
   */
  explain<T>(chat: Jid, send: () => Promise<T>): Promise<T>
}

export function createRestrictions(
  client: LibraryClient,
  clock: Clock,
  emit: (event: EngineEvent) => void,
): Restrictions {
  /** Undefined: not read yet. The first reading is reported in any case: the session may know of an earlier one. */
  let last: Restriction | null | undefined

  async function read(): Promise<void> {
    const page = client.pupPage
    if (page === null) return
    const found = await withDeadline(
      clock,
      'Reading the restriction',
      READ_MS,
      page.evaluate(readRestriction),
    ).catch(() => undefined)
    if (found === undefined) return
    const next = toRestriction(found, clock.now())
    if (JSON.stringify(next) === JSON.stringify(last)) return
    last = next
    emit({ type: 'restriction', restriction: next })
  }

  return {
    read,
    async explain(chat, send) {
      try {
        return await send()
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'send_refused') throw error
        // Only the refusal of a message that reached WhatsApp has an id.
        if (isGroup(chat) || !('message_id' in error.facts)) throw error
        await read()
        if (!last) throw error
        return failRestricted(last, clock.now(), error)
      }
    },
  }
}

/** The page keeps a lock until WhatsApp lifts it: one whose end has passed counts no more. */
function toRestriction(found: Found, now: number): Restriction | null {
  if (found === null) return null
  const endsAt = typeof found.endsAt === 'number' && found.endsAt > 0 ? toUnixMs(found.endsAt, now) : null
  if (endsAt !== null && endsAt <= now) return null
  return { kind: found.kind, ends_at: endsAt === null ? null : new Date(endsAt).toISOString() }
}

function failRestricted({ kind, ends_at }: Restriction, now: number, cause: unknown): never {
  return fail('account_restricted', {
    facts: { kind, ends_at },
    ...(ends_at === null ? {} : { retryAfterS: Math.max(1, Math.ceil((Date.parse(ends_at) - now) / 1_000)) }),
    cause,
  })
}
