/** Watches the connection of a session: how long the network may be away, and whether the page still responds. */
import type { Clock } from '../clock.ts'
import type { Engines } from './engines.ts'
import { createTimers } from './timers.ts'

const OFFLINE_MS = 30_000
const RESTART_OFFLINE_MS = 120_000
const PROBE_EVERY_MS = 30_000

/** What the watch requires of its session. */
export type ConnectionHooks = {
  /** The connection is back, after any time. */
  onBack(): void
  /** The connection has been lost just now. */
  onLost(): void
  /** The connection has been lost for 30 s. */
  onOffline(): void
  /** The browser must be restarted: the network is away for two minutes (`offline`), or the page does not respond. */
  onSilent(detail: string, why?: 'offline'): void
}

export type ConnectionWatch = {
  /** The session is ready, which proves that it works: probes the page every 30 s from now on. */
  start(): void
  /** When page and connection were last seen to work, Unix ms; null if never. */
  provenAt(): number | null
  onConnection(isConnected: boolean): void
  /** Probes the page at once. */
  probe(): void
  stop(): void
}

export function createConnectionWatch(
  clock: Clock,
  engines: Pick<Engines, 'current' | 'mark'>,
  hooks: ConnectionHooks,
): ConnectionWatch {
  const timers = createTimers<'offline' | 'restart' | 'probe'>(clock)
  let provenAt: number | null = null

  function planProbe(): void {
    timers.set('probe', PROBE_EVERY_MS, probe)
  }

  function probe(): void {
    const isCurrent = engines.mark()
    void engines
      .current()
      ?.probe()
      .then(({ responding, connected }) => {
        if (!isCurrent()) return
        if (!responding) return hooks.onSilent('The WhatsApp Web page does not respond.')
        if (connected) provenAt = clock.now()
        planProbe()
      })
  }

  return {
    start() {
      provenAt = clock.now()
      planProbe()
    },
    provenAt: () => provenAt,
    onConnection(isConnected) {
      timers.clear('offline')
      timers.clear('restart')
      if (isConnected) return hooks.onBack()
      hooks.onLost()
      timers.set('offline', OFFLINE_MS, hooks.onOffline)
      timers.set('restart', RESTART_OFFLINE_MS, () =>
        hooks.onSilent('The connection to WhatsApp was not restored in time.', 'offline'),
      )
    },
    probe,
    stop: timers.clearAll,
  }
}
