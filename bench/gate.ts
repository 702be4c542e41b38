/**
 * `npm run bench gate [-- --json FILE] [--messages N] [--pairs N]`: what a key, hidden chats and the audit log cost: the processor
 * time of the server for a list of chats over REST and over MCP, with a key that does not see three chats, over that of the
 * keyless owner. In interleaved pairs, so that whatever else runs slows both. Loopback only, no browser; about a minute; Linux.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { placesIn } from '../src/session/auth-dir.ts'
import { fill } from './search/filling.ts'
import { readCpuMs } from './start/processes.ts'
import { quantile } from './start/report.ts'

const CALLS = 100
const HIDDEN = 3

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    messages: { type: 'string', default: '20000' },
    pairs: { type: 'string', default: '30' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'bench-gate-'))
const { own } = placesIn(folder)
mkdirSync(join(own, 'archives'), { recursive: true, mode: 0o700 })
fill(join(own, 'archives', '15550001000.db'), {
  count: Number(values.messages),
  chats: 200,
  indexed: true,
  secret: null,
})
writeFileSync(join(own, 'account.json'), '{"wid":"15550001000@c.us"}\n', { mode: 0o600 })

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const script = fileURLToPath(new URL('./readers/server.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const child = spawn(process.execPath, ['--import', tsx, script, root, folder], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))

try {
  console.log(`Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(2)}`)
  const url = await listening()
  const headers = { 'content-type': 'application/json' }
  // Behind the page that is asked for: both callers get the same one.
  const { chats } = await json<{ chats: { id: string }[] }>(`${url}/api/chats?limit=100`)
  const hide = chats.slice(-HIDDEN).map(({ id }) => id)
  const body = JSON.stringify({ name: 'bench', scopes: ['read'], chats: { hide } })
  const { secret } = await json<{ secret: string }>(`${url}/api/keys`, { method: 'POST', headers, body })
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'whatsapp_list_chats', arguments: {} },
  }
  const ways: Record<string, { url: string; init: RequestInit }> = {
    'list of chats over REST': { url: `${url}/api/chats`, init: {} },
    'tools/call whatsapp_list_chats': {
      url: `${url}/mcp`,
      init: {
        method: 'POST',
        headers: { ...headers, accept: 'application/json' },
        body: JSON.stringify(call),
      },
    },
  }
  const rows = []
  for (const [name, way] of Object.entries(ways)) {
    const free = () => costOf(way.url, way.init)
    const limited = () =>
      costOf(way.url, { ...way.init, headers: { ...way.init.headers, 'x-api-key': secret } })
    for (let n = 0; n < 3; n += 1) await Promise.all([free(), limited()])
    const pairs: { free: number; limited: number }[] = []
    for (let n = 0; n < Number(values.pairs); n += 1)
      pairs.push({ free: await free(), limited: await limited() })
    const ratio =
      quantile(
        pairs.map((pair) => pair.limited / pair.free),
        0.5,
      ) ?? Number.NaN
    const ms = (side: 'free' | 'limited') =>
      quantile(
        pairs.map((pair) => pair[side] / CALLS),
        0.5,
      ) ?? Number.NaN
    rows.push({ name, ratio, freeMs: ms('free'), limitedMs: ms('limited') })
    console.log(
      `${name}: ${ms('free').toFixed(2)} ms, with a key and hidden chats ${ms('limited').toFixed(2)} ms, ${ratio.toFixed(2)}×`,
    )
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rows }, null, 2)}\n`)
} finally {
  child.stdin.end()
  await ended
  rmSync(folder, { recursive: true, force: true })
}

async function listening(): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line).url
  throw new Error('the server did not start')
}

async function json<T>(url: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, init)
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

/** Processor time of the server for some calls, one after the other, in ms. */
async function costOf(url: string, init: RequestInit): Promise<number> {
  const before = readCpuMs(child.pid ?? 0)
  for (let n = 0; n < CALLS; n += 1) await json(url, init)
  return readCpuMs(child.pid ?? 0) - before
}
