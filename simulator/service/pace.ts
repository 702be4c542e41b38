/** How long things take: no time, or plausible times generated from the seed. */
import type { Pace } from '../simulator.ts'
import type { Random } from './random.ts'

/** The delays, with their plausible range in ms. Guesses, unless a source is named. */
const ranges = {
  /** The page's script, after the document. */
  script: [150, 600],
  /** Socket and handshake. */
  hello: [100, 400],
  /** The first read of chats after the handshake. */
  sync: [900, 3500],
  /** One stanza to the server and back. */
  stanza: [40, 250],
  /** Until the recipient's phone has the message. */
  delivery: [150, 1200],
  /** From the scan to the page's new credentials. */
  pairing: [700, 2000],
  /**
   * A linked device is revoked "within a minute" after a request for a pairing code for its number (OpenWA,
   * 2026-09).
   */
  revocation: [15_000, 55_000],
} satisfies Record<string, [number, number]>

export type Wait = keyof typeof ranges

export type Clock = {
  /** Resolves after the time that `what` takes at this pace; at pace `none` in the next turn of the loop. */
  wait(what: Wait): Promise<void>
  /** Unix seconds. */
  now(): number
  /** Moves the clock forward. */
  move(seconds: number): void
}

/** Creates the clock of one pace. */
export function createClock(pace: Pace, random: Random): Clock {
  let aheadMs = 0
  return {
    wait(what) {
      const [from, to] = ranges[what]
      if (pace === 'none') return new Promise((resolve) => setImmediate(resolve))
      return new Promise((resolve) => setTimeout(resolve, random.between(from, to)).unref())
    },
    now: () => Math.floor((Date.now() + aheadMs) / 1000),
    move(seconds) {
      aheadMs += seconds * 1000
    },
  }
}
