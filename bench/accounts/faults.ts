/** The reads of one account while another one suffers. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { browserPid } from '../../test/browser-processes.ts'
import type { SmallDisk } from '../../test/soak/small-disk.ts'
import type { Linked } from './linked.ts'

const HEALTHY = 'default'
const SUFFERS = 'a2'
const THOUGHT_MS = 5
const ROUND_MS = 6_000

/** Milliseconds of each read. */
export type Fault = { name: string; quiet: number[]; during: number[] }

/** @param options.disk that of the second account's files; or why there is none */
export async function measureFaults(
  accounts: Linked,
  options: { disk: SmallDisk | string; rounds: number },
): Promise<Fault[]> {
  const { disk, rounds } = options
  const faults: Fault[] = []
  const measure = async (name: string, times: number, suffer: () => Promise<() => Promise<void>>) => {
    const fault: Fault = { name, quiet: [], during: [] }
    faults.push(fault)
    for (let round = 0; round < times; round += 1) {
      fault.quiet.push(...(await reads(accounts)))
      const [times, heal] = await Promise.all([reads(accounts), suffer()])
      fault.during.push(...times)
      await heal()
    }
  }
  const problem = (status: Record<string, unknown>) => Object(status.archive).problem

  await measure('its browser is killed', rounds, async () => {
    process.kill(browserPid(join(accounts.authDir, `session-${SUFFERS}`)), 'SIGKILL')
    return () => accounts.until(SUFFERS, ({ state }) => state === 'ready')
  })
  if (typeof disk === 'string') console.log(`its disk is full: not measured, ${disk}`)
  else
    await measure('its disk is full', rounds, async () => {
      disk.fill()
      accounts.use(SUFFERS)
      const from = accounts.contactOf(SUFFERS)
      for (const until = Date.now() + ROUND_MS; Date.now() < until; await sleep(20))
        await accounts.world.write({ from, text: 'full '.repeat(400) })
      await accounts.until(SUFFERS, (status) => problem(status) === 'archive_full')
      return async () => {
        disk.free()
        await accounts.until(SUFFERS, (status) => problem(status) === null)
      }
    })
  const { archive } = await accounts.get(SUFFERS, '/api/status')
  const file = String(Object(archive).file)
  await measure('its archive is damaged', 1, async () => {
    writeFileSync(file, readFileSync(file).fill(7, 4096))
    const from = accounts.contactOf(SUFFERS)
    for (const until = Date.now() + ROUND_MS; Date.now() < until; await sleep(20)) {
      await accounts.world.write({ from, text: 'into a damaged archive' })
      // It is refused.
      await accounts.get(SUFFERS, '/api/chats').catch(() => {})
    }
    return async () => {}
  })
  return faults
}

/** What agents ask, one read after the other. */
async function reads(accounts: Linked): Promise<number[]> {
  const times: number[] = []
  const contact = accounts.contactOf(HEALTHY)
  const paths = ['/api/status', '/api/chats?limit=', `/api/messages?phone_number=${contact}&limit=`]
  for (const until = Date.now() + ROUND_MS; Date.now() < until; await sleep(THOUGHT_MS)) {
    const path = paths[times.length % paths.length] ?? ''
    const from = performance.now()
    await accounts.get(HEALTHY, path.endsWith('=') ? `${path}${1 + (times.length % 50)}` : path)
    times.push(performance.now() - from)
  }
  return times
}
