/**
 * `npm run bench archive [-- --json FILE] [--messages N] [--encrypted]`: the archive with files on disk and the product's own
 * pragmas. Recording a million messages; reading from that archive over HTTP; and the first page of chats beside the
 * library's own getChats(), on the same world of 5,000 chats. About five minutes, on the loopback only; Linux.
 * `--encrypted`: recording and reading only, with a key.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { newestBuildWithSerialized } from '../simulator/builds.ts'
import { findBrowser } from '../src/browser/find.ts'
import { placesIn } from '../src/session/auth-dir.ts'
import { chatsAnew, measureGets } from './archive/reading.ts'
import { addressOf, measureRecording } from './archive/recording.ts'
import { startContestant } from './start/contestants.ts'
import { link, urlOf } from './start/link.ts'
import { openStages, type Stages } from './start/place.ts'
import { readMemory } from './start/processes.ts'

const CHATS = 5_000
const GROUPS = 500
const REQUESTS = 2_000
/** Per question for a group's metadata, which the library asks for each group, each time. */
const DELAYS = [
  { name: 'no delays', fault: null },
  { name: '50 ms a group, all at once', fault: { ms: 50 } },
  { name: '50 ms a group, one after the other', fault: { ms: 50, atOnce: 1 } },
] as const

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    messages: { type: 'string', default: '1000000' },
    encrypted: { type: 'boolean', default: false },
  },
})
const secret = values.encrypted ? 'a key for measuring with' : null
const count = Number(values.messages)
if (!Number.isInteger(count) || count < 20_000 || count % 10_000 !== 0)
  throw new Error('--messages takes a multiple of 10000 from 20000 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const folder = mkdtempSync(join(tmpdir(), 'bench-archive-'))
const stages = await openStages(browser.path)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void stages.close())

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  const recording = record()
  const reading = await read()
  const lists = secret === null ? await compare(stages) : []
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ count, recording, reading, lists }, null, 2)}\n`)
} finally {
  await stages.close()
  rmSync(folder, { recursive: true, force: true })
}

function authDir(): string {
  return join(folder, 'session')
}

function record() {
  const archive = join(placesIn(authDir()).own, 'archives', '15550001000.db')
  const recorded = measureRecording(archive, { count, chats: CHATS, secret })
  const { windows, bytesPerMessage, single } = recorded
  const writtenKb = recorded.writtenPerMessage / 1024
  const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
  const tenth = Math.max(1, Math.floor(windows.length / 10))
  const [first, last] = [median(windows.slice(0, tenth)), median(windows.slice(-tenth))]
  console.log(`
recording ${count} messages in ${CHATS} chats${secret === null ? '' : ', encrypted'}, 200 a transaction, each flushed to the disk
  messages a second        ${Math.round(1_000_000 / median(windows))}
  a message, first tenth   ${first.toFixed(1)} µs
  a message, last tenth    ${last.toFixed(1)} µs (${(last / first).toFixed(2)}×)
  one by one, p50 / p99    ${single.p50.toFixed(2)} / ${single.p99.toFixed(2)} ms
  bytes a message on disk  ${Math.round(bytesPerMessage)}
  written for a message    ${writtenKb.toFixed(1)} KB`)
  const perSecond = 1_000_000 / median(windows)
  const growth = last / first
  return { perSecond, firstUs: first, lastUs: last, growth, single, bytesPerMessage, writtenKb }
}

/** The built server on that archive, with no account connected. */
async function read() {
  // Hundreds of megabytes were just written: the first flush of a start would wait for them to reach the disk.
  execFileSync('sync')
  writeFileSync(join(placesIn(authDir()).own, 'account.json'), '{"wid":"15550001000@c.us"}\n', {
    mode: 0o600,
  })
  const startedAt = performance.now()
  const server = startContestant('ours', {
    authDir: authDir(),
    browser: browser?.path ?? '',
    cwd: folder,
    ...(secret === null ? {} : { env: { WHATSAPP_ARCHIVE_KEY: secret } }),
  })
  try {
    const openMs = (await server.up()) - startedAt
    const base = await urlOf(server)
    const before = readMemory(server.child.pid).node
    const again = await measureGets(base, () => '/api/chats?limit=20', REQUESTS)
    const chats = await measureGets(base, chatsAnew, REQUESTS)
    const all = await measureGets(base, () => '/api/chats?limit=100', REQUESTS)
    const messages = await measureGets(
      base,
      (n) => `/api/messages?limit=100&chat_id=${addressOf((n * n) % 50)}`,
      REQUESTS,
    )
    const memory = readMemory(server.child.pid).node
    console.log(`
reading over HTTP from ${count} messages in ${CHATS} chats, ${REQUESTS} requests each
  start to listening       ${openMs.toFixed(0)} ms
  20 to 83 chats, p50 / p99 ${chats.p50.toFixed(2)} / ${chats.p99.toFixed(2)} ms
  20 chats asked for again ${again.p50.toFixed(2)} / ${again.p99.toFixed(2)} ms
  100 asked for again      ${all.p50.toFixed(2)} / ${all.p99.toFixed(2)} ms
  100 messages, p50 / p99  ${messages.p50.toFixed(2)} / ${messages.p99.toFixed(2)} ms
  memory of the process    ${before.toFixed(0)} MB at the start, ${memory.toFixed(0)} MB after (PSS)`)
    return { openMs, chats, again, all, messages, memoryMb: memory }
  } finally {
    await server.end()
  }
}

/** Both on the same world: ours archives it first, and then answers; the library asks its page each time. */
async function compare({ open }: Stages) {
  const setting = { build: newestBuildWithSerialized.name, pace: 'none', seed: 3 } as const
  const bare = await open({ name: 'bare', ...setting })
  const library = await bare.start()
  await bare.world().seedHistory({ chats: CHATS, messages: CHATS * 10, groups: GROUPS })
  await link(bare, library)
  const theirs: number[] = []
  for (const { fault } of DELAYS) {
    await bare.world().setFault({ name: 'group_metadata_takes', value: fault ?? false })
    const asked = library.child.until(({ event }) => event === 'chats', library.child.lines())
    library.child.say('chats')
    theirs.push(Number((await asked).line.ms))
  }
  await bare.close()

  const ours = await open({ name: 'ours', ...setting })
  const server = await ours.start()
  await ours.world().seedHistory({ chats: CHATS, messages: CHATS * 10, groups: GROUPS })
  const ready = await link(ours, server)
  const url = await urlOf(server)
  const listedMs = await untilListed(url, CHATS)
  const rows: { name: string; library: number; p50: number; p99: number; ratio: number }[] = []
  console.log(
    `\nfirst page of 20 to 83 chats, ${CHATS} chats of which ${GROUPS} groups: library's getChats() / ours over HTTP p50, p99`,
  )
  for (const [index, { name, fault }] of DELAYS.entries()) {
    await ours.world().setFault({ name: 'group_metadata_takes', value: fault ?? false })
    const { p50, p99 } = await measureGets(url, chatsAnew, REQUESTS)
    const library = theirs[index] ?? Number.NaN
    rows.push({ name, library, p50, p99, ratio: library / p50 })
    console.log(
      `  ${name.padEnd(36)} ${library.toFixed(0).padStart(7)} ms / ${p50.toFixed(2)} ms, ${p99.toFixed(2)} ms: ${Math.round(library / p50)}×`,
    )
  }
  console.log(`  from ready to all ${CHATS} chats listed    ${(listedMs - ready).toFixed(0)} ms`)
  await ours.close()
  return rows
}

/** When the server has all chats; `performance.now()`. */
async function untilListed(base: string, chats: number): Promise<number> {
  for (;;) {
    const status: unknown = await (await fetch(`${base}/api/status`)).json()
    const text = JSON.stringify(status)
    if (/"phase":"(catching_up|history|done)"/.test(text)) return performance.now()
    if (/"state":"(stopped|disconnected)"/.test(text)) throw new Error(`${chats} chats: ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
