/** The browser's memory while the whole history is read: it must not grow with the number of messages. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSimulator } from '../../simulator/open-simulator.ts'
import type { Status } from '../../src/model/status.ts'
import { startContestant } from '../start/contestants.ts'
import { urlOf } from '../start/link.ts'
import { writeBrowser } from '../start/place.ts'
import { readMemory } from '../start/processes.ts'

/** After the last message: what was read last is let go ten seconds later. */
const REST_MS = 20_000
const CHATS = 200
const PARTS = 10
const POLL_MS = 200
/** All of the history, as fast as it goes. */
const SETTINGS = {
  WHATSAPP_HISTORY_PER_CHAT: '1000000',
  WHATSAPP_HISTORY_TOTAL: '100000000',
  WHATSAPP_HISTORY_DAYS: '36500',
  WHATSAPP_HISTORY_PAUSE_MS: '0',
}

/** Memory as proportional set size, MB. `inPage`: messages that the page holds. */
export type HistorySample = { messages: number; browserMb: number; inPage: number; nodeMb: number }

/**
 * Links a fresh account with this many messages in 200 chats to the built server, and samples at each tenth; the last sample is at rest.
 */
export async function measureHistory(browser: string, messages: number): Promise<HistorySample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-history-'))
  const simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
  const { world } = simulator
  await world.seedHistory({ chats: CHATS, messages })
  const server = startContestant('ours', {
    cwd: folder,
    authDir: join(folder, 'session'),
    browser: writeBrowser(folder, browser, simulator.chromiumArgs),
    env: SETTINGS,
  })
  const samples: HistorySample[] = []
  async function sample(read: number): Promise<void> {
    const memory = readMemory(server.child.pid)
    const [page] = await world.countInPages()
    samples.push({
      messages: read,
      browserMb: memory.browser,
      inPage: page?.messages ?? 0,
      nodeMb: memory.node,
    })
  }
  try {
    const url = await urlOf(server)
    const status = async () => (await (await fetch(`${url}/api/status`)).json()) as Status
    await server.connect()
    await server.qr()
    await world.scan()
    await server.ready()
    let now = await status()
    for (; now.sync?.phase !== 'done'; now = await status()) {
      const read = now.archive?.messages ?? 0
      if (read >= (messages * samples.length) / PARTS) await sample(read)
      await sleep(POLL_MS)
    }
    await sleep(REST_MS)
    await sample(now.archive?.messages ?? 0)
    return samples
  } finally {
    await server.end()
    await simulator.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The table of samples, and whether the browser's memory is flat: none is more than a quarter above the first tenth. */
export function historyReport(samples: readonly HistorySample[]): { text: string; isFlat: boolean } {
  const [base = Number.NaN, ...later] = samples.slice(1).map(({ browserMb }) => browserMb)
  const growth = Math.max(...later) / base
  const rows = samples.map(({ messages, browserMb, inPage, nodeMb }) =>
    [messages, browserMb, inPage, nodeMb].map((value) => value.toFixed(0).padStart(14)).join(''),
  )
  const head = ['messages read', 'browser, MB', 'in the page', 'Node, MB'].map((name) => name.padStart(14))
  const verdict = `at most ${growth.toFixed(2)} times the first tenth (target: 1.25)`
  return { text: [head.join(''), ...rows, verdict].join('\n'), isFlat: growth <= 1.25 }
}
