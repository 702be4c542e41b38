/**
 * `npm run bench search [-- --json FILE] [--messages N] [--encrypted]`: searching a million messages that were written in
 * the order in which history is loaded, with files on disk: in the store, over HTTP, and beside the scan with LIKE that
 * others do. And what the index costs: each archive is written twice, with and without. About ten minutes; Linux.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findBrowser } from '../src/browser/find.ts'
import { systemClock } from '../src/clock.ts'
import { placesIn } from '../src/session/auth-dir.ts'
import { createReader } from '../src/store/reader.ts'
import { openArchive } from '../src/store/unlock.ts'
import { measureGets } from './archive/reading.ts'
import { addressOf } from './archive/recording.ts'
import { type Filling, fill } from './search/filling.ts'
import { openScan, type Scan } from './search/scan.ts'
import { ASKED } from './search/texts.ts'
import { startContestant } from './start/contestants.ts'
import { urlOf } from './start/link.ts'

const TIMES = 500
/** The chats with the most messages: a search inside one is asked of each in turn. */
const BUSY = 50

const { common, second, rare, rareHan } = ASKED
/** `like`: what the scan is asked for the same; null: it cannot say that. */
const QUESTIONS: readonly { name: string; q: string; like: string[] | null; sort?: 'relevance' }[] = [
  { name: 'rare word', q: rare.word, like: [rare.word] },
  { name: 'common word', q: common.word, like: [common.word] },
  { name: 'two words', q: `${second.word} ${rare.word}`, like: [second.word, rare.word] },
  { name: 'two common words', q: `${common.word} ${second.word}`, like: [common.word, second.word] },
  { name: 'two Chinese characters', q: rareHan.word, like: [rareHan.word] },
  { name: 'one Chinese character', q: '匙', like: ['匙'] },
  { name: 'two common Chinese ones', q: '电梯', like: ['电梯'] },
  { name: 'one common Chinese one', q: '梯', like: ['梯'] },
  { name: 'phrase', q: `"${common.word} ${second.word}"`, like: [`${common.word} ${second.word}`] },
  { name: 'word that is nowhere', q: 'nirgendwo', like: ['nirgendwo'] },
  { name: 'prefix of rare words', q: 'Fahrradsch*', like: null },
  { name: 'prefix of common words', q: 'morg*', like: null },
  { name: 'prefix of one letter', q: 'm*', like: null },
  { name: 'common word by relevance', q: common.word, like: null, sort: 'relevance' },
]

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    messages: { type: 'string', default: '1000000' },
    encrypted: { type: 'boolean', default: false },
  },
})
const count = Number(values.messages)
if (!Number.isInteger(count) || count < 10_000)
  throw new Error('--messages takes a whole number from 10000 on')
const browser = findBrowser()
if (browser === null) throw new Error('no browser was found')
const secret = values.encrypted ? 'a key for the benchmark only' : null

const folder = mkdtempSync(join(tmpdir(), 'bench-search-'))
const authDir = join(folder, 'session')
const archive = join(placesIn(authDir).own, 'archives', '15550001000.db')
try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  const writing = write()
  const answers = await ask(writing.scan)
  const { scan: _, ...costs } = writing
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ count, encrypted: values.encrypted, costs, answers }, null, 2)}\n`,
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function write(): { plain: Filling; indexed: Filling; scan: Scan } {
  const scan = openScan(join(folder, 'scan.db'))
  const options = { count, chats: Math.max(50, count / 200), secret }
  const plain = fill(join(folder, 'plain.db'), { ...options, indexed: false, onText: scan.add })
  rmSync(join(folder, 'plain.db'))
  const indexed = fill(archive, { ...options, indexed: true })
  const both = (of: (one: Filling) => number, digits: number) =>
    `${of(plain).toFixed(digits)} → ${of(indexed).toFixed(digits)}`
  console.log(`
writing ${count} messages as history is loaded${values.encrypted ? ', encrypted' : ''}: without → with the search index
  a message                ${both((one) => one.usPerMessage, 1)} µs
  a page of 50, p50        ${both((one) => one.page.p50, 2)} ms
  a page of 50, p99        ${both((one) => one.page.p99, 2)} ms
  one live message, p50    ${both((one) => one.single.p50, 2)} ms
  one live message, p99    ${both((one) => one.single.p99, 2)} ms
  bytes a message on disk  ${both((one) => one.fileBytes, 0)} (index ${indexed.indexBytes.toFixed(0)})`)
  return { plain, indexed, scan }
}

async function ask(scan: Scan) {
  const scans = QUESTIONS.map(({ like }) => (like === null ? null : scan.measure(like)))
  scan.close()
  const stored = inStore()
  const overHttp = await overApi()
  console.log(`
the newest 20 of ${count} messages: in the store p50, p95 | inside one chat | over HTTP p50, p99 | scan with LIKE: how much slower`)
  return QUESTIONS.map(({ name }, index) => {
    const [all, inChat, http, like] = [
      stored[index]?.all,
      stored[index]?.inChat,
      overHttp[index],
      scans[index] ?? null,
    ]
    const ratio = like === null || all === undefined ? null : like / all.p50
    const column = (one: { p50: number; p95?: number; p99?: number } | undefined) =>
      `${one?.p50.toFixed(2).padStart(7)}, ${(one?.p95 ?? one?.p99)?.toFixed(2).padStart(6)} ms`
    const scanned = like === null ? '' : ` | ${like.toFixed(1)} ms: ${ratio?.toFixed(ratio < 10 ? 1 : 0)}×`
    console.log(`  ${name.padEnd(26)}${column(all)} | ${column(inChat)} | ${column(http)}${scanned}`)
    return { name, all, inChat, http, scanMs: like, ratio }
  })
}

function inStore() {
  const store = openArchive(archive, secret)
  const reader = createReader(store.db, systemClock)
  const measure = (q: string, sort: 'newest' | 'relevance', chatOf?: (n: number) => string) => {
    const times: number[] = []
    for (let n = 0; n < TIMES; n += 1) {
      const chat = chatOf === undefined ? undefined : addressOf(n % BUSY)
      const startedAt = performance.now()
      reader.searchMessages(q, { chat }, { limit: 20, sort })
      times.push(performance.now() - startedAt)
    }
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN
    return { p50: at(0.5), p95: at(0.95) }
  }
  try {
    return QUESTIONS.map(({ q, sort }) => ({
      all: measure(q, sort ?? 'newest'),
      inChat: measure(q, sort ?? 'newest', addressOf),
    }))
  } finally {
    store.close()
  }
}

/** The built server on that archive, with no account connected. */
async function overApi() {
  writeFileSync(join(placesIn(authDir).own, 'account.json'), '{"wid":"15550001000@c.us"}\n', { mode: 0o600 })
  const env: Record<string, string> = secret === null ? {} : { WHATSAPP_ARCHIVE_KEY: secret }
  const server = startContestant('ours', { authDir, browser: browser?.path ?? '', cwd: folder, env })
  try {
    await server.up()
    const url = await urlOf(server)
    const latencies = []
    for (const { q, sort = 'newest' } of QUESTIONS) {
      const path = `/api/search?${new URLSearchParams({ q, sort })}`
      latencies.push(await measureGets(url, () => path, TIMES))
    }
    return latencies
  } finally {
    await server.end()
  }
}
