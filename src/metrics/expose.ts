/** The metrics in the text format of Prometheus, with those of Node that prom-client collects. Loaded with the first reader. */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Family, Sources } from './families.ts'
import { BOUNDS, type Durations, type Labels } from './tally.ts'

/** CPU, memory and event loop of the server: those of every Node program, with their usual names. */
const node = new Registry()
collectDefaultMetrics({ register: node })

/** Reads every family. One that cannot be read now, such as while a database is closed, is left out. */
export async function expose(
  families: readonly Family[],
  from: Sources,
  isSeen: (account: string) => boolean,
): Promise<{ type: string; text: string }> {
  const own = await Promise.all(
    families.map(async ({ name, help, type, read }) => {
      try {
        const found = await read(from)
        const lines = found
          .filter(({ labels }) => labels.account === undefined || isSeen(labels.account))
          .flatMap((one) => ('counts' in one ? bucketsOf(name, one) : [line(name, one.labels, one.value)]))
        return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, '']
      } catch {
        return []
      }
    }),
  )
  return { type: node.contentType, text: `${own.flat().join('\n')}\n${await node.metrics()}` }
}

/** Buckets are cumulative: each counts all durations up to its bound. */
function bucketsOf(name: string, { labels, counts, sum }: Durations): string[] {
  let total = 0
  const buckets = [...BOUNDS, '+Inf'].map((bound, index) => {
    total += counts[index] ?? 0
    return line(`${name}_bucket`, { ...labels, le: String(bound) }, total)
  })
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)]
}

/** Values of labels are words of ours: nothing in them is escaped. */
function line(name: string, labels: Labels, value: number): string {
  const all = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
  return `${name}${all.length === 0 ? '' : `{${all.join(',')}}`} ${value}`
}
