/** Counts and durations of this process, by labels. Cheap: what reads them is loaded with the first reader. */

/** Facts beside a number. They have no names, numbers or texts of people. */
export type Labels = Readonly<Record<string, string>>
export type Sample = { labels: Labels; value: number }

/** The upper bounds of the buckets of durations, in seconds. */
export const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

/** Durations in buckets; `counts` has one more than {@link BOUNDS}, for the longer ones. */
export type Durations = { labels: Labels; counts: number[]; sum: number }

export type Counter = { add(labels: Labels): void; samples(): Sample[] }
export type Stopwatch = { observe(labels: Labels, seconds: number): void; durations(): Durations[] }

/** Creates a counter for each set of labels, from 0. */
export function createCounter(): Counter {
  const counts = new Map<string, Sample>()
  return {
    add(labels) {
      const key = JSON.stringify(labels)
      counts.set(key, { labels, value: (counts.get(key)?.value ?? 0) + 1 })
    },
    samples: () => [...counts.values()],
  }
}

/** Creates a histogram of durations for each set of labels. */
export function createStopwatch(): Stopwatch {
  const all = new Map<string, Durations>()
  return {
    observe(labels, seconds) {
      const key = JSON.stringify(labels)
      const one = all.get(key) ?? { labels, counts: Array(BOUNDS.length + 1).fill(0), sum: 0 }
      const found = BOUNDS.findIndex((bound) => seconds <= bound)
      const index = found === -1 ? BOUNDS.length : found
      one.counts[index] = (one.counts[index] ?? 0) + 1
      one.sum += seconds
      all.set(key, one)
    },
    durations: () => [...all.values()],
  }
}
