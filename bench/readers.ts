/**
 * `npm run bench readers [-- --json FILE] [--messages N] [--archive FILE] [--against CHECKOUT] [--rounds N]`: clients that read
 * all the time while messages come in, 200 a second: from the engine's report to the subscriber's event, and how long the reads
 * take. Without readers and with 50, in turn. `--against`: another checkout of this repository, in the same run. Loopback only,
 * no browser; about a minute; Linux.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { placesIn } from '../src/session/auth-dir.ts'
import { openStream } from '../test/event-reader.ts'
import { BUSY, busyChat, since } from './readers/stamp.ts'
import { fill } from './search/filling.ts'
import { readMemory } from './start/processes.ts'
import { quantile } from './start/report.ts'

const READERS = 50
const THOUGHT_MS = 100
const PER_SECOND = 200
const ROUND_MS = 6_000
const WARM_MS = 1_500

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    messages: { type: 'string', default: '100000' },
    archive: { type: 'string' },
    against: { type: 'string' },
    rounds: { type: 'string', default: '3' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'bench-readers-'))
const here = fileURLToPath(new URL('..', import.meta.url))

type Figures = { quiet: number[]; busy: number[]; reads: number[]; late: number; memoryMb: number }
type Server = {
  name: string
  url: string
  pid: number
  say(text: string): void
  end(): Promise<void>
  figures: Figures
}
const servers: Server[] = []

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  const archive = values.archive ?? join(folder, 'filled.db')
  if (values.archive === undefined)
    fill(archive, { count: Number(values.messages), chats: 1_000, indexed: true, secret: null })
  servers.push(await start('ours', here, archive))
  if (values.against !== undefined) servers.push(await start('against', values.against, archive))
  for (let round = 0; round < Number(values.rounds); round += 1) for (const one of servers) await measure(one)
  report()
} finally {
  await Promise.all(servers.map((server) => server.end()))
  rmSync(folder, { recursive: true, force: true })
}

async function start(name: string, root: string, archive: string): Promise<Server> {
  const authDir = join(folder, name)
  const { own } = placesIn(authDir)
  mkdirSync(join(own, 'archives'), { recursive: true, mode: 0o700 })
  copyFileSync(archive, join(own, 'archives', '15550001000.db'))
  writeFileSync(join(own, 'account.json'), '{"wid":"15550001000@c.us"}\n', { mode: 0o600 })
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const script = fileURLToPath(new URL('./readers/server.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', tsx, script, root, authDir], {
    cwd: dirname(authDir),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for await (const line of createInterface({ input: child.stdout })) {
    const { url }: { url: string } = JSON.parse(line)
    return {
      name,
      url,
      pid: child.pid ?? 0,
      say: (text) => void child.stdin.write(`${text}\n`),
      async end() {
        child.stdin.end()
        await ended
      },
      figures: { quiet: [], busy: [], reads: [], late: 0, memoryMb: 0 },
    }
  }
  throw new Error(`${name} did not start`)
}

/** One round without readers, and one with. */
async function measure({ url, pid, say, figures }: Server): Promise<void> {
  let into: number[] = []
  const heard = ({ data }: { data: string | null }) => {
    const ms = data === null ? null : since(data)
    if (ms !== null) into.push(ms)
  }
  // The threads start.
  await fetch(`${url}/api/chats`)
  await sleep(WARM_MS)
  const stream = await openStream(url, { query: '?kind=message.received&kind=message.sent', heard })
  say(String(PER_SECOND))
  await sleep(WARM_MS)
  into = figures.quiet
  await sleep(ROUND_MS)
  into = []
  const over = performance.now() + WARM_MS + ROUND_MS
  const warm = performance.now() + WARM_MS
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    for (let n = 0; performance.now() < over; n += 1) {
      const startedAt = performance.now()
      const response = await fetch(`${url}${pathOf(reader * 7 + n)}`)
      const text = await response.text()
      if (response.status !== 200 && response.status !== 504) throw new Error(text)
      if (!response.ok) figures.late += 1
      else if (startedAt > warm) figures.reads.push(performance.now() - startedAt)
      // Not all at once.
      await sleep(THOUGHT_MS * (0.5 + Math.random()))
    }
  })
  await sleep(WARM_MS)
  into = figures.busy
  await Promise.all(readers)
  into = []
  say('0')
  stream.close()
  figures.memoryMb = Math.max(figures.memoryMb, readMemory(pid).node)
}

/** What agents read. Pages are seldom the same. */
function pathOf(n: number): string {
  switch (n % 5) {
    case 0:
      return `/api/chats?limit=${20 + (n % 40)}`
    case 1:
      return `/api/search?q=${['morgen', 'm*', '"guten morgen"', 'treffen morgen', 'morg*'][Math.floor(n / 5) % 5]}`
    case 2:
      return '/api/unread'
    default:
      return `/api/messages?limit=${20 + (n % 30)}&chat_id=${busyChat(n % BUSY)}`
  }
}

function report(): void {
  const ms = (list: number[], share: number) => (quantile(list, share) ?? Number.NaN).toFixed(1).padStart(7)
  console.log(`\n${PER_SECOND} messages a second, ${READERS} readers with ${THOUGHT_MS} ms of thought, ms`)
  console.log('           reported → event, alone p50, p95 | with readers p50, p95 | reads p50, p95 | memory')
  for (const { name, figures } of servers) {
    const { quiet, busy, reads, late, memoryMb } = figures
    console.log(
      `  ${name.padEnd(10)}${[quiet, busy, reads].map((list) => `${ms(list, 0.5)}, ${ms(list, 0.95)}`).join(' | ')} | ${memoryMb.toFixed(0)} MB, ${reads.length} reads${late === 0 ? '' : `, ${late} timed out`}`,
    )
  }
  const [ours, other] = servers.map(({ figures }) => figures)
  if (ours !== undefined && other !== undefined) {
    const ratio = (of: (one: Figures) => number[], share: number) =>
      ((quantile(of(ours), share) ?? Number.NaN) / (quantile(of(other), share) ?? Number.NaN)).toFixed(2)
    console.log(
      `  ours / against: event with readers p50 ${ratio(({ busy }) => busy, 0.5)}, p95 ${ratio(({ busy }) => busy, 0.95)}; reads p50 ${ratio(({ reads }) => reads, 0.5)}, p95 ${ratio(({ reads }) => reads, 0.95)}`,
    )
  }
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify(Object.fromEntries(servers.map(({ name, figures }) => [name, figures])), null, 2)}\n`,
    )
}
