/** The open sessions by id. Ends idle sessions, and the longest idle one if there are too many. */
import type { ServerEventBus } from '@modelcontextprotocol/server'
import type { Clock } from '../../clock.ts'
import type { Caller } from '../../operations/call.ts'
import type { ServerFactory } from './connection.ts'
import { type Exchange, RPC, refuse } from './exchange.ts'
import { type LegacySession, openLegacySession } from './legacy-session.ts'
import type { SessionIds } from './session-ids.ts'
import type { SubscriptionGate } from './subscriptions.ts'

const IDLE_MS = 30 * 60_000
const MAX_SESSIONS = 100
const RETRY_AFTER_S = 30

export type LegacySessions = {
  /** Returns the session with this id, if this caller opened it. */
  get(id: string, caller: Pick<Caller, 'id'>): LegacySession | undefined
  /** Returns the number of open sessions. */
  count(): number
  /** Opens a session and serves this `initialize`. Responds with 503 if all sessions are in use. */
  open(exchange: Exchange): Promise<Response>
  /** Ends the sessions that this caller opened. */
  dismiss(caller: Caller): void
  /** Ends all standing streams. */
  endStreams(): void
  /** Ends every session. */
  close(): Promise<void>
}

export type LegacySessionsOptions = {
  factory: ServerFactory
  bus: ServerEventBus
  clock: Clock
  ids: SessionIds
  gate: SubscriptionGate
}

/** Starts without sessions. */
export function createLegacySessions({ ids, ...shared }: LegacySessionsOptions): LegacySessions {
  const { clock } = shared
  const living = new Map<string, LegacySession>()
  const timers = new Map<string, () => void>()

  /** Ends the session after it was idle for `IDLE_MS`. */
  function watch(id: string, session: LegacySession): void {
    const idleSince = session.idleSince()
    const rest = idleSince === null ? IDLE_MS : idleSince + IDLE_MS - clock.now()
    if (rest <= 0) void session.close()
    else
      timers.set(
        id,
        clock.after(rest, () => watch(id, session)),
      )
  }

  /** Ends the session that has been idle for the longest time. Returns false if none is idle. */
  function makeRoom(): boolean {
    let oldest: { session: LegacySession; idleSince: number } | null = null
    for (const session of living.values()) {
      const idleSince = session.idleSince()
      if (idleSince !== null && idleSince < (oldest?.idleSince ?? Number.POSITIVE_INFINITY)) {
        oldest = { session, idleSince }
      }
    }
    void oldest?.session.close()
    return oldest !== null
  }

  return {
    get(id, caller) {
      const session = living.get(id)
      return session?.owner.id === caller.id ? session : undefined
    },
    count: () => living.size,
    async open(exchange) {
      const id = ids.mint()
      const onClosed = () => {
        timers.get(id)?.()
        timers.delete(id)
        living.delete(id)
      }
      const session = await openLegacySession({ ...shared, id, onClosed }, exchange)
      if (living.size >= MAX_SESSIONS && !makeRoom()) {
        await session.close()
        return refuse(
          503,
          RPC.refused,
          `All ${MAX_SESSIONS} sessions are in use. Next step: end one (DELETE with its Mcp-Session-Id), or try again later.`,
          { headers: { 'retry-after': String(RETRY_AFTER_S) } },
        )
      }
      living.set(id, session)
      watch(id, session)
      return session.serve(exchange)
    },
    dismiss(caller) {
      for (const session of living.values()) if (session.owner === caller) void session.close()
    },
    endStreams() {
      for (const session of living.values()) session.endStream()
    },
    async close() {
      await Promise.all([...living.values()].map((session) => session.close()))
    },
  }
}
