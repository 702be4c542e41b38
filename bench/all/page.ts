/** Figures against their targets: as lines for the terminal, and as docs/performance.md. */
import { quantile } from '../start/report.ts'
import type { BenchName, Row } from './rows.ts'

/** `figure`: null if its benchmark failed or was not run. `verdict`: empty where there is no target. */
export type Result = { row: Row; figure: number | null; verdict: 'met' | 'missed' | 'not measured' | '' }

/** @param figures of each benchmark that ran, as it wrote them */
export function toResults(rows: readonly Row[], figures: ReadonlyMap<BenchName, unknown>): Result[] {
  return rows.map((row) => {
    const figure = figureOf(row, figures.get(row.bench))
    if (figure === null) return { row, figure, verdict: 'not measured' }
    if (row.target === null) return { row, figure, verdict: '' }
    const isMet = 'atMost' in row.target ? figure <= row.target.atMost : figure >= row.target.atLeast
    return { row, figure, verdict: isMet ? 'met' : 'missed' }
  })
}

function figureOf({ path, share }: Row, json: unknown): number | null {
  const found = path.reduce(stepInto, json)
  if (share !== undefined && Array.isArray(found)) {
    const list = found.filter((value) => typeof value === 'number')
    return quantile(list, share)
  }
  return typeof found === 'number' && Number.isFinite(found) ? found : null
}

function stepInto(value: unknown, step: Row['path'][number]): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (typeof step !== 'object') return Reflect.get(value, step)
  const fits = (item: unknown) =>
    typeof item === 'object' &&
    item !== null &&
    Object.entries(step).every(([key, wanted]) => Reflect.get(item, key) === wanted)
  return Array.isArray(value) ? value.find(fits) : undefined
}

export function toLines(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ row }) => row.name.length)) + 2
  return results
    .map(({ row, figure, verdict }) => {
      const measured = figure === null ? '–' : `${written(figure)} ${row.unit}`
      return `${row.name.padEnd(width)}${targetOf(row).padStart(18)}${measured.padStart(20)}  ${verdict}`
    })
    .join('\n')
}

/** @param facts about the run: date, machine, commit */
export function toPage(results: readonly Result[], facts: readonly string[]): string {
  const line = ({ row, figure, verdict }: Result) =>
    `| ${row.name} | ${targetOf(row)} | ${figure === null ? '–' : `${written(figure)} ${row.unit}`} | ${verdict} | \`${row.bench}\` |`
  const missed = results.filter(({ verdict, row }) => verdict === 'missed' && row.missed !== undefined)
  return `# Performance

\`npm run bench -- --all\` measures this on your machine and writes this page. \`npm run bench -- <name>\` runs one of the benchmarks.

${facts.map((fact) => `- ${fact}`).join('\n')}

| what | target | measured | verdict | benchmark |
|---|---|---|---|---|
${results.map(line).join('\n')}
${missed.length === 0 ? '' : `\n## Missed targets\n\n${missed.map(({ row }) => `- **${row.name}**: ${row.missed}`).join('\n')}\n`}`
}

function targetOf({ target, unit }: Row): string {
  if (target === null) return '–'
  return 'atMost' in target ? `≤ ${written(target.atMost)} ${unit}` : `≥ ${written(target.atLeast)} ${unit}`
}

function written(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })
}
