/**
 * Watches the connection of a session: how long the network may be away, whether the page still responds, and whether WhatsApp
 * still answers. A connection can be open on this side only; nothing but an answer shows it.
 */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Engines } from './engines.ts'
import { createTimers } from './timers.ts'

const OFFLINE_MS = 30_000
const RESTART_OFFLINE_MS = 120_000
const PROBE_EVERY_MS = 30_000
/** WhatsApp limits lookups of numbers; one in ten minutes is far below that. */
const ASK_EVERY_MS = 10 * 60_000
/** Questions without an answer, or messages without an ack, one after the other, after which the browser is restarted. */
const MOST_UNANSWERED = 2
const MOST_UNACKED = 3
/** WhatsApp may not answer for a reason that no restart mends. */
const RESTART_EVERY_MS = 3_600_000

/** What the watch requires of its session. */
export type ConnectionHooks = {
  /** The connection is back, after any time. */
  onBack(): void
  /** The connection has been lost just now. */
  onLost(): void
  /** The connection has been lost for 30 s. */
  onOffline(): void
  /** The browser must be restarted: the network is away for two minutes (`offline`), or the page or WhatsApp does not respond. */
  onSilent(detail: string, why?: 'offline'): void
}

export type ConnectionWatch = {
  /** The session is ready, which proves that it works: probes the page every 30 s from now on, and WhatsApp every 10 minutes. */
  start(): void
  /** When page and connection were last seen to work, Unix ms; null if never. */
  provenAt(): number | null
  /** When WhatsApp's server last answered, Unix ms; null if never. */
  answeredAt(): number | null
  onConnection(isConnected: boolean): void
  /** WhatsApp's server accepted a message (true), or did not in time. */
  onAck(isAccepted: boolean): void
  /** Probes the page and WhatsApp at once. */
  probe(): void
  stop(): void
}

export function createConnectionWatch(
  clock: Clock,
  engines: Pick<Engines, 'current' | 'mark'>,
  log: Pick<Log, 'warn'>,
  hooks: ConnectionHooks,
): ConnectionWatch {
  const timers = createTimers<'offline' | 'restart' | 'probe'>(clock)
  let provenAt: number | null = null
  let answeredAt: number | null = null
  /** When WhatsApp was last asked since the engine became ready (Unix ms); -Infinity: it is asked at the next probe. */
  let askedAt = Number.NEGATIVE_INFINITY
  let unanswered = 0
  let unacked = 0
  /** WhatsApp answered since the last restart for this: on a build that never answers, silence says nothing. */
  let isAnswering = false
  let restartedAt = Number.NEGATIVE_INFINITY

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
        planProbe()
        if (!connected) return
        provenAt = clock.now()
        if (unanswered > 0 || clock.now() - askedAt >= ASK_EVERY_MS) void ask(isCurrent)
      })
  }

  async function ask(isCurrent: () => boolean): Promise<void> {
    askedAt = clock.now()
    const engine = engines.current()
    const answer = (await engine?.roundTrip()) ?? null
    // While the connection is lost, the question waits for it, so that a missing answer proves nothing.
    if (!isCurrent() || answer === null || engine?.connected() !== true) return
    if (answer) return onAnswer()
    unanswered += 1
    log.warn({ unanswered }, 'WhatsApp did not answer, although its connection is open')
    if (isAnswering && unanswered >= MOST_UNANSWERED)
      restart('WhatsApp does not answer, although its connection is open.')
  }

  function onAnswer(): void {
    answeredAt = clock.now()
    isAnswering = true
    unanswered = 0
  }

  function restart(detail: string): void {
    if (clock.now() - restartedAt < RESTART_EVERY_MS) return
    restartedAt = clock.now()
    isAnswering = false
    hooks.onSilent(detail)
  }

  return {
    start() {
      provenAt = clock.now()
      askedAt = Number.NEGATIVE_INFINITY
      unanswered = 0
      unacked = 0
      planProbe()
    },
    provenAt: () => provenAt,
    answeredAt: () => answeredAt,
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
    onAck(isAccepted) {
      unacked = isAccepted ? 0 : unacked + 1
      if (isAccepted) return onAnswer()
      askedAt = Number.NEGATIVE_INFINITY
      if (unacked >= MOST_UNACKED && engines.current()?.connected())
        restart(`WhatsApp accepted none of the last ${MOST_UNACKED} messages.`)
      else probe()
    },
    probe() {
      askedAt = Number.NEGATIVE_INFINITY
      probe()
    },
    stop: timers.clearAll,
  }
}
