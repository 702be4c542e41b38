/** What media costs the built server, on each build: the bytes that Node moves, its memory, and its answers meanwhile. Linux. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeBrowser } from '../bench/start/place.ts'
import { readResident, resetPeak } from '../bench/start/processes.ts'
import { newestBuild, newestBuildThatLinks, newestBuildWithSerialized } from '../simulator/builds.ts'
import { openSimulator } from '../simulator/open-simulator.ts'
import type { Simulator } from '../simulator/simulator.ts'
import type { Status } from '../src/model/status.ts'
import { browserPath } from './harness.ts'
import { call, endPrograms, type Program, run, temp } from './program.ts'

const MIB = 2 ** 20
const SIZE = 16 * MIB
const AMARA = '15550001101'
const JURGEN = '15550001102'
const PROBE = new URL('../bench/media/status-probe.mjs', import.meta.url)
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64')

describe
  .skipIf(process.platform !== 'linux')
  .each([newestBuild.name, newestBuildThatLinks.name, newestBuildWithSerialized.name])(
  'on build %s',
  (build) => {
    let simulator: Simulator
    let program: Program
    let url: string
    let probe: Worker
    const pid = () => program.child.pid ?? 0

    beforeAll(async () => {
      simulator = await openSimulator({ dataDir: null, pace: 'none', control: null, build })
      const dir = temp()
      program = run(['serve'], {
        cwd: dir,
        env: {
          WHATSAPP_AUTH_DIR: join(dir, 'session'),
          WHATSAPP_CHROME_EXECUTABLE: writeBrowser(dir, browserPath(), simulator.chromiumArgs),
          WHATSAPP_MCP_PORT: '0',
          WHATSAPP_MCP_LOG_LEVEL: 'info',
        },
      })
      url = await eventually(() => /"url":"(http:[^"]*)"/.exec(program.err)?.[1] ?? null)
      await call(`${url}/api/auth/start`, {})
      await simulator.world.scan()
      await eventually(async () =>
        (await call<Status>(`${url}/api/status`)).state === 'ready' ? true : null,
      )
      // What the first transfer alone loads and compiles is no cost of the bytes.
      await sent(await stored(randomBytes(MIB)))
      await fetched(await arrived(randomBytes(MIB)))
      probe = new Worker(PROBE, { workerData: `${url}/api/status` })
    }, 120_000)
    afterAll(async () => {
      await probe?.terminate()
      await endPrograms()
      await simulator?.close()
    })

    /** The id of an upload. */
    async function stored(bytes: Buffer): Promise<string> {
      const headers = { 'content-type': 'application/pdf' }
      const body = new Uint8Array(bytes)
      const answer = await fetch(`${url}/api/uploads`, { method: 'PUT', headers, body })
      return ((await answer.json()) as { id: string }).id
    }

    /** Sends it as a document; the bare id of its message. */
    async function sent(upload: string): Promise<string> {
      const body = { media: { upload }, as: 'document' }
      const answer = await call<{ message_id?: string }>(`${url}/api/chats/${AMARA}/media`, body)
      return answer.message_id?.split('_')[2] ?? JSON.stringify(answer)
    }

    /** The result of the transfer, and whether a list of chats and a text to another person were done before it. */
    async function besides<T>(transfer: Promise<T>): Promise<{ result: T; wasDelayed: boolean }> {
      let isOver = false
      void transfer.finally(() => {
        isOver = true
      })
      await call(`${url}/api/chats`)
      await call(`${url}/api/chats/${JURGEN}/messages`, { message: 'meanwhile' })
      const wasDelayed = isOver
      return { result: await transfer, wasDelayed }
    }

    async function arrived(bytes: Buffer): Promise<string> {
      const media = { data: bytes.toString('base64'), mimetype: 'application/pdf', filename: 'a.pdf' }
      const { id } = await simulator.world.writeContent({ from: AMARA, content: { type: 'document', media } })
      const key = `false_${AMARA}@c.us_${id}`
      await eventually(async () => ((await fetch(`${url}/api/messages/${key}`)).ok ? true : null))
      return key
    }

    const fetched = async (key: string) =>
      Buffer.from(await (await fetch(`${url}/api/messages/${key}/media`)).arrayBuffer())

    /** Bytes that the process reads and writes meanwhile, per byte of the file, its growth in MB, and the median of answers in ms. */
    async function weighed<T>(work: () => Promise<T>) {
      const before = movedBy(pid())
      const { now: idle } = readResident(pid())
      resetPeak(pid())
      await takeTimes()
      const result = await work()
      const times = (await takeTimes()).sort((one, other) => one - other)
      const after = movedBy(pid())
      return {
        result,
        read: (after.read - before.read) / SIZE,
        written: (after.written - before.written) / SIZE,
        growth: readResident(pid()).peak - idle,
        ms: times[Math.floor(times.length / 2)] ?? 0,
      }
    }

    const takeTimes = () =>
      new Promise<number[]>((resolve) => {
        probe.once('message', resolve)
        probe.postMessage('take')
      })

    it('a document goes out: Node reads it once, stores it, and the browser takes it from the disk', async () => {
      const bytes = randomBytes(SIZE)
      const { result, read, written, growth, ms } = await weighed(async () =>
        besides(sent(await stored(bytes))),
      )
      const [message] = simulator.world.messages({ chat: AMARA, limit: 1 })
      expect(result).toEqual({ result: message?.id, wasDelayed: false })
      expect(message?.media?.filehash).toBe(hashOf(bytes))
      expect(read).toBeLessThan(1.2)
      expect(written).toBeLessThan(1.2)
      expect(growth).toBeLessThan(40)
      expect(ms).toBeLessThan(100)
    }, 120_000)

    it('a document comes in: in pieces, stored, and read again for the client', async () => {
      const bytes = randomBytes(SIZE)
      const key = await arrived(bytes)
      const { result, read, written, growth, ms } = await weighed(() => besides(fetched(key)))
      expect(hashOf(result.result)).toBe(hashOf(bytes))
      expect(result.wasDelayed).toBe(false)
      // As base64 from the page, and as a file for the client.
      expect(read).toBeLessThan(2.6)
      expect(written).toBeLessThan(2.2)
      expect(growth).toBeLessThan(40)
      expect(ms).toBeLessThan(100)
    }, 120_000)
  },
)

/** Not expect.poll, so that hooks can wait too. */
async function eventually<T>(look: () => T | null | Promise<T | null>): Promise<T> {
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(20)) {
    const found = await look()
    if (found !== null) return found
  }
  throw new Error('it did not happen in time')
}

/** man 5 proc_pid_io: what system calls moved, through pipes and sockets too. */
function movedBy(pid: number): { read: number; written: number } {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1])
  return { read: field('rchar'), written: field('wchar') }
}
