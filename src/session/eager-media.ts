/** Fetches the media of messages without a request, the newest first (`WHATSAPP_MEDIA_DOWNLOAD=eager`). */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { MediaRules } from '../model/media-rules.ts'
import { firstIn } from '../store/position.ts'
import type { Store } from '../store/store.ts'

/** Messages whose media could not be fetched; they are tried again after a restart. */
const MOST_FAILED = 500
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
  /** Fetches the media of the message at this position. */
  fetch(place: number): Promise<void>
  clock: Pick<Clock, 'now'>
  log: Pick<Log, 'debug'>
}

export function createEagerMedia({
  store,
  rules,
  canFetch,
  fetch,
  clock,
  log,
}: EagerMediaOptions): EagerMedia {
  const since = sinceIn(store.meta, clock)
  const failed = new Set<number>()
  let isRunning = false

  return {
    async run() {
      if (isRunning) return
      isRunning = true
      try {
        while (canFetch() && failed.size < MOST_FAILED) {
          const place = store.mediaFiles.nextUnfetched(since, rules.eagerTypes, rules.eagerMaxBytes, [
            ...failed,
          ])
          if (place === null) return
          await fetch(place).catch((error) => {
            failed.add(place)
            log.debug({ err: error }, 'media was not fetched')
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
  const made = firstIn(Math.floor(clock.now() / 1000))
  meta.set(SINCE, made)
  return made
}
