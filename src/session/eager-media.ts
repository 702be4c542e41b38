/**
 * Fetches the media of messages without a request, the newest first (`WHATSAPP_MEDIA_DOWNLOAD=eager`). It counts as used when its
 * message came, so that it displaces only media of older messages.
 */
import type { Clock } from '../clock.ts'
import { codeOf } from '../error-code.ts'
import { AppError, ERRORS } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MediaRules } from '../model/media-rules.ts'
import { firstPositionOf, timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'

/** Messages whose media could not be fetched. Above it, what is older than half of them is left until a restart. */
const MOST_FAILED = 500
/** After an error that passes, a message is tried again after this time, or after its age if that is longer: one that breaks the page does so seldom. */
const RETRY_MS = 600_000
/** Codes of errors that each message would have, and how long nothing is fetched after one: the download would be in vain. */
const FULL: readonly unknown[] = ['disk_full', 'archive_full', 'ENOSPC', 'EDQUOT']
const FULL_PAUSE_MS = 600_000
const SINCE = 'media_eager_since'

export type EagerMedia = {
  /** Fetches what is wanted, until nothing is. Rejects as the archive does; safe to call while it runs. */
  run(): Promise<void>
}

export type EagerMediaOptions = {
  store: Pick<Store, 'mediaFiles' | 'meta'>
  rules: MediaRules
  /** False ends the run. */
  canFetch(): boolean
  /** Fetches the media of the message at this position, as used at this time (Unix ms). */
  fetch(place: number, usedAtMs: number): Promise<void>
  clock: Pick<Clock, 'now'>
  log: Pick<Log, 'debug' | 'warn'>
}

export function createEagerMedia({
  store,
  rules,
  canFetch,
  fetch,
  clock,
  log,
}: EagerMediaOptions): EagerMedia {
  const { mediaFiles: files, meta } = store
  let from = sinceIn(meta, clock)
  /** When each is tried again (Unix ms). */
  const failed = new Map<number, number>()
  let isRunning = false
  let pausedUntilMs = 0

  function noteFailed(place: number, error: unknown): void {
    log.debug({ err: error }, 'media was not fetched')
    const now = clock.now()
    const isFinal = error instanceof AppError && ERRORS[error.code].retry === 'never'
    failed.set(place, isFinal ? Infinity : now + Math.max(RETRY_MS, now - timeOf(place) * 1_000))
    if (failed.size <= MOST_FAILED) return
    const places = [...failed.keys()].sort((a, b) => a - b)
    from = places[MOST_FAILED / 2] ?? from
    for (const older of places) if (older < from) failed.delete(older)
    log.warn('the media of older messages is left until a restart: that of many could not be fetched')
  }

  return {
    async run() {
      if (isRunning || clock.now() < pausedUntilMs) return
      isRunning = true
      try {
        while (canFetch() && clock.now() >= pausedUntilMs) {
          for (const [place, againAtMs] of failed) if (againAtMs <= clock.now()) failed.delete(place)
          const next = files.nextUnfetched(from, rules.eagerTypes, rules.eagerMaxBytes, [...failed.keys()])
          if (next === null) return
          const { message: place, size_bytes } = next
          const cameMs = timeOf(place) * 1_000
          // The quota is full of newer media. All that is left is older still.
          if (files.bytesSince(cameMs + 1_000) + size_bytes > rules.quotaBytes) return
          await fetch(place, cameMs).catch((error) => {
            if (FULL.includes(codeOf(error))) {
              pausedUntilMs = clock.now() + FULL_PAUSE_MS
              log.warn({ err: error }, 'no media is fetched for ten minutes: the disk is full')
              return
            }
            noteFailed(place, error)
          })
        }
      } finally {
        isRunning = false
      }
    },
  }
}

/** The position from which on media is fetched: that of the first start with this setting. */
function sinceIn(meta: Store['meta'], clock: Pick<Clock, 'now'>): number {
  const known = meta.get(SINCE)
  if (typeof known === 'number') return known
  const made = firstPositionOf(Math.floor(clock.now() / 1000))
  meta.set(SINCE, made)
  return made
}
