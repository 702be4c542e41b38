/** Sends malformed requests to a server of its own process, which must be alive and hold no more at the end. On the loopback only. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MalformedRun, sendMalformed } from '../malformed.ts'
import { startServer, waitFor } from './server-process.ts'

const START_MS = 30_000
const KEY = 'a-key-for-malformed-requests'
/** Of the second half of the requests: what they made, such as keys and uploads, stays, and no more than that. */
const MOST_MORE = { files: 20, memoryMib: 100 }
/** Connections that were left are closed by then. */
const REST_MS = 3_000

/** What the process of a server holds: open files with its connections, and resident memory. NaN where the system does not say. */
type Held = { files: number; memoryMib: number }
const UNKNOWN: Held = { files: Number.NaN, memoryMib: Number.NaN }

/** @param requests at most so many, within an hour. `held`: after the first half, and at the end */
export async function malformedRun(
  requests: number,
  seed: number,
): Promise<MalformedRun & { held: [Held, Held] }> {
  const folder = mkdtempSync(join(tmpdir(), 'wma-soak-'))
  const server = startServer(
    { authDir: join(folder, 'auth'), browser: process.execPath },
    { env: { WHATSAPP_MCP_TOOLSETS: 'all', WHATSAPP_MCP_KEY: KEY } },
  )
  try {
    const url = await waitFor('the server did not listen', START_MS, server.url)
    const half = async (at: number, count: number) => {
      const run = await sendMalformed({ url, key: KEY, seed: seed + at, count, limitMs: 1_800_000 })
      await sleep(REST_MS)
      const held = await heldBy(url)
      if (held === null) run.problems.push('the server no longer answers')
      return { run, held: held ?? UNKNOWN }
    }
    const first = await half(0, Math.ceil(requests / 2))
    const last = await half(1, Math.floor(requests / 2))
    const held: [Held, Held] = [first.held, last.held]
    const statuses = { ...first.run.statuses }
    for (const [status, times] of Object.entries(last.run.statuses))
      statuses[status] = (statuses[status] ?? 0) + times
    const problems = [...first.run.problems, ...last.run.problems, ...leaksIn(held)]
    return { sent: first.run.sent + last.run.sent, statuses, problems, held }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Returns null if the server does not answer. */
async function heldBy(url: string): Promise<Held | null> {
  const answer = await fetch(`${url}/metrics`, { headers: { 'x-api-key': KEY } }).catch(() => null)
  if (answer?.status !== 200) return null
  const text = await answer.text()
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])
  return {
    files: value('process_open_fds'),
    memoryMib: Math.round(value('process_resident_memory_bytes') / 2 ** 20),
  }
}

function leaksIn([before, after]: readonly [Held, Held]): string[] {
  const names = ['files', 'memoryMib'] as const
  return names
    .filter((name) => after[name] - before[name] > MOST_MORE[name])
    .map((name) => `${name}: ${before[name]} after the first half, ${after[name]} at the end`)
}
