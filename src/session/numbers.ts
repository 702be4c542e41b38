/** Which phone numbers are on WhatsApp: each is looked up at most once a day, slowly, also across restarts. */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import type { Jid, PhoneNumber } from '../model/ids.ts'
import type { Store } from '../store/store.ts'

const DAY_MS = 24 * 3_600_000
/** Between two lookups: WhatsApp restricts accounts that look up many strangers at once. */
const PACE_MS = 200

export type NumberRoom = {
  /** Returns the JID of this number; null if it is not on WhatsApp. Rejects with `not_connected`, and as `Engine.findNumber`. */
  find(phone: PhoneNumber): Promise<Jid | null>
}

export type NumberRoomOptions = {
  store: Pick<Store, 'numbers' | 'transaction'>
  /** The connected engine, or null. */
  engine(): Pick<Engine, 'connected' | 'findNumber'> | null
  clock: Clock
}

export function createNumberRoom({ store, engine, clock }: NumberRoomOptions): NumberRoom {
  let turn: Promise<unknown> = Promise.resolve()
  const since = () => clock.now() - DAY_MS
  const known = (phone: PhoneNumber) => store.numbers.get(phone, since())

  async function lookUp(phone: PhoneNumber): Promise<Jid | null> {
    // Another call may have looked it up meanwhile.
    const before = known(phone)
    if (before !== undefined) return before
    const connected = engine()
    if (!connected?.connected()) return fail('not_connected', { retryAfterS: 5 })
    const jid = await connected.findNumber(phone)
    store.transaction(() => store.numbers.set(phone, jid, clock.now(), since()))
    return jid
  }

  return {
    async find(phone) {
      const before = known(phone)
      if (before !== undefined) return before
      const mine = turn.then(() => lookUp(phone))
      turn = mine.then(pause, pause)
      return mine
    },
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => void clock.after(PACE_MS, resolve))
  }
}
