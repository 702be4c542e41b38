/** Stores the positions of receivers, at most so often that the disk does not notice. */
import type { Clock } from '../clock.ts'

/** After a crash, what was delivered since is delivered again. */
const STORE_MS = 250

export type Places = {
  /** The position of the receiver with this id has changed. */
  moved(id: string, placeOf: () => string): void
  /** Does not store it any more. */
  drop(id: string): void
  /** Stores the positions now. Never rejects. */
  store(): Promise<void>
}

/** @param reached stores these positions, as cursors by id @param failed is told why it could not. Must not throw */
export function createPlaces(
  reached: (places: ReadonlyMap<string, string>) => Promise<void>,
  failed: (error: unknown) => void,
  clock: Clock,
): Places {
  const moved = new Map<string, () => string>()
  let cancel: (() => void) | null = null

  async function store(): Promise<void> {
    cancel?.()
    cancel = null
    const places = new Map([...moved].map(([id, placeOf]) => [id, placeOf()]))
    moved.clear()
    if (places.size > 0) await reached(places).catch(failed)
  }

  return {
    store,
    drop: (id) => void moved.delete(id),
    moved(id, placeOf) {
      moved.set(id, placeOf)
      cancel ??= clock.after(STORE_MS, () => void store())
    },
  }
}
