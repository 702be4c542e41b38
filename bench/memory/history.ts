/** The browser's memory while the whole history is read: it must not grow with the number of messages. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSimulator } from '../../simulator/open-simulator.ts'
import { createApp } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { launchArgs } from '../../src/engine/wweb/launch-args.ts'
import { wwebEngine } from '../../src/engine/wweb/open-engine.ts'
import { createLog } from '../../src/log.ts'
import { memoryOfTree } from '../../src/process-memory.ts'
import { browserPid } from '../../test/browser-processes.ts'

/** After the last message: what was read last is let go ten seconds later. */
const REST_MS = 20_000
const CHATS = 200
const PARTS = 10
const MB = 2 ** 20

export type HistorySample = { messages: number; browserMb: number; inPage: number; nodeMb: number }

/** Links a fresh account with this many messages in 200 chats, and samples at each tenth; the last sample is at rest. */
export async function measureHistory(browser: string, messages: number): Promise<HistorySample[]> {
  const authDir = mkdtempSync(join(tmpdir(), 'wma-bench-'))
  const simulator = await openSimulator({ dataDir: null, pace: 'none', control: null })
  await simulator.world.seedHistory({ chats: CHATS, messages })
  const log = createLog({ level: 'silent' })
  const env = {
    WHATSAPP_AUTH_DIR: authDir,
    WHATSAPP_MCP_PORT: '0',
    WHATSAPP_HISTORY_PER_CHAT: '1000000',
    WHATSAPP_HISTORY_TOTAL: '100000000',
    WHATSAPP_HISTORY_DAYS: '36500',
    WHATSAPP_HISTORY_PAUSE_MS: '0',
  }
  const app = await createApp({
    config: readConfig({ env, root: authDir }),
    log,
    chromeExecutable: browser,
    openEngine: (profileDir, proxy) =>
      wwebEngine({
        profileDir,
        executablePath: browser,
        headless: true,
        browserArgs: launchArgs(true, simulator.chromiumArgs).args,
        proxy,
        clock: systemClock,
        log,
      }),
  })
  const { session } = app
  const samples: HistorySample[] = []
  async function sample(): Promise<void> {
    const bytes = (await memoryOfTree(browserPid(authDir))) ?? Number.NaN
    const [page] = await simulator.world.countInPages()
    samples.push({
      messages: session.status().archive?.messages ?? 0,
      browserMb: bytes / MB,
      inPage: page?.messages ?? 0,
      nodeMb: process.memoryUsage.rss() / MB,
    })
  }
  try {
    await session.start()
    await simulator.world.scan()
    while (session.status().state !== 'ready') await sleep(50)
    for (let part = 0; session.status().sync?.phase !== 'done'; ) {
      if ((session.status().archive?.messages ?? 0) >= (messages * part) / PARTS) {
        await sample()
        part += 1
      }
      await sleep(50)
    }
    await sleep(REST_MS)
    await sample()
    return samples
  } finally {
    await app.close()
    await simulator.close()
    rmSync(authDir, { recursive: true, force: true, maxRetries: 5 })
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
