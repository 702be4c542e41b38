/**
 * `npm run bench events [-- --json FILE] [--messages N]`: from the moment somebody writes on the double to the moment a
 * reader of the event stream has the event, with 1, 10 and 100 readers at once; and the same for a long poll. The built
 * server, on the loopback only; about a minute; Linux.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { newestBuild } from '../simulator/builds.ts'
import { findBrowser } from '../src/browser/find.ts'
import { type EventStream, openStream } from '../test/event-reader.ts'
import { startLinked, urlOf } from './start/link.ts'
import { openStages, type Stage } from './start/place.ts'
import { readMemory } from './start/processes.ts'
import { quantile } from './start/report.ts'

const READERS = [1, 10, 100] as const
/** A message that has not come by then never will. */
const LIMIT_MS = 20_000
const WARM_UP = 20

const { values } = parseArgs({
  options: { json: { type: 'string' }, messages: { type: 'string', default: '200' } },
})
const messages = Number(values.messages)
if (!Number.isInteger(messages) || messages < 1) throw new Error('--messages takes a whole number from 1 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const stages = await openStages(browser.path)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void stages.close())

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  const stage = await stages.open({ name: 'ours', build: newestBuild.name, pace: 'none', seed: 5 })
  const server = await startLinked(stage)
  const base = await urlOf(server)
  const rows: { readers: number | 'long poll'; p50: number; p99: number; memoryMb: number }[] = []
  console.log(`\nmessage written → event received, ${messages} messages, ms`)
  for (const readers of READERS) {
    const times = await measureStreams(stage, base, readers)
    report(`${readers} readers`, readers, times)
  }
  report('long poll', 'long poll', await measurePolls(stage, base))
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ messages, rows }, null, 2)}\n`)

  function report(name: string, readers: number | 'long poll', times: number[]): void {
    const [p50, p99] = [quantile(times, 0.5) ?? Number.NaN, quantile(times, 0.99) ?? Number.NaN]
    const memoryMb = readMemory(server.child.pid).node
    rows.push({ readers, p50, p99, memoryMb })
    console.log(
      `  ${name.padEnd(12)} p50 ${p50.toFixed(1).padStart(6)}   p99 ${p99.toFixed(1).padStart(6)}   server ${memoryMb.toFixed(0)} MB (PSS)`,
    )
  }
} finally {
  await stages.close()
}

/** One message after the other, each once every reader has the one before; ms for each reader and message. */
async function measureStreams(stage: Stage, base: string, readers: number): Promise<number[]> {
  const arrivals: number[] = []
  let wanted = ''
  let complete = () => {}
  const heard = ({ data }: { data: string | null }) => {
    if (!data?.includes(wanted)) return
    arrivals.push(performance.now())
    if (arrivals.length === readers) complete()
  }
  const query = '?kind=message.received'
  const streams: EventStream[] = await Promise.all(
    Array.from({ length: readers }, () => openStream(base, { query, heard })),
  )
  const times: number[] = []
  for (let n = 0; n < WARM_UP + messages; n += 1) {
    wanted = `"body":"question ${readers} ${n}"`
    arrivals.length = 0
    const all = new Promise<void>((resolve) => {
      complete = resolve
    })
    const writtenAt = performance.now()
    await stage.world().write({ from: firstPhone(stage), text: `question ${readers} ${n}` })
    await within(all)
    if (n >= WARM_UP) times.push(...arrivals.map((at) => at - writtenAt))
  }
  for (const stream of streams) stream.close()
  return times
}

/** The same for one program that asks again and again. */
async function measurePolls(stage: Stage, base: string): Promise<number[]> {
  const ask = async (query: string): Promise<{ events: unknown[]; next_after: string }> =>
    JSON.parse(await (await fetch(`${base}/api/events?kind=message.received${query}`)).text())
  let after = (await ask('')).next_after
  const times: number[] = []
  for (let n = 0; n < WARM_UP + messages; n += 1) {
    const waiting = ask(`&wait=20&after=${after}`)
    const writtenAt = performance.now()
    await stage.world().write({ from: firstPhone(stage), text: `poll ${n}` })
    const { events, next_after } = await waiting
    if (events.length !== 1) throw new Error(`${events.length} events for one message`)
    if (n >= WARM_UP) times.push(performance.now() - writtenAt)
    after = next_after
  }
  return times
}

function within(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('an event did not come')), LIMIT_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function firstPhone(stage: Stage): string {
  const [contact] = stage.world().state().contacts
  if (contact === undefined) throw new Error('the double knows nobody')
  return contact.phone
}
