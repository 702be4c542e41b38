/** Figures as rows, and rows as a table for people. */
import type { SendKind } from './contestants.ts'
import type { Memory } from './processes.ts'
import type { SendCost, SendFigures, SendPair, StartFigures } from './rounds.ts'

/** Everything that one column measured. */
export type Column = { starts: StartFigures[]; sends: SendFigures; inbound: number[]; after: Memory | null }

/** `newest`: our server on WhatsApp's newest build, where the library alone cannot send. `ratio`: ours / bare. */
export type Row = {
  name: string
  unit: 'ms' | 'MB'
  ours: number | null
  bare: number | null
  newest: number | null
  ratio: number | null
}

/** One row a figure: starts as medians over the rounds, sends and messages as p50 and p95. */
export function toRows(columns: { ours: Column; bare: Column; newest: Column }): Row[] {
  const rows: Row[] = []
  const add = (
    name: string,
    unit: Row['unit'],
    read: (column: Column, which: keyof typeof columns) => number | null,
  ) => {
    const [ours, bare, newest] = (['ours', 'bare', 'newest'] as const).map((which) => {
      const value = read(columns[which], which)
      return value === null ? null : Math.round(value * 10) / 10
    })
    const ratio = ours && bare ? Math.round((ours / bare) * 100) / 100 : null
    rows.push({ name, unit, ours: ours ?? null, bare: bare ?? null, newest: newest ?? null, ratio })
  }
  const start = (name: string, unit: Row['unit'], read: (figures: StartFigures) => number) =>
    add(name, unit, ({ starts }) => quantile(starts.map(read), 0.5))
  const sent = (kind: SendKind, share: number) => (column: Column, which: keyof typeof columns) => {
    // Our server has one way only, which stands against both of the library's.
    const times = column.sends[which === 'bare' ? kind : 'same_work']
    return quantile(times ?? [], share)
  }
  const inbound = (share: number) => (column: Column) => quantile(column.inbound, share)
  const after = (which: keyof Memory) => (column: Column) => column.after?.[which] ?? null

  start('process start → listening (bare: imported)', 'ms', ({ up }) => up)
  start('process start → QR', 'ms', ({ qr }) => qr)
  start('  listening/imported → QR', 'ms', ({ up, qr }) => qr - up)
  start('scan → ready', 'ms', ({ scanToReady }) => scanToReady)
  start('process start, saved session → ready', 'ms', ({ savedToReady }) => savedToReady)
  add('send p50, bare with number lookup', 'ms', sent('same_work', 0.5))
  add('send p95, bare with number lookup', 'ms', sent('same_work', 0.95))
  add('send p50, bare with default options', 'ms', sent('plain', 0.5))
  add('send p95, bare with default options', 'ms', sent('plain', 0.95))
  add('message written → reported p50', 'ms', inbound(0.5))
  add('message written → reported p95', 'ms', inbound(0.95))
  start('Node after ready (PSS)', 'MB', ({ ready }) => ready.node)
  start('browser after ready (PSS)', 'MB', ({ ready }) => ready.browser)
  add('Node after traffic (PSS)', 'MB', after('node'))
  add('browser after traffic (PSS)', 'MB', after('browser'))
  return rows
}

/** Medians of sends in pairs. `ratio`: the median of the pairs' own ratios. */
export function toPairRows(pairs: readonly SendPair[]): Row[] {
  const row = (name: string, read: (cost: SendCost) => number): Row => {
    const ours = quantile(
      pairs.map((pair) => read(pair.ours)),
      0.5,
    )
    const bare = quantile(
      pairs.map((pair) => read(pair.bare)),
      0.5,
    )
    const ratio = quantile(
      pairs.map((pair) => read(pair.ours) / Math.max(read(pair.bare), 0.01)),
      0.5,
    )
    return { name, unit: 'ms', ours, bare, newest: null, ratio }
  }
  return [
    row('send p50, in pairs', ({ ms }) => ms),
    row('processor time of a send p50, in pairs', ({ cpuMs }) => cpuMs),
  ]
}

/** The value below which this share of the values lies; null of none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) * share
  const low = sorted[Math.floor(middle)]
  const high = sorted[Math.ceil(middle)]
  return low === undefined || high === undefined ? null : low + (high - low) * (middle % 1)
}

/** A heading and one line a row. */
export function toTable(heading: string, rows: readonly Row[]): string {
  const number = (value: number | null, digits: number) => value?.toFixed(digits) ?? '–'
  const width = Math.max(...rows.map(({ name }) => name.length)) + 5
  const line = (cells: string[]) => cells.map((cell) => cell.padStart(9)).join(' ')
  return [
    `${heading.padEnd(width)}${line(['ours', 'bare', 'ours/bare', 'newest'])}`,
    ...rows.map(
      ({ name, unit, ours, bare, ratio, newest }) =>
        `${`${name}, ${unit}`.padEnd(width)}${line([number(ours, 1), number(bare, 1), number(ratio, 2), number(newest, 1)])}`,
    ),
  ].join('\n')
}
