/** Figures against their targets: as lines for the terminal, and as docs/performance.md. */
import { quantile } from '../start/report.ts'
import { BENCHES, type BenchName, type Row } from './rows.ts'

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
      const measured = figure === null ? '–' : measuredOf(row, figure)
      return `${row.name.padEnd(width)}${targetOf(row).padStart(18)}${measured.padStart(20)}  ${verdict}`
    })
    .join('\n')
}

/**
 * @param facts about the run: date, machine, commit
 * @param curve the table of the benchmark `scale`; empty if there is none
 */
export function toPage(results: readonly Result[], facts: readonly string[], curve: string): string {
  const parts = Object.entries(BENCHES).map(([name, { title, about }]) => {
    const tables = [name === 'scale' ? curve : '', tableOf(results.filter(({ row }) => row.bench === name))]
    const shown = tables.filter((table) => table !== '')
    return shown.length === 0
      ? ''
      : `## ${title}\n\n${about} (\`npm run bench ${name}\`)\n\n${shown.join('\n\n')}\n`
  })
  const missed = results.flatMap(({ verdict, row }) => (verdict === 'missed' ? [row] : []))
  const reasons = new Set(missed.flatMap(({ missed: why }) => why ?? []))
  const why = [...reasons].map((reason) => {
    const names = missed.filter((row) => row.missed === reason).map(({ name }) => `**${name}**`)
    return `- ${names.join('; ')}: ${reason}`
  })
  const others = missed.flatMap((row) => (row.missed === undefined ? [`**${row.name}**`] : []))
  if (others.length > 0) why.push(`- ${others.join('; ')}: ${UNKNOWN}`)
  return [
    `# Performance

The benchmarks run the built server on your machine: real files, real HTTP, a real browser. Only WhatsApp is simulated. Where a ratio
is measured, both sides run in the same run and in turns, so that whatever slows the machine slows both. ${countOf(results)}

\`npm run bench -- --all\` measures everything and writes this page, in about 40 minutes. \`npm run bench -- <name>\` runs one
benchmark and prints more. A figure without a target says what something costs.

${facts.map((fact) => `- ${fact}`).join('\n')}
`,
    ...parts.filter((part) => part !== ''),
    ...(why.length === 0 ? [] : [`## Missed targets\n\n${why.join('\n')}\n`]),
  ].join('\n')
}

/** Of missed targets without a reason of their own. */
const UNKNOWN = 'missed in this run. What stands in the way is not known yet.'

function countOf(results: readonly Result[]): string {
  const judged = results.filter(({ verdict }) => verdict !== '')
  const met = judged.filter(({ verdict }) => verdict === 'met')
  return `${met.length} of ${judged.length} targets are met.`
}

function tableOf(results: readonly Result[]): string {
  const line = ({ row, figure, verdict }: Result) =>
    `| ${row.name} | ${targetOf(row)} | ${figure === null ? '–' : measuredOf(row, figure)} | ${verdict} |`
  if (results.length === 0) return ''
  return ['| what | target | measured | verdict |\n|---|---|---|---|', ...results.map(line)].join('\n')
}

function measuredOf({ unit }: Row, figure: number): string {
  return `${written(figure)} ${unit}`.trim()
}

function targetOf({ target, unit }: Row): string {
  if (target === null) return '–'
  return (
    'atMost' in target ? `≤ ${written(target.atMost)} ${unit}` : `≥ ${written(target.atLeast)} ${unit}`
  ).trim()
}

function written(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.1) return value.toLocaleString('en', { maximumSignificantDigits: 1 })
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })
}
