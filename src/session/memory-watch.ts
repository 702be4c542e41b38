/** Watches the memory of one account's browser: releases history above a limit, and asks for a restart above the hard one. */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import type { Log } from '../log.ts'
import type { Memory } from '../model/memory.ts'

/** The limits of the memory of one browser, in bytes; 0: none. */
export type MemoryLimits = { softBytes: number; hardBytes: number }

const SAMPLE_MS = 30_000
/** Above the hard limit the browser is looked at more often: a restart waits for a moment without calls. */
const WAIT_MS = 5_000
/** A caller that looks a number up sends a message next. */
const QUIET_MS = 1_000
/** If the browser needs more than the limit from the start, a restart does not help. */
const RESTART_EVERY_MS = 3_600_000

export type MemoryWatch = {
  /** Watches the browser of this engine, until another one, or null. */
  follow(engine: Engine | null): void
  /** The last sample; null without a browser. */
  view(): Memory | null
}

export type MemoryWatchOptions = {
  limits: MemoryLimits
  clock: Clock
  log: Log
  /** Restarts the browser. Called only while no call runs. */
  restart(detail: string): void
}

export function createMemoryWatch({ limits, clock, log, restart }: MemoryWatchOptions): MemoryWatch {
  let followed: Engine | null = null
  let sample: Memory | null = null
  let restartedAt = Number.NEGATIVE_INFINITY
  let cancel = () => {}

  async function look(engine: Engine): Promise<void> {
    const bytes = await engine.memory.browserBytes()
    if (followed !== engine) return
    const level = levelOf(bytes, limits)
    if (level !== (sample?.level ?? 'normal')) tell(level, bytes)
    sample = {
      level,
      browser_bytes: bytes,
      node_bytes: process.memoryUsage.rss(),
      soft_limit_bytes: limits.softBytes || null,
      hard_limit_bytes: limits.hardBytes || null,
      sampled_at: new Date(clock.now()).toISOString(),
    }
    if (level !== 'normal') await engine.memory.releaseHistory()
    if (followed !== engine) return
    if (level === 'hard' && isRestartDue(engine)) {
      restartedAt = clock.now()
      return restart(`The browser used ${toMib(bytes)} MiB of memory and is restarted.`)
    }
    cancel = clock.after(level === 'hard' ? WAIT_MS : SAMPLE_MS, () => void look(engine))
  }

  function isRestartDue(engine: Engine): boolean {
    const idleSince = engine.memory.idleSince()
    const now = clock.now()
    const isIdle = idleSince !== null && now - idleSince >= QUIET_MS
    return isIdle && engine.connected() && now - restartedAt >= RESTART_EVERY_MS
  }

  function tell(level: Memory['level'], bytes: number | null): void {
    const facts = { level, browser_mib: toMib(bytes) }
    if (level === 'normal') log.info(facts, 'the memory of the browser is below its limits again')
    else log.warn(facts, 'the memory of the browser is above its limit')
  }

  return {
    follow(engine) {
      cancel()
      followed = engine
      sample = null
      if (engine !== null) void look(engine)
    },
    view: () => sample,
  }
}

function levelOf(bytes: number | null, { softBytes, hardBytes }: MemoryLimits): Memory['level'] {
  if (bytes === null) return 'normal'
  if (hardBytes > 0 && bytes > hardBytes) return 'hard'
  return softBytes > 0 && bytes > softBytes ? 'soft' : 'normal'
}

function toMib(bytes: number | null): number {
  return Math.round((bytes ?? 0) / 2 ** 20)
}
