/** The table of faults: what can be provoked, which entry of the failure catalogue it stands for, what it does. */

export type FaultFacts = {
  /** Entries of the catalogue (`F…`), or the item of "Broken today" (`W…`), that it provokes. */
  provokes: string
  /** Who acts it out: the https host, the service, or the page (told at its load and on every change). */
  where: 'host' | 'service' | 'page'
  /** What `value` may be besides `true`. */
  value: string
  does: string
}

/** Every fault by name. */
export const faultTable = {
  load_hangs: {
    provokes: 'F6',
    where: 'host',
    value: '',
    does: 'TLS is accepted, the document is never answered.',
  },
  load_refused: {
    provokes: 'F7',
    where: 'host',
    value: '',
    does: 'Every connection is closed at once: net::ERR_… in the browser.',
  },
  offline: {
    provokes: 'F16',
    where: 'host',
    value: '',
    does: 'The network is gone: connections are cut and none is accepted. Pages flap TIMEOUT/OPENING; sends queue, lookups hang.',
  },
} satisfies Record<string, FaultFacts>

export type FaultName = keyof typeof faultTable

/** The faults that are switched on. */
export type Faults = {
  /** The fault's value, or undefined while it is off. */
  get(name: FaultName): unknown
  isOn(name: FaultName): boolean
  all(): Record<string, unknown>
  /** Only those that pages act out. */
  forPages(): Record<string, unknown>
  /** Switch on, or off with `false`. Throws for an unknown name. */
  set(name: string, value: unknown): void
}

/** Is `name` in the table? */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faultTable, name)
}

/** All faults off. `onSet` hears of each change. */
export function createFaults(onSet: (name: FaultName, value: unknown) => void): Faults {
  const values = new Map<FaultName, unknown>()
  return {
    get: (name) => values.get(name),
    isOn: (name) => values.has(name),
    all: () => Object.fromEntries(values),
    forPages() {
      const facts: Record<string, FaultFacts> = faultTable
      return Object.fromEntries([...values].filter(([name]) => facts[name]?.where === 'page'))
    },
    set(name, value) {
      if (!isFaultName(name)) {
        throw new Error(
          `simulator: no fault ${JSON.stringify(name)}; there are ${Object.keys(faultTable).join(', ')}`,
        )
      }
      if (value === false || value === null || value === undefined) values.delete(name)
      else values.set(name, value)
      onSet(name, value ?? false)
    },
  }
}
