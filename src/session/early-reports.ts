/** Reactions, votes and acks that WhatsApp Web reports before their message. */

/** WhatsApp Web reports them again with the message (WAWebHandleSingleMsg), so that one follows the other at once. */
const KEPT_MS = 600_000
/** Most are about messages that the archive does not have at all. */
const MOST = 1_000

export type EarlyReports = {
  /** Keeps a report about the message with this id, for ten minutes at most. */
  keep(bareId: string, write: () => void): void
  /** Writes what was reported about a message that is here now. Kept until then: its transaction may fail, and writing twice changes nothing. */
  writeFor(bareId: string): void
}

/** @param now Unix milliseconds */
export function createEarlyReports(now: () => number): EarlyReports {
  let kept: { bareId: string; until: number; write: () => void }[] = []
  const fresh = () => kept.filter(({ until }) => until >= now())
  return {
    keep(bareId, write) {
      kept = [...fresh(), { bareId, until: now() + KEPT_MS, write }].slice(-MOST)
    },
    writeFor(bareId) {
      if (kept.length === 0) return
      for (const one of fresh()) if (one.bareId === bareId) one.write()
    },
  }
}
