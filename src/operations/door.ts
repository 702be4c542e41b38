/**
 * The one door. Every way in passes {@link Door.admit}: routes, tools, resources, completion, notices, streams, exports, pages.
 * It checks the scope of the caller and the state of the session, and hands over what that way may use, and no more.
 */
import type { z } from 'zod'
import { type Clock, DeadlineError, withDeadline } from '../clock.ts'
import { fail } from '../errors.ts'
import type { SessionState } from '../model/status.ts'
import type { Archive } from '../session/archive.ts'
import type { Session } from '../session/session.ts'
import { type Call, hasScope, type Scope } from './call.ts'
import type { Operation } from './operation.ts'
import { parseInput } from './parse-input.ts'

/** The rooms of one linked account. Only the door holds them: faces name an account by its id. */
export type Account = { id: string; session: Session; archive: Archive }

/** The session state that a way in needs: `ready` and connected, ever `linked`, or `nothing`. */
export type Needs = 'ready' | 'linked' | 'nothing'

/** One way in, as the door looks at it. Every row of the operations table is one. */
export type Way<S extends Scope = Scope, N extends Needs = Needs> = { name: string; scope: S; needs: N }

/** A place in the event log, as `Readings.events` opens it. */
export type EventReading = ReturnType<Archive['events']['open']>

/** What every way in may use: the call's own facts, and everything that only reads. */
export type Readings = Pick<Call, 'caller' | 'signal' | 'patienceMs' | 'requestId'> & {
  clock: Clock
  /** The URL of the MCP endpoint, as the caller would reach it. */
  mcpUrl: string
  /** The truth about the link as of now; never opens the browser. */
  status(): ReturnType<Session['status']>
  /** Called after every change of the status; returns the unsubscribe function. */
  onStatus: Session['onChange']
} & Pick<Archive, 'reader' | 'exporter' | 'stats' | 'staleSince'> & {
    /** Readers of the event log. */
    events: Pick<Archive['events'], 'open'>
  }

/** What a scope adds. */
export type ByScope = {
  read: object
  send: {
    /** On disk before the caller hears of it; the event that tells of it too, before or after, then changes nothing. */
    record(message: Extract<Parameters<Archive['take']>[0], { type: 'message' }>['message']): void
  }
  manage: Pick<Archive, 'loadEarlier' | 'forget'>
  admin: {
    session: Pick<Session, 'start' | 'requestPairingCode' | 'pairingCode' | 'logout' | 'qr' | 'touch'>
  }
}

/** What the needed state adds. */
export type ByNeeds = {
  nothing: object
  linked: object
  ready: { engine: ReturnType<Session['engine']> }
}

/** What a way in with this scope and this need may use. */
export type Grant<S extends Scope = Scope, N extends Needs = Needs> = Readings & ByScope[S] & ByNeeds[N]

const BY_SCOPE: { [S in Scope]: (account: Account) => ByScope[S] } = {
  read: () => ({}),
  send: ({ archive }) => ({
    record(message) {
      archive.take({ type: 'message', message })
      archive.flush()
    },
  }),
  manage: ({ archive }) => ({ loadEarlier: archive.loadEarlier, forget: archive.forget }),
  admin: ({ session }) => ({ session }),
}

const BY_NEEDS: { [N in Needs]: (account: Account) => ByNeeds[N] } = {
  nothing: () => ({}),
  linked({ session }) {
    session.requireLinked()
    return {}
  },
  ready: ({ session }) => ({ engine: session.engine() }),
}

export type Door = {
  /**
   * What this call may use on this way.
   * @throws AppError `account_not_found`, `scope_missing`; as `Session.engine` and `Session.requireLinked` where the way needs that
   */
  admit<S extends Scope, N extends Needs>(way: Way<S, N>, call: Call): Grant<S, N>
  /** Parses the input, admits the call and runs the operation. @throws AppError as {@link Door.admit} and {@link run} */
  invoke<In extends z.ZodType, Out extends z.ZodType>(
    operation: Operation<In, Out>,
    rawInput: unknown,
    call: Call,
  ): Promise<z.output<Out>>
  /** The state of the session, for the failure of a call; null for a caller that may not read it. */
  stateFor(call: Call): SessionState | null
}

/** One admission, as the log has it. Neither texts nor ids of chats. */
export type Admission = Pick<Call, 'face' | 'client' | 'requestId'> & {
  /** Name of the way in. */
  operation: string
  /** Id of the caller, and of the account. */
  caller: string
  account: string
}

export type DoorOptions = {
  accounts: readonly Account[]
  clock: Clock
  /** The URL of the MCP endpoint; known once the server listens. */
  mcpUrl(): string
  /** Called for each admission. Must not throw. */
  onAdmit(admission: Admission): void
}

const DEFAULT_LIMIT_MS = 2_000
/** When to ask again after what goes on by itself. */
const LATER_S = 10

/** The door of this process. */
export function createDoor({ accounts, clock, mcpUrl, onAdmit }: DoorOptions): Door {
  const accountOf = ({ account }: Call) =>
    accounts.find(({ id }) => id === account) ?? fail('account_not_found')

  function admit<S extends Scope, N extends Needs>(way: Way<S, N>, call: Call): Grant<S, N> {
    const { caller, face, client, requestId, signal, patienceMs } = call
    const account = accountOf(call)
    if (!hasScope(caller, way.scope)) fail('scope_missing', { facts: { scope: way.scope } })
    const needed = BY_NEEDS[way.needs](account)
    onAdmit({ operation: way.name, caller: caller.id, account: account.id, face, client, requestId })
    const { session, archive } = account
    const readings: Readings = {
      caller,
      requestId,
      signal,
      ...(patienceMs === undefined ? {} : { patienceMs }),
      clock,
      mcpUrl: mcpUrl(),
      status: session.status,
      onStatus: session.onChange,
      reader: archive.reader,
      exporter: archive.exporter,
      stats: archive.stats,
      staleSince: archive.staleSince,
      events: archive.events,
    }
    return { ...readings, ...BY_SCOPE[way.scope](account), ...needed }
  }

  return {
    admit,
    async invoke(operation, rawInput, call) {
      const input = parseInput(operation.input, rawInput)
      return run(operation, input, admit(operation, call))
    },
    stateFor: (call) => (hasScope(call.caller, 'read') ? accountOf(call).session.status().state : null),
  }
}

/**
 * Runs the operation within its time limit and checks the output. Nothing else calls a row's `run`.
 * @param granted by {@link Door.admit}, for this row or for one that may do as much
 * @throws AppError the row's own codes; when the time is up the row's `lateCode`, else `whatsapp_timeout`
 * (`send_outcome_unknown` for a send)
 */
export async function run<In extends z.ZodType, Out extends z.ZodType, S extends Scope, N extends Needs>(
  operation: Operation<In, Out, z.ZodObject, S, N>,
  input: z.output<In>,
  granted: Grant<S, N>,
): Promise<z.output<Out>> {
  const limit = operation.limitMs ?? DEFAULT_LIMIT_MS
  try {
    const work = (async () => operation.run(input, granted))()
    const output = await withDeadline(granted.clock, operation.title, limit, work)
    return operation.output.parse(output)
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    const { lateCode, effect } = operation
    if (lateCode !== undefined) fail(lateCode, { cause: error, retryAfterS: LATER_S })
    return fail(effect === 'send' ? 'send_outcome_unknown' : 'whatsapp_timeout', { cause: error })
  }
}
