/**
 * How fast messages leave an account: a runaway agent must not get it restricted by WhatsApp. Counts are kept in memory; they
 * start anew with the server.
 */
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import type { Jid } from '../model/ids.ts'

/** The most messages of one caller, and the most people to whom it writes first in a day; 0: no limit. All callers together have twice as much. */
export type PaceLimits = { perMinute: number; perHour: number; newPeoplePerDay: number }

export type Paced = {
  account: string
  /** Id of the caller. */
  caller: string
  chat: Jid
  /** True if no message of this chat is known. */
  isNew: boolean
  /** True if what others send does not count: the keyless owner's own scripts. */
  isAlone: boolean
}

export type Pace = {
  /** Counts a message that is about to be sent. @throws AppError `sends_too_fast`, with the time to wait; then it does not count */
  take(paced: Paced): void
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Events of one kind, each at its time. */
type Window = { times: number[]; spanMs: number; most: number; says: string }

/** Creates the counts of this process. */
export function createPace(limits: PaceLimits, clock: Pick<Clock, 'now'>): Pace {
  const windows = new Map<string, number[]>()
  /** The people whom a caller wrote to first, by caller and chat: writing to them again is nothing new. */
  const met = new Map<string, number>()

  function windowOf(name: string, spanMs: number, most: number, says: string): Window {
    const since = clock.now() - spanMs
    const times = (windows.get(name) ?? []).filter((at) => at > since)
    windows.set(name, times)
    return { times, spanMs, most, says }
  }

  function windowsOf(who: string, { isNew }: Pick<Paced, 'isNew'>, factor: number): Window[] {
    const { perMinute, perHour, newPeoplePerDay } = limits
    const all = [
      windowOf(`${who} minute`, MINUTE_MS, perMinute * factor, 'messages in a minute'),
      windowOf(`${who} hour`, HOUR_MS, perHour * factor, 'messages in an hour'),
      ...(isNew ? [windowOf(`${who} day`, DAY_MS, newPeoplePerDay * factor, 'new people in a day')] : []),
    ]
    return all.filter(({ most }) => most > 0)
  }

  return {
    take(paced) {
      const { account, caller, chat, isAlone } = paced
      const now = clock.now()
      const meeting = JSON.stringify([account, caller, chat])
      for (const [one, at] of met) if (at <= now - DAY_MS) met.delete(one)
      const isNew = paced.isNew && !met.has(meeting)
      const own = windowsOf(JSON.stringify([account, caller]), { isNew }, 1)
      const all = windowsOf(JSON.stringify([account]), { isNew }, 2)
      const full = [...own, ...(isAlone ? [] : all)].find(({ times, most }) => times.length >= most)
      if (full !== undefined) {
        const freeAt = (full.times[full.times.length - full.most] ?? now) + full.spanMs
        fail('sends_too_fast', {
          detail: `The limit of ${full.most} ${full.says} is reached. Nothing was sent.`,
          retryAfterS: Math.max(1, Math.ceil((freeAt - now) / 1_000)),
        })
      }
      for (const { times } of [...own, ...all]) times.push(now)
      if (isNew) met.set(meeting, now)
    },
  }
}
