/**
 * `npm run bench against -- COMMIT [--pairs N] [--requests N] [--json FILE]`: this build beside the build of an earlier
 * commit, on the same double. Starts, calls and sends are measured in pairs, and the order within a pair alternates, so whatever
 * slows this machine slows both. The processor time of the server's process is comparable also while others use the machine.
 * On the loopback only; Linux.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { newestBuildWithSerialized } from '../simulator/builds.ts'
import { findBrowser } from '../src/browser/find.ts'
import { callIn, LANES } from './mcp/lanes.ts'
import { measure } from './mcp/load.ts'
import type { Contestant } from './start/contestants.ts'
import { caughtUp, startLinked, urlOf } from './start/link.ts'
import { openStages, type Stage } from './start/place.ts'
import { readCpuMs } from './start/processes.ts'
import { quantile } from './start/report.ts'
import { AFTER_SEND_MS } from './start/rounds.ts'

const WARM_UP = 300
const CALLS = [
  { tool: 'whatsapp_status', path: '/api/status' },
  { tool: 'whatsapp_list_chats', path: '/api/chats' },
]
const SIDES = ['now', 'earlier'] as const
type Side = (typeof SIDES)[number]
/** `cpuMs`: processor time of the server's process; null where it is not measured. */
type Figures = { ms: number; cpuMs: number | null }
type Pair = Record<Side, Figures>

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    pairs: { type: 'string', default: '30' },
    requests: { type: 'string', default: '300' },
  },
})
const [commit] = positionals
const [pairs, requests] = [Number(values.pairs), Number(values.requests)]
if (commit === undefined) throw new Error('name the commit to compare with')
if (!(Number.isInteger(pairs) && pairs >= 1 && Number.isInteger(requests) && requests >= 10))
  throw new Error('--pairs takes a whole number from 1 on, --requests one from 10 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'bench-against-'))
const worktree = join(folder, 'earlier')
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'pipe' }).toString().trim()
const stages = await openStages(browser.path)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void stages.close())

try {
  const server = buildEarlier(commit)
  const facts = {
    now: git('rev-parse', '--short', 'HEAD'),
    earlier: git('rev-parse', '--short', commit),
    pairs,
  }
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${load()}, ${pairs} pairs
${''.padEnd(52)}${['now', 'earlier', 'now/earlier', 'of cpu ms'].map((word) => word.padStart(13)).join('')}`)
  const open = (seed: number, more: { server?: string } = {}) =>
    stages.open({ name: 'ours', build: newestBuildWithSerialized.name, pace: 'none', seed, ...more })
  const stage = { now: await open(1), earlier: await open(1, { server }) }
  const running = { now: await complete(stage.now), earlier: await complete(stage.earlier) }

  const rows = [...(await calls(running)), await sends(stage.now, running)]
  for (const side of SIDES) await running[side].end()
  rows.push(...(await starts(stage)))
  console.log(`load ${load()}`)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ ...facts, rows }, null, 2)}\n`)
} finally {
  await stages.close()
  git('worktree', 'remove', '--force', worktree)
  rmSync(folder, { recursive: true, force: true })
}

function load(): string {
  return loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')
}

/** Builds the earlier commit with the packages of this checkout. Returns the path of its program. */
function buildEarlier(commit: string): string {
  git('worktree', 'add', '--detach', worktree, commit)
  symlinkSync(join(root, 'node_modules'), join(worktree, 'node_modules'))
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: worktree, stdio: 'pipe' })
  return join(worktree, 'dist', 'main.js')
}

/** Links a server, and waits until its archive has what WhatsApp has. */
async function complete(stage: Stage): Promise<Contestant> {
  const server = await startLinked(stage)
  await caughtUp(await urlOf(server))
  return server
}

/** Milliseconds of a call, in each lane of MCP and over REST. */
async function calls(running: Record<Side, Contestant>) {
  const rows = []
  for (const { tool, path } of CALLS)
    for (const lane of [...LANES, 'REST'] as const) {
      const callOf = async (side: Side) => {
        const url = await urlOf(running[side])
        return lane === 'REST'
          ? { url: `${url}${path}`, headers: {}, body: null }
          : callIn(lane, url, '/mcp', tool)
      }
      const call = { now: await callOf('now'), earlier: await callOf('earlier') }
      for (const side of SIDES) await measure(call[side], WARM_UP)
      const found = await inPairs(async (side) => {
        const { pid } = running[side].child
        const cpuBefore = readCpuMs(pid)
        const { perSecond } = await measure(call[side], requests)
        return { ms: 1_000 / perSecond, cpuMs: (readCpuMs(pid) - cpuBefore) / requests }
      })
      rows.push(row(`${tool}, ${lane}: ms per call`, found))
    }
  return rows
}

/** Milliseconds of a text that is sent: until the answer, after WhatsApp's server took it. */
async function sends(stage: Stage, running: Record<Side, Contestant>) {
  // The worlds of both have the same people.
  const [person] = stage.world().state().contacts
  if (person === undefined) throw new Error('the double knows nobody')
  const found = await inPairs(async (side, pair) => {
    const { pid } = running[side].child
    const cpuBefore = readCpuMs(pid)
    const ms = await running[side].send(person.phone, `pair ${pair}`, 'same_work')
    await sleep(AFTER_SEND_MS)
    return { ms, cpuMs: readCpuMs(pid) - cpuBefore }
  })
  return row('/api/send: ms', found)
}

/** Milliseconds from the start of the process until it listens, and until it is ready with its saved session. */
async function starts(stage: Record<Side, Stage>) {
  const ready: Pair[] = []
  const up = await inPairs(async (side, pair) => {
    const server = await stage[side].start()
    const { startedAt } = server.child
    const listening = (await server.up()) - startedAt
    const isReady = { ms: (await server.ready()) - startedAt, cpuMs: null }
    ready[pair] = { now: isReady, earlier: isReady, ...ready[pair], [side]: isReady }
    await server.end()
    return { ms: listening, cpuMs: null }
  })
  return [row('process start → listening: ms', up), row('process start, saved session → ready: ms', ready)]
}

async function inPairs(run: (side: Side, pair: number) => Promise<Figures>): Promise<Pair[]> {
  const found: Pair[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? SIDES : (['earlier', 'now'] as const)
    const first = await run(order[0], pair)
    const one: Pair = { now: first, earlier: first }
    one[order[1]] = await run(order[1], pair)
    found.push(one)
  }
  return found
}

/** Prints medians, and the median of the pairs' ratios. */
function row(name: string, found: readonly Pair[]) {
  const median = (read: (pair: Pair) => number) => quantile(found.map(read), 0.5) ?? Number.NaN
  const figures = {
    now: median(({ now }) => now.ms),
    earlier: median(({ earlier }) => earlier.ms),
    ratio: median(({ now, earlier }) => now.ms / earlier.ms),
    cpuRatio: found.some(({ now }) => now.cpuMs === null)
      ? null
      : median(({ now, earlier }) => (now.cpuMs ?? 0) / (earlier.cpuMs ?? 0)),
  }
  const times = (ratio: number | null) => (ratio === null ? '' : `${ratio.toFixed(2)}×`)
  const cells = [
    figures.now.toFixed(2),
    figures.earlier.toFixed(2),
    times(figures.ratio),
    times(figures.cpuRatio),
  ]
  console.log(`${name.padEnd(52)}${cells.map((cell) => cell.padStart(13)).join('')}`)
  return { name, ...figures }
}
