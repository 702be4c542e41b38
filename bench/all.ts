/**
 * `npm run bench -- --all [--only NAME[,NAME]] [--messages N] [--keep FOLDER] [--out FILE]`: runs the benchmarks one after the other and prints
 * one table with targets and verdicts, which also becomes docs/performance.md. `--messages`: for those that take it, in place
 * of their own number. `--keep FOLDER`: keeps the figures of each benchmark there, and leaves out those that it has, so that a run
 * that was ended goes on. About 40 minutes on a computer that does nothing else; Linux.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { note } from '../test/soak/measured.ts'
import { toCurveLines, toCurveTable } from './all/curve.ts'
import { toLines, toPage, toResults } from './all/page.ts'
import { BENCHES, type BenchName, ROWS } from './all/rows.ts'
import { quantile } from './start/report.ts'

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
const TAKE_MESSAGES: readonly BenchName[] = ['archive', 'search', 'scale', 'start', 'readers']

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    messages: { type: 'string' },
    keep: { type: 'string' },
    out: { type: 'string', default: PAGE },
  },
})
const only = values.only?.split(',')
const isName = (name: string): name is BenchName => name in BENCHES
const names = Object.keys(BENCHES)
  .filter(isName)
  .filter((name) => only?.includes(name) ?? true)
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'bench-all-'))
mkdirSync(folder, { recursive: true })
const load = () => loadavg().map((one) => one.toFixed(1))
const facts = [
  `Date: ${new Date().toISOString().slice(0, 10)}`,
  `Machine: ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
  `Speed: Node alone starts in ${Math.round(nodeStart())} ms. A slower machine makes every time longer.`,
  `Commit: ${commit()}`,
  ...(values.messages === undefined ? [] : [`Messages: ${Number(values.messages).toLocaleString('en')}`]),
  `Load at the start: ${load().join(', ')}. Other programs that run meanwhile make every figure worse.`,
]
const figures = new Map<BenchName, unknown>()
try {
  for (const name of names) figures.set(name, run(name))
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true })
}
const results = toResults(
  ROWS.filter(({ bench }) => names.includes(bench)),
  figures,
)
const scale = figures.get('scale')
const curve = toCurveTable(scale)
console.log(`\n${facts.join('\n')}\n\n${toLines(results)}`)
if (curve !== '') console.log(`\n${toCurveLines(scale)}`)
writeFileSync(values.out, toPage(results, facts, curve))
if (values.out === PAGE && only === undefined && values.messages === undefined) {
  const judged = results.filter(({ verdict }) => verdict !== '')
  const met = judged.filter(({ verdict }) => verdict === 'met')
  note('npm run bench -- --all', `[${met.length} of ${judged.length} targets met](performance.md)`)
}
if (results.some(({ verdict }) => verdict === 'not measured') || (names.includes('scale') && curve === ''))
  process.exitCode = 1

/** Its figures; undefined if it failed. */
function run(name: BenchName): unknown {
  const json = join(folder, `${name}.json`)
  if (!existsSync(json)) measure(name, json)
  return existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : undefined
}

/** Runs the benchmark, which writes its figures to this file unless it fails. */
function measure(name: BenchName, json: string): void {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  const more =
    values.messages !== undefined && TAKE_MESSAGES.includes(name) ? ['--messages', values.messages] : []
  console.log(`\n== ${name}`)
  const args = [...process.execArgv, script, '--json', json, ...BENCHES[name].args, ...more]
  spawnSync(process.execPath, args, { stdio: 'inherit' })
}

/** How long a Node that does nothing takes, in milliseconds: the median of 15. */
function nodeStart(): number {
  const times = Array.from({ length: 15 }, () => {
    const from = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    return performance.now() - from
  })
  return quantile(times, 0.5) ?? 0
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    const isChanged = git('status', '--porcelain', '--', 'src') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ', with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
