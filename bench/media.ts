/**
 * `npm run bench media [-- --json FILE] [--pairs N]`: files of 1, 16 and 64 MiB as documents, out and in, by our built server and by
 * the bare library, each on its own double of the newest build on which the library sends media. In pairs; the order within a
 * pair alternates, so that whatever slows this machine slows both. About three minutes, on the loopback only; Linux.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { newestBuildWithSerialized } from '../simulator/builds.ts'
import { findBrowser } from '../src/browser/find.ts'
import { toLines, toResults } from './all/page.ts'
import { ROWS } from './all/rows.ts'
import type { Contestant, ContestantName } from './start/contestants.ts'
import { startLinked, urlOf } from './start/link.ts'
import { openStages, type Stage } from './start/place.ts'
import { readResident, resetPeak } from './start/processes.ts'
import { quantile } from './start/report.ts'
import { measureSendPairs } from './start/rounds.ts'

const MIB = 2 ** 20
const SIZES_MIB = [1, 16, 64]
const TEXT_PAIRS = 30
/** After a link, until memory is read; after a transfer, until the next one begins. */
const SETTLE_MS = 2_000
const REST_MS = 300
const NAMES = ['ours', 'bare'] as const satisfies ContestantName[]
const WAYS = ['out', 'in'] as const
type Way = (typeof WAYS)[number]

/** `growth`: the most resident memory of the Node process meanwhile, over its idle, in MB. */
type Cost = { ms: number; growth: number }
type Running = { stage: Stage; contestant: Contestant; idle: number }

const { values } = parseArgs({
  options: { json: { type: 'string' }, pairs: { type: 'string', default: '5' } },
})
const pairs = Number(values.pairs)
if (!(Number.isInteger(pairs) && pairs >= 1)) throw new Error('--pairs takes a whole number from 1 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const folder = mkdtempSync(join(tmpdir(), 'bench-media-'))
const stages = await openStages(browser.path)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void stages.close())

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${load()}, ${pairs} pairs`)
  const running = { ours: await link('ours'), bare: await link('bare') }
  const probe = await openProbe(running.ours.contestant)
  const rows = []
  for (const mib of SIZES_MIB)
    for (const way of WAYS) {
      const found: (Record<ContestantName, Cost> & { status: number[] })[] = []
      for (let pair = 0; pair < pairs; pair += 1) {
        const bytes = randomBytes(mib * MIB)
        const order = pair % 2 === 0 ? NAMES : NAMES.toReversed()
        const costs: Partial<Record<ContestantName, Cost>> = {}
        let status: number[] = []
        for (const name of order) {
          await probe.take()
          costs[name] = await move(running[name], way, bytes)
          if (name === 'ours') status = await probe.take()
          await sleep(REST_MS)
        }
        const { ours, bare } = costs
        if (ours && bare) found.push({ ours, bare, status })
      }
      rows.push(report(`${mib} MiB ${way}`, found))
    }
  const texts = await measureSendPairs(running, TEXT_PAIRS)
  const text = quantile(
    texts.map(({ ours, bare }) => ours.ms / bare.ms),
    0.5,
  )
  console.log(`a text: ${text?.toFixed(2)}×; load ${load()}`)
  const figures = { pairs, rows, text }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`)
  const own = ROWS.filter(({ bench }) => bench === 'media')
  console.log(`\n${toLines(toResults(own, new Map([['media', figures]])))}`)
} finally {
  await stages.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit()

function load(): string {
  return loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')
}

async function link(name: ContestantName): Promise<Running> {
  const stage = await stages.open({ name, build: newestBuildWithSerialized.name, pace: 'none', seed: 1 })
  const contestant = await startLinked(stage)
  const running = { stage, contestant, idle: 0 }
  // What only the first transfer loads and compiles is no cost of the bytes.
  for (const way of WAYS) await move(running, way, randomBytes(MIB))
  await sleep(SETTLE_MS)
  return { ...running, idle: readResident(contestant.child.pid).now }
}

/** Moves these bytes, and checks that they arrive. */
async function move({ stage, contestant, idle }: Running, way: Way, bytes: Buffer): Promise<Cost> {
  const world = stage.world()
  const [person] = world.state().contacts
  if (person === undefined) throw new Error('the double knows nobody')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { pid } = contestant.child
  const cost = (ms: number) => ({ ms, growth: readResident(pid).peak - idle })
  if (way === 'out') {
    const path = join(folder, `${sha256.slice(0, 12)}.pdf`)
    writeFileSync(path, bytes)
    resetPeak(pid)
    const ms = await contestant.sendFile(person.phone, path)
    const found = cost(ms)
    rmSync(path)
    const [sent] = world.messages({ chat: person.phone, limit: 1 })
    if (sent?.media?.filehash !== Buffer.from(sha256, 'hex').toString('base64'))
      throw new Error('other bytes were sent')
    return found
  }
  const received = contestant.received()
  const media = { data: bytes.toString('base64'), mimetype: 'application/pdf', filename: 'a.pdf' }
  const { id } = await world.writeContent({ from: person.phone, content: { type: 'document', media } })
  await received
  await sleep(REST_MS)
  resetPeak(pid)
  const fetched = await contestant.fetchMedia(`false_${person.phone}@c.us_${id}`)
  if (fetched.sha256 !== sha256) throw new Error('other bytes came')
  return cost(fetched.ms)
}

/** Asks our server for its status, over and over, in a thread of its own. `take`: milliseconds of each since the last. */
async function openProbe(server: Contestant): Promise<{ take(): Promise<number[]> }> {
  const worker = new Worker(new URL('./media/status-probe.mjs', import.meta.url), {
    workerData: `${await urlOf(server)}/api/status`,
  })
  worker.unref()
  return {
    take: () =>
      new Promise((resolve) => {
        worker.once('message', resolve)
        worker.postMessage('take')
      }),
  }
}

/** Prints medians, and the median of the pairs' own ratios. */
function report(name: string, found: readonly (Record<ContestantName, Cost> & { status: number[] })[]) {
  const median = (read: (pair: (typeof found)[number]) => number) =>
    quantile(found.map(read), 0.5) ?? Number.NaN
  const row = {
    name,
    oursMs: median(({ ours }) => ours.ms),
    bareMs: median(({ bare }) => bare.ms),
    time: median(({ ours, bare }) => ours.ms / bare.ms),
    oursGrowth: median(({ ours }) => ours.growth),
    bareGrowth: median(({ bare }) => bare.growth),
    growth: median(({ ours, bare }) => ours.growth / Math.max(1, bare.growth)),
    status: found.flatMap(({ status }) => status),
  }
  const worst = quantile(row.status, 0.95)?.toFixed(0) ?? '–'
  console.log(
    `${name.padEnd(12)} ${row.oursMs.toFixed(0)} ms, library ${row.bareMs.toFixed(0)} ms (${row.time.toFixed(2)}×); Node grows by ${row.oursGrowth.toFixed(0)} MB, library ${row.bareGrowth.toFixed(0)} MB (${row.growth.toFixed(2)}×); status p95 ${worst} ms`,
  )
  return row
}
