/** Stores the positions of receivers, many at once and after a short time, and what they send, before it is sent. */
import type { Clock } from '../clock.ts'
import type { Begun, ControlStore } from '../control.ts'

/** A position is stored at the latest after this time. After a crash, what was delivered since then is delivered again. */
const STORE_MS = 250

export type Places = {
  /** The position of the receiver with this id has changed. */
  moved(id: string, placeOf: () => string): void
  /**
   * Stores a position and what is about to be sent from it, in one transaction with the other calls of this turn. Resolves also if
   * that fails. Never rejects.
   */
  begin(id: string, begun: Begun): Promise<void>
  /** Discards what is not stored yet of the receiver with this id. */
  drop(id: string): void
  /** Stores the positions now. Never rejects. */
  store(): Promise<void>
  /** Removes from the disk what was sent. Calls of the same turn are one. Never rejects. */
  wipe(): Promise<void>
}

/** @param failed gets the reason when something could not be stored: once, until storing works again. Must not throw */
export function createPlaces(
  control: Pick<ControlStore['webhooks'], 'reached' | 'begun' | 'wipe'>,
  failed: (error: unknown) => void,
  clock: Clock,
): Places {
  const moved = new Map<string, () => string>()
  let beginning = new Map<string, Begun>()
  let turn: Promise<void> | null = null
  let wiping: Promise<void> | null = null
  let cancel: (() => void) | null = null
  let isFailing = false

  /** Waits for a write, and reports its failure. Never rejects. */
  const settled = (write: Promise<void>): Promise<void> =>
    write.then(
      () => {
        isFailing = false
      },
      (error) => {
        if (!isFailing) failed(error)
        isFailing = true
      },
    )

  async function store(): Promise<void> {
    await turn
    cancel?.()
    cancel = null
    const places = new Map([...moved].map(([id, placeOf]) => [id, placeOf()]))
    moved.clear()
    if (places.size > 0) await settled(control.reached(places))
  }

  async function storeBegun(): Promise<void> {
    await new Promise(setImmediate)
    const all = beginning
    beginning = new Map()
    turn = null
    if (all.size > 0) await settled(control.begun(all))
  }

  async function wipe(): Promise<void> {
    await new Promise(setImmediate)
    wiping = null
    await store()
    await settled(control.wipe())
  }

  return {
    store,
    wipe() {
      wiping ??= wipe()
      return wiping
    },
    drop(id) {
      moved.delete(id)
      beginning.delete(id)
    },
    begin(id, begun) {
      // `begun` has the position. A position that is stored alone removes what is being sent.
      moved.delete(id)
      beginning.set(id, begun)
      turn ??= storeBegun()
      return turn
    },
    moved(id, placeOf) {
      // The receiver has passed what it was about to send.
      if (beginning.has(id)) {
        beginning.set(id, { place: placeOf(), sending: [] })
        return
      }
      moved.set(id, placeOf)
      cancel ??= clock.after(STORE_MS, () => void store())
    },
  }
}
