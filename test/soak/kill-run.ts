/**
 * Messages come in while the browser and the server are killed at random moments; at the end the archive must hold
 * what the double's log holds. On the loopback only; everything that it starts and makes is gone afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom, type Random } from '../../simulator/service/random.ts'
import { browserProcesses } from '../browser-processes.ts'
import { type Comparison, compareArchive } from './compare.ts'
import { waitFor } from './server-process.ts'
import { openStage, type Stage } from './stage.ts'
import { createTraffic } from './traffic.ts'

export type KillRunOptions = {
  messages: number
  browserKills: number
  serverKills: number
  seed: number
  /** The share of what a page missed that comes as new messages after its start; the rest comes silently (F23). */
  lateShare?: number
  /** About how long one kill's share of the messages takes to arrive. */
  phaseMs?: number
  /** The whole run; it fails when it takes longer. */
  limitMs: number
  /** Hears of every kill. */
  say?: (line: string) => void
}

export type KillRun = Comparison & {
  durationMs: number
  /** Of a killed browser: from the kill to ready. Ascending, in ms; one that was killed again before is not counted. */
  browserRecoveries: number[]
  /** Of a killed server: from its next start to ready, likewise. */
  serverRecoveries: number[]
  /** Kills before the session was ready again. */
  killedStarting: number
  /** Browser processes that outlived a clean end, and browsers beside the one that was ready. */
  orphans: number
  /** Errors in the log, each text with how often. */
  errors: Map<string, number>
}

type Kill = { target: 'browser' | 'server'; when: 'starting' | 'quiet' | 'burst' }

/** At the end, messages that are in the page have this long to get into the archive. */
const ARRIVED_MS = 20_000

/** Rejects where the session does not come back, the server does not stop cleanly, or the time is over. */
export async function killRun(options: KillRunOptions): Promise<KillRun> {
  const startedAt = Date.now()
  const stage = await openStage(options.seed)
  try {
    const random = createRandom(options.seed)
    const traffic = createTraffic(stage.world, random)
    await stage.linkForGood()
    const before = new Set(stage.world.messages().map(({ id }) => id))
    if (options.lateShare !== undefined) {
      await stage.world.setFault({ name: 'backlog_late', value: { share: options.lateShare } })
    }
    const kills = planKills(options, random)
    const run = createRun(stage, random, options)
    for (const [index, kill] of kills.entries()) {
      if (Date.now() - startedAt > options.limitMs) throw new Error(`not done within ${options.limitMs} ms`)
      const share = Math.ceil((options.messages - traffic.written()) / (kills.length - index))
      await run.phase(kill, share, traffic.burst)
    }
    await run.recovered()
    await stage.synced()
    const { archive } = await arrived(stage)
    const orphans = run.orphans + (await stage.stop())
    return {
      ...compareArchive(archive?.file ?? '', stage.world, {
        before,
      }),
      durationMs: Date.now() - startedAt,
      browserRecoveries: run.recoveries.browser.sort((a, b) => a - b),
      serverRecoveries: run.recoveries.server.sort((a, b) => a - b),
      killedStarting: run.killedStarting,
      orphans,
      errors: stage.errors(),
    }
  } finally {
    await stage.close()
  }
}

/**
 * In random order, the browsers spread over the lives of the servers: each one that is killed makes a server wait longer
 * before it tries again.
 */
function planKills({ browserKills, serverKills }: KillRunOptions, random: Random): Kill[] {
  const lives: Kill['target'][][] = Array.from({ length: serverKills + 1 }, () => [])
  const most = Math.ceil(browserKills / lives.length) + 1
  for (let left = browserKills; left > 0; left -= 1) {
    const open = lives.filter((life) => life.length < most)
    open[random.between(0, open.length - 1)]?.push('browser')
  }
  const targets = lives.flatMap((life, index) => (index < serverKills ? [...life, 'server' as const] : life))
  return targets.map((target, index) => {
    const turn = random.fraction()
    // The first one finds a session that runs.
    return { target, when: index > 0 && turn < 0.3 ? 'starting' : turn < 0.65 ? 'burst' : 'quiet' }
  })
}

function createRun(stage: Stage, random: Random, { phaseMs = 4_000, say = () => {} }: KillRunOptions) {
  /** The kill that the session has not yet recovered from; `at` is when its recovery began. */
  let open: { target: Kill['target']; at: number } | null = null

  const run = {
    recoveries: { browser: [] as number[], server: [] as number[] },
    killedStarting: 0,
    orphans: 0,

    /** Until the session is ready again after the last kill. */
    async recovered(): Promise<void> {
      if (open === null) return
      const { target, at } = open
      run.recoveries[target].push((await stage.ready(at)) - at)
      open = null
      const browsers = browserProcesses(stage.authDir).filter(({ type }) => type === 'browser')
      run.orphans += Math.max(0, browsers.length - 1)
    },

    /** So many messages come, and meanwhile one kill. */
    async phase(kill: Kill, messages: number, burst: (count: number) => Promise<void>): Promise<void> {
      let left = messages
      const write = async (count: number) => {
        const now = Math.min(count, left)
        left -= now
        await burst(now)
      }
      const killed = kill.when === 'starting' ? killStarting(kill.target) : killReady(kill, write)
      while (left > 0) {
        const size = random.fraction() < 0.2 ? random.between(20, 60) : random.between(1, 6)
        await Promise.all([write(size), sleep((2 * random.fraction() * phaseMs * size) / messages)])
      }
      await killed
    },
  }

  async function killStarting(target: Kill['target']): Promise<void> {
    run.killedStarting += Number(open !== null)
    // The rest of what it takes to be ready is up to chance.
    if (target === 'browser') await waitFor('a browser', 60_000, stage.browserPid)
    await sleep(random.between(0, target === 'browser' ? 800 : 2_500))
    await strike(target)
  }

  async function killReady({ target, when }: Kill, write: (count: number) => Promise<void>): Promise<void> {
    await run.recovered()
    await sleep(random.between(0, 1_500))
    if (when === 'quiet') return strike(target)
    await write(random.between(30, 80))
    const struck = strike(target)
    await write(random.between(30, 80))
    await struck
  }

  async function strike(target: Kill['target']): Promise<void> {
    say(`kill ${target}${open === null ? '' : ', not yet ready'}`)
    if (target === 'browser') {
      const pid = await waitFor('a browser', 60_000, stage.browserPid)
      open = { target, at: Date.now() }
      process.kill(pid, 'SIGKILL')
      return
    }
    await stage.server().kill()
    await sleep(random.fraction() < 0.3 ? 0 : random.between(0, 3_000))
    stage.start()
    open = { target, at: stage.server().startedAt }
  }
  return run
}

/** What the page was given last has reached the archive too, or has had the time to. */
async function arrived(stage: Stage) {
  const expected = stage.world.messages().length
  let status = await stage.synced()
  await waitFor('all there', ARRIVED_MS, async () => {
    status = await stage.synced()
    return status.archive?.messages === expected ? true : null
  }).catch(() => {})
  return status
}
