/** Many events: 200 a second for a while, and 1,000 in one second, to ten receivers. The engine's reports are made by the server itself. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { placesIn } from '../../src/session/auth-dir.ts'
import { since } from '../readers/stamp.ts'
import { fill } from '../search/filling.ts'
import { readCpuMs, readMemory } from '../start/processes.ts'
import { ask, type Receivers, setWebhooks } from './receivers.ts'

const RECEIVERS = 10
const PER_SECOND = 200
const BURST = 1_000
const WARM_MS = 2_000
const LIMIT_MS = 60_000

export type Flow = {
  /** Events that the server wrote, and deliveries that arrived. */
  events: number
  delivered: number
  /** Milliseconds from the report of the engine to each receiver. */
  times: number[]
  /** Processor time of the server for one delivery, in ms. */
  cpuMs: number
  /** From the end of the traffic to the last delivery, in ms. */
  lateMs: number
}
export type Flows = {
  sustained: Flow
  burst: Flow
  /** Growth of the server's memory in the second half of the sustained traffic, in MB. */
  growthMb: number
  /** Chats with a failing delivery, over all webhooks, at the end. */
  failing: number
}

/** @param sustainedMs how long 200 events a second come */
export async function measureFlows(receivers: Receivers, sustainedMs: number): Promise<Flows> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-webhooks-'))
  const child = start(folder, receivers.origin)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const pid = child.pid ?? 0
  try {
    const url = await listening(child)
    await setWebhooks(url, receivers.origin, RECEIVERS)
    const say = (perSecond: number) => void child.stdin?.write(`${perSecond}\n`)
    await run(PER_SECOND, WARM_MS)
    const sustained = await run(PER_SECOND, sustainedMs / 2)
    const before = readMemory(pid).node
    const second = await run(PER_SECOND, sustainedMs / 2)
    const growthMb = readMemory(pid).node - before
    const burst = await run(BURST, 1_000)
    const { webhooks } = await ask<{ webhooks: { failing_chats: number }[] }>(`${url}/api/webhooks`)
    const failing = webhooks.reduce((sum, { failing_chats: one }) => sum + one, 0)
    return { sustained: joined(sustained, second), burst, growthMb, failing }

    async function run(perSecond: number, ms: number): Promise<Flow> {
      const times: number[] = []
      let lastAt = performance.now()
      receivers.heard = (body, at) => {
        const took = since(body)
        if (took !== null) times.push(took)
        lastAt = at
      }
      const cpu = readCpuMs(pid)
      const first = await lastEvent(url)
      say(perSecond)
      await sleep(ms)
      say(0)
      const endAt = performance.now()
      await sleep(200)
      // The server may still write what it was told.
      const written = async () => (await lastEvent(url)) - first
      let events = await written()
      while (times.length < events * RECEIVERS && performance.now() - endAt < LIMIT_MS) {
        await sleep(100)
        events = await written()
      }
      const cpuMs = (readCpuMs(pid) - cpu) / Math.max(1, times.length)
      return { events, delivered: times.length, times, cpuMs, lateMs: Math.max(0, lastAt - endAt) }
    }
  } finally {
    child.stdin?.end()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

const joined = (one: Flow, other: Flow): Flow => ({
  events: one.events + other.events,
  delivered: one.delivered + other.delivered,
  times: [...one.times, ...other.times],
  cpuMs: (one.cpuMs + other.cpuMs) / 2,
  lateMs: Math.max(one.lateMs, other.lateMs),
})

/** The number of messages in the archive: each is one event. */
async function lastEvent(url: string): Promise<number> {
  return (await ask<{ messages: number }>(`${url}/api/archive`)).messages
}

function start(folder: string, origin: string): ChildProcess {
  const { own } = placesIn(folder)
  mkdirSync(join(own, 'archives'), { recursive: true, mode: 0o700 })
  fill(join(own, 'archives', '15550001000.db'), { count: 20_000, chats: 200, indexed: true, secret: null })
  writeFileSync(join(own, 'account.json'), '{"wid":"15550001000@c.us"}\n', { mode: 0o600 })
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const script = fileURLToPath(new URL('../readers/server.ts', import.meta.url))
  const root = fileURLToPath(new URL('../..', import.meta.url))
  return spawn(process.execPath, ['--import', tsx, script, root, folder], {
    env: { ...process.env, WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: origin },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

async function listening(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const { url }: { url: string } = JSON.parse(line)
    return url
  }
  throw new Error('the server did not start')
}
