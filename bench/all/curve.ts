/** The curve of `npm run bench scale`: a line for each size of the archive. */
import type { Point } from '../scale.ts'

const COLUMNS: readonly { title: string; of: keyof Point; unit: string; digits: number }[] = [
  { title: 'messages', of: 'messages', unit: '', digits: 0 },
  { title: 'chats', of: 'chats', unit: '', digits: 0 },
  { title: 'recorded a second', of: 'perSecond', unit: '', digits: 0 },
  { title: 'on the disk, a message', of: 'bytesPerMessage', unit: 'bytes', digits: 0 },
  { title: 'start → listening', of: 'listening', unit: 'ms', digits: 0 },
  { title: 'search for a word, p95', of: 'search', unit: 'ms', digits: 1 },
  { title: 'list of chats, p99', of: 'list', unit: 'ms', digits: 1 },
]

/** @param json as the benchmark wrote it; undefined if it failed or was not run */
export function toCurveLines(json: unknown): string {
  const rows = [COLUMNS.map(({ title }) => title), ...cellsOf(json)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
    .join('\n')
}

/** The same as a table in Markdown; empty if there is none. */
export function toCurveTable(json: unknown): string {
  const cells = cellsOf(json)
  if (cells.length === 0) return ''
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  return [COLUMNS.map(({ title }) => title), COLUMNS.map(() => '---:'), ...cells].map(line).join('\n')
}

function cellsOf(json: unknown): string[][] {
  const curve: unknown = Object(json).curve
  if (!Array.isArray(curve)) return []
  return curve.map((point: Point) =>
    COLUMNS.map(({ of, unit, digits }) => {
      const number = point[of].toLocaleString('en', { maximumFractionDigits: digits })
      return unit === '' ? number : `${number} ${unit}`
    }),
  )
}
