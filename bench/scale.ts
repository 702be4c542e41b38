/**
 * `npm run bench scale [-- --json FILE] [--messages N]`: how the archive behaves as it grows: from 10,000 to N messages in 1,000 chats,
 * and with 100 and 10,000 chats at 100,000 messages. At each size, how fast messages were recorded on the way there, and on that
 * archive: until the built server listens, and a search and a list of chats over HTTP. N is 1,000,000 unless given, and at most
 * 5,000,000, which takes some fifteen minutes. About four minutes, on the loopback only; Linux.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findBrowser } from '../src/browser/find.ts'
import { placesIn } from '../src/session/auth-dir.ts'
import { toCurveLines } from './all/curve.ts'
import { chatsAnew, measureGets } from './archive/reading.ts'
import { measureRecording } from './archive/recording.ts'
import { type Contestant, startContestant } from './start/contestants.ts'
import { urlOf } from './start/link.ts'
import { quantile } from './start/report.ts'

/** One size of the archive. `perSecond`: messages that were recorded since the size before. Times in ms. */
export type Point = {
  messages: number
  chats: number
  perSecond: number
  bytesPerMessage: number
  listening: number
  search: number
  list: number
}

const SIZES = [10_000, 100_000, 500_000, 1_000_000, 5_000_000]
const CHATS = 1_000
const OTHER_CHATS = [100, 10_000]
const SIZE_OF_OTHERS = 100_000
const STARTS = 3
const SEARCHES = 300
const LISTS = 1_000
const ACCOUNT = '15550001000'
/** Of the texts that are recorded; each is in a few of a hundred messages. */
const WORDS = ['meeting', 'Fahrrad', 'спасибо', 'train']

const { values } = parseArgs({
  options: { json: { type: 'string' }, messages: { type: 'string', default: '1000000' } },
})
const most = Number(values.messages)
const [smallest = 0] = SIZES
if (!Number.isInteger(most) || most < smallest)
  throw new Error(`--messages takes a whole number from ${smallest} on`)
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')

console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
const startedAt = performance.now()
const curve = await grow(
  CHATS,
  SIZES.filter((size) => size <= most),
)
for (const chats of OTHER_CHATS)
  if (SIZE_OF_OTHERS <= most) curve.push(...(await grow(chats, [SIZE_OF_OTHERS])))
console.log(`\n${toCurveLines({ curve })}\n\n${Math.round((performance.now() - startedAt) / 1000)} s`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ curve }, null, 2)}\n`)

/** Writes one archive, and measures it each time that it has so many messages. */
async function grow(chats: number, sizes: readonly number[]): Promise<Point[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-scale-'))
  const points: Point[] = []
  try {
    const { own } = placesIn(join(folder, 'session'))
    const file = join(own, 'archives', `${ACCOUNT}.db`)
    let written = 0
    for (const messages of sizes) {
      const recorded = measureRecording(file, {
        from: written,
        count: messages - written,
        chats,
        secret: null,
      })
      written = messages
      writeFileSync(join(own, 'account.json'), `{"wid":"${ACCOUNT}@c.us"}\n`, { mode: 0o600 })
      const perSecond = 1_000_000 / (quantile(recorded.windows, 0.5) ?? Number.NaN)
      const bytesPerMessage = statSync(file).size / messages
      points.push({ messages, chats, perSecond, bytesPerMessage, ...(await serve(folder)) })
      console.log(JSON.stringify(points.at(-1)))
    }
    return points
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The built server on that archive, with no account connected; the last of its starts also answers. */
async function serve(folder: string): Promise<Pick<Point, 'listening' | 'search' | 'list'>> {
  // What was just written would have to reach the disk first.
  execFileSync('sync')
  const starts: number[] = []
  let server: Contestant | null = null
  try {
    for (let n = 0; n < STARTS; n += 1) {
      await server?.end()
      server = startContestant('ours', {
        authDir: join(folder, 'session'),
        browser: browser?.path ?? '',
        cwd: folder,
      })
      starts.push((await server.up()) - server.child.startedAt)
    }
    const base = server === null ? '' : await urlOf(server)
    const search = await measureGets(
      base,
      (n) => `/api/search?${new URLSearchParams({ q: WORDS[n % WORDS.length] ?? '' })}`,
      SEARCHES,
    )
    const list = await measureGets(base, chatsAnew, LISTS)
    return { listening: quantile(starts, 0.5) ?? Number.NaN, search: search.p95, list: list.p99 }
  } finally {
    await server?.end()
  }
}
