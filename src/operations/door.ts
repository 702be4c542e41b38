/**
 * The door: routes, tools, resources, completion, notifications, streams, exports and pages all pass {@link Door.admit}. It
 * checks the scope of the caller and the state of the session, and returns only what this entry may use.
 */
import type { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { Accounts, AccountView } from '../accounts/accounts.ts'
import { type Clock, DeadlineError, withDeadline } from '../clock.ts'
import type { ControlStore } from '../control.ts'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import type { CallerUploads, Uploads } from '../files/uploads.ts'
import type { Keys } from '../keys/keys.ts'
import { DEFAULT_ACCOUNT, type Jid, phoneOf, toJid } from '../model/ids.ts'
import type { OutboxItem } from '../model/outbox.ts'
import type { Policy, Sends } from '../model/policy.ts'
import type { SessionState, Status } from '../model/status.ts'
import { type Draft, viewOf } from '../outbox/item.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Pace } from '../outbox/pace.ts'
import type { OwnIds } from '../own-ids.ts'
import type { Rules } from '../rules/rules.ts'
import type { Archive } from '../session/archive.ts'
import type { Session } from '../session/session.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'
import type { About, Audited, AuditLog } from './audit-log.ts'
import {
  type Call,
  type ConnectionToolsets,
  hasAccount,
  hasScope,
  isAdmitted,
  OWNER,
  type Scope,
} from './call.ts'
import type { MediaLinks } from './media-links.ts'
import { createOnce, type Once } from './once.ts'
import { isAudited, type Operation, type Row } from './operation.ts'
import { parseInput } from './parse-input.ts'
import { type Seen, seenOf, sightOf } from './seen.ts'
import { countedAs, createSending, listedBy, type Sending, sendsOf } from './sending.ts'
import { withoutReading, withoutUnsentNames } from './without-reading.ts'

/** The part of the accounts that the door uses. */
export type AccountsPort = Pick<
  Accounts,
  'get' | 'list' | 'view' | 'add' | 'change' | 'stop' | 'restart' | 'remove'
>

/** The part of the keys that the door hands out. */
export type KeysPort = Pick<Keys, 'list' | 'get' | 'add' | 'change' | 'rotate' | 'remove'>

/** The part of the webhooks that the door hands out. */
export type WebhooksPort = Omit<Webhooks, 'dropAccount' | 'close'>

/** What an entry needs: a session that is `ready` and connected, or `linked` at any time; an MCP connection; or `nothing`. */
export type Needs = 'ready' | 'linked' | 'toolsets' | 'nothing'

/** One entry, as the door checks it. Every row of the operations table is one. */
export type Way<S extends Scope = Scope, N extends Needs = Needs> = {
  name: string
  scope: S
  needs: N
  /** True if it belongs to the server and not to one account. */
  isGlobal?: true
}

/** A reader of the event log with its cursor, as `Readings.events` opens it. */
export type EventReading = ReturnType<Archive['events']['open']>

/** What every entry may use: facts about the call, and everything that only reads. */
export type Readings = Pick<Call, 'caller' | 'face' | 'signal' | 'patienceMs' | 'requestId'> & {
  clock: Clock
  /** Aborted when the caller goes: when its session ends or, without one, if it disconnects before the response. */
  gone: AbortSignal
  /** The account of the call. */
  account: Account['id']
  /** The accounts of this server that the caller may use. */
  accounts: Pick<AccountsPort, 'list' | 'view'>
  /** The URL of the account's MCP endpoint. */
  mcpUrl: string
  /** Returns the present status of the session. Never opens the browser. */
  status(): ReturnType<Session['status']>
  /** Returns what this build of WhatsApp Web is known to offer. For another account, fails as {@link AccountsPort.get}. */
  abilities(account?: string): ReturnType<Session['abilities']>
  /** Subscribes to changes of the status. Returns the unsubscribe function. */
  onStatus: Session['onChange']
  /** Reads the archive. In the scope `read`, reads that have not begun when the client disconnects are not run. */
  reader(): ReturnType<Archive['reader']>
  /** Links to media. */
  mediaLinks: MediaLinks
  /** True if the caller sees every chat of the account. */
  seesAll: boolean
  /** True if the caller sees chats that come into being. */
  seesNew: boolean
  /** @throws AppError `chat_not_found` if the caller does not see this chat */
  demandSeen: Seen['demandSeen']
  /** The same for the recipient of an action, see {@link demandVisible}. */
  demandVisible(to: Jid): Promise<void>
  /** Asks WhatsApp for what a read of a chat lacks, as long as the call can wait. */
  fill: Seen['fill']
} & Pick<Archive, 'export' | 'isListed' | 'staleSince' | 'media' | 'pictures' | 'numbers'> & {
    /** Readers of the event log. */
    events: Pick<Archive['events'], 'open'>
  }

/** Stores what an action changed on disk before the response. The event for it then changes nothing. */
export type Note = (
  event: Extract<
    Parameters<Archive['take']>[0],
    { type: 'message' | 'reaction' | 'chats' | 'vote' | 'picture' }
  >,
) => void

/** What each scope adds. */
export type ByScope = {
  read: object
  send: {
    note: Note
    /** Sends a message, or schedules it (Unix milliseconds): the only way to do so. Fails as `Outbox.send`. */
    send(draft: Parameters<Outbox['send']>[0], sendAtMs?: number): ReturnType<Outbox['send']>
    /**
     * Returns a message of this caller and the decisions about it, for an answer of the user whom the client asks. Fails with
     * `outbox_item_not_found`.
     */
    answering(itemId: string): Promise<{ item: OutboxItem; decide: Outbox['decide'] }>
    /** True if everything that this call sends waits for the owner's approval. */
    isHeld: boolean
    /** The uploads of the caller. */
    uploads: CallerUploads
    /** Returns a new bare id, for a message that the engine sends with another one. */
    createMessageId: OwnIds['create']
  }
  manage: Pick<Archive, 'loadEarlier' | 'forget'> & {
    note: Note
    /** The uploads of the caller. */
    uploads: CallerUploads
  }
  admin: {
    accounts: Omit<AccountsPort, 'get'>
    /** The items of all accounts. */
    outbox: Pick<ControlStore['outbox'], 'list' | 'get'>
    /**
     * Returns the decisions about this item. Fails with `outbox_item_not_found`, as {@link AccountsPort.get}, and with
     * `own_send` if the caller created it, the owner aside.
     */
    deciding(itemId: string): Promise<Outbox['decide']>
    keys: KeysPort
    webhooks: WebhooksPort
    rules: Pick<Rules, 'file' | 'list'>
    audit: Pick<AuditLog, 'list'>
    session: Pick<Session, 'start' | 'requestPairingCode' | 'pairingCode' | 'logout' | 'qr' | 'touch'>
  }
}

/** What each need adds. */
export type ByNeeds = {
  nothing: object
  linked: object
  toolsets: { toolsets: ConnectionToolsets }
  ready: { engine: Omit<ReturnType<Session['engine']>, 'send'> }
}

/** What an entry with this scope and need may use. */
export type Grant<S extends Scope = Scope, N extends Needs = Needs> = Readings & ByScope[S] & ByNeeds[N]

/** The call, and what belongs to no single account. */
type Shared = Pick<
  DoorOptions,
  'accounts' | 'keys' | 'webhooks' | 'rules' | 'control' | 'pace' | 'audit' | 'ownIds'
> & {
  uploads: CallerUploads
  call: Call
  about: About
  sends: Sends
  sending: Sending
}

const noteIn =
  ({ take, flush }: Archive): Note =>
  (event) => {
    take(event)
    flush()
  }

const BY_SCOPE: { [S in Scope]: (account: Account, server: Shared, seen: Seen) => ByScope[S] } = {
  read: () => ({}),
  send: ({ id, outbox, archive }, { uploads, control, call, about, sends, sending, pace, ownIds }, seen) => ({
    uploads,
    createMessageId: ownIds.create,
    async answering(itemId) {
      const item = await control.outbox.get(itemId)
      if (item?.account !== id || item.caller !== call.caller.id) fail('outbox_item_not_found')
      return { item: viewOf(item), decide: outbox.decide }
    },
    note: noteIn(archive),
    isHeld: sends.policy === 'confirm',
    async send(draft, sendAtMs) {
      const { caller, face, idempotencyKey = null } = call
      // The input may have only the name of the chat, which the audit log does not take.
      about({ chat: draft.to.id })
      await demandVisible(draft.to.id, archive, seen)
      const held = await sending.hold(draft.to.id)
      // A held message does not count: the owner decides when it goes.
      if (held === null) {
        const isNew = !(await isMet(seen, draft.to))
        pace.take({ account: id, ...countedAs(caller, face), chat: draft.to.id, isNew })
      }
      return outbox.send(draft, {
        caller: caller.id,
        overMcp: face === 'mcp' ? true : undefined,
        request: idempotencyKey,
        reason: held ?? (sendAtMs === undefined ? null : 'send_at'),
        releaseAtMs: sendAtMs ?? null,
      })
    },
  }),
  manage: ({ id, archive }, { control, uploads }, seen) => ({
    uploads,
    loadEarlier: seen.loadEarlier,
    note: noteIn(archive),
    async forget(chat) {
      const reader = seen.reader()
      // Fails where the archive, or the caller, does not know the chat: nothing is deleted then.
      const known = await reader.getChat(chat)
      // An item has the address by which its chat was known at that time.
      const addresses = await reader.addressesOf(toJid(known.chat.id))
      // Before the archive, whose deletion may take longer than this call.
      await control.outbox.forget(id, [...new Set([chat, ...addresses])])
      return seen.forget(chat)
    },
  }),
  admin: ({ session }, { accounts, keys, webhooks, rules, control, audit, call: { caller } }) => ({
    session,
    accounts,
    keys,
    webhooks,
    rules,
    audit,
    outbox: control.outbox,
    async deciding(itemId) {
      const item = (await control.outbox.get(itemId)) ?? fail('outbox_item_not_found')
      if (item.caller === caller.id && caller.id !== OWNER.id) fail('own_send')
      return accounts.get(item.account).outbox.decide
    },
  }),
}

const BY_NEEDS: { [N in Needs]: (account: Account, call: Call) => ByNeeds[N] } = {
  nothing: () => ({}),
  toolsets(_, { toolsets }) {
    if (toolsets === undefined) throw new Error('only tools may need toolsets')
    return { toolsets }
  },
  linked({ session }) {
    session.requireLinked()
    return {}
  },
  ready: ({ session }) => ({ engine: session.engine() }),
}

export type Door = {
  /**
   * Checks the call and returns what it may use.
   * @param about takes what becomes known of the call for the audit log
   * @throws AppError `account_not_found`, `scope_missing`, and the errors of `Session.engine` or `Session.requireLinked`
   */
  admit<S extends Scope, N extends Needs>(way: Way<S, N>, call: Call, about?: About): Grant<S, N>
  /** Parses the input, admits the call and runs the operation. @throws AppError like {@link Door.admit} and {@link run} */
  invoke<In extends z.ZodType, Out extends z.ZodType>(
    operation: Operation<In, Out>,
    rawInput: unknown,
    call: Call,
  ): Promise<z.output<Out>>
  /** The same for a row that takes or returns something other than JSON: `work` runs it. */
  enter<In extends z.ZodType, S extends Scope, N extends Needs, T>(
    row: Row & { input: In; scope: S; needs: N },
    rawInput: unknown,
    call: Call,
    work: (input: z.output<In>, granted: Grant<S, N>) => Promise<T> | T,
  ): Promise<T>
  /**
   * Runs `work`, and notes it in the audit log if the row is audited. For entries that are not rows, and for faces that
   * admit a row themselves.
   */
  audited<T>(way: Row | Audited, call: Call, work: (about: About) => Promise<T>): Promise<T>
  /** True if messages of this call can wait for approval. */
  holds(call: Call): boolean
  /**
   * Runs `work` once for the idempotency key of this call. A repeated call returns what the first one did in every state of the
   * session, so `work` admits it. Fails with `scope_missing` and `account_not_found` as {@link Door.admit}. For callers without the
   * scope `read`, errors are {@link withoutReading}, and outputs {@link withoutUnsentNames}.
   */
  once: Once
  /**
   * Returns the state of the session for an error of this call, or null if the caller may not read it, or the account cannot be
   * opened. Never fails.
   */
  stateFor(call: Call): SessionState | null
}

/** True if the archive has a message of this chat. If it cannot be read, the chat counts as new: the message can still be sent. */
export async function isMet(
  { reader }: Pick<Seen, 'reader'>,
  to: Pick<Draft['to'], 'id' | 'lastMessageAt'>,
): Promise<boolean> {
  // The row that drafted it has asked the archive already.
  if (to.lastMessageAt !== undefined) return to.lastMessageAt !== null
  try {
    return ((await reader().recipientAt(to.id))?.lastMessageAt ?? null) !== null
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}

/**
 * Fails if the caller does not see this chat, or the chat to which WhatsApp resolves this number: another spelling of a hidden
 * number must not reach it. Fails as {@link Seen.demandSeen}, and as `Archive.numbers`.
 */
async function demandVisible(to: Jid, { numbers }: Pick<Archive, 'numbers'>, seen: Seen): Promise<void> {
  seen.demandSeen(to)
  const phone = phoneOf(to)
  if (seen.seesAll || phone === null || (await isMet(seen, { id: to }))) return
  const found = await numbers.find(phone)
  // The archive may have learned from it whose number this is.
  for (const one of [to, ...(found === null ? [] : [found])]) seen.demandSeen(one)
}

/** One admission for the log. Includes no texts and no chat ids. */
export type Admission = Pick<Call, 'face' | 'client' | 'requestId' | 'canAsk'> & {
  /** Name of the entry. */
  operation: string
  /** Id of the caller, and of the account. */
  caller: string
  account: string
}

export type DoorOptions = {
  accounts: AccountsPort
  keys: KeysPort
  webhooks: WebhooksPort
  rules: Pick<Rules, 'file' | 'list'>
  uploads: Pick<Uploads, 'of'>
  control: Pick<ControlStore, 'requests' | 'outbox'>
  /** The policy of MCP clients whose key has none, and of those without a key. */
  mcpSends: Policy
  /** Makes the ids of messages. */
  ownIds: Pick<OwnIds, 'create'>
  /** How fast callers send. */
  pace: Pace
  /** The chats that MCP clients and keys without the scope `admin` do not see. */
  hideChats: readonly Jid[]
  audit: Pick<AuditLog, 'record' | 'list'>
  mediaLinks: MediaLinks
  clock: Clock
  /** The URL of the account's MCP endpoint; known once the server listens. */
  mcpUrl(account: string): string
  /** Called for each admission. Must not throw. */
  onAdmit(admission: Admission): void
}

const DEFAULT_LIMIT_MS = 2_000
/** Seconds until a retry, if the work continues after the response. */
const LATER_S = 10

/** Never aborted: for work that goes on after its client disconnects. */
const NEVER = new AbortController().signal

/** Creates the door of this process. */
export function createDoor({
  accounts,
  keys,
  webhooks,
  rules,
  uploads,
  control,
  mcpSends,
  ownIds,
  pace,
  hideChats,
  audit,
  mediaLinks,
  clock,
  mcpUrl,
  onAdmit,
}: DoorOptions): Door {
  const onceIn = createOnce(control, (account) => accounts.get(account).archive.reader())
  const mayUseAccount = ({ caller, account }: Call) => hasAccount(caller, account)

  /** Returns the account of the call, if the caller may use it. A path of the server, whose account is `default`, is for every caller. */
  function accountOf(call: Call, { isGlobal }: Pick<Way, 'isGlobal'> = {}): Account {
    const isOfServer = isGlobal && call.account === DEFAULT_ACCOUNT
    return isOfServer || mayUseAccount(call) ? accounts.get(call.account) : fail('account_not_found')
  }

  /** Adds what is wrong with the rules file, for callers with the scope `admin`. */
  function withRules(status: Status, { caller }: Call): Status {
    const problem = hasScope(caller, 'admin') ? rules.file().problem : null
    if (problem === null) return status
    const { line, reason } = problem
    return { ...status, rules_problem: `${line === null ? '' : `Line ${line}: `}${reason}.` }
  }

  function demandScope(way: Pick<Way, 'scope' | 'needs'>, { caller }: Call): void {
    if (!isAdmitted(caller, way)) fail('scope_missing', { facts: { scope: way.scope } })
  }

  function admit<S extends Scope, N extends Needs>(
    way: Way<S, N>,
    call: Call,
    about: About = (value) => value,
  ): Grant<S, N> {
    const { caller, face, client, requestId, canAsk, signal, gone = signal, patienceMs } = call
    const account = accountOf(call, way)
    demandScope(way, call)
    const needed = BY_NEEDS[way.needs](account, call)
    onAdmit({ operation: way.name, caller: caller.id, account: account.id, face, client, requestId, canAsk })
    const { session, archive } = account
    // Only reads end when their client disconnects: a change must not stop halfway, with an unknown outcome.
    const seen = seenOf(archive, sightOf(call, hideChats), way.scope === 'read' ? signal : NEVER, clock)
    const shown = (status: Status) => withRules(seen.status(status), call)
    const view = (one: AccountView) => ({ ...one, status: shown(one.status) })
    /** The same change, which returns the account as the caller sees it. */
    const viewed =
      <Args extends unknown[]>(change: (...args: Args) => Promise<AccountView>) =>
      async (...args: Args) =>
        view(await change(...args))
    const readings: Readings = {
      caller,
      face,
      requestId,
      signal,
      gone,
      ...(patienceMs === undefined ? {} : { patienceMs }),
      clock,
      account: account.id,
      accounts: {
        list: () =>
          accounts
            .list()
            .filter(({ id }) => hasAccount(caller, id))
            .map(view),
        view: (id) => view(accounts.view(id)),
      },
      mcpUrl: mcpUrl(account.id),
      status: () => shown(session.status()),
      abilities: (of = account.id) => accountOf({ ...call, account: of }).session.abilities(),
      onStatus: session.onChange,
      reader: seen.reader,
      export: seen.export,
      fill: seen.fill,
      isListed: seen.isListed,
      staleSince: archive.staleSince,
      events: seen.events,
      media: seen.media,
      pictures: seen.pictures,
      numbers: archive.numbers,
      seesAll: seen.seesAll,
      seesNew: seen.seesNew,
      demandSeen: seen.demandSeen,
      demandVisible: (to) => demandVisible(to, archive, seen),
      mediaLinks,
    }
    const sends = sendsOf(call, mcpSends)
    const sending = createSending({ sends, reader: seen.reader, isListed: listedBy(archive) })
    const server = {
      accounts: {
        ...accounts,
        ...readings.accounts,
        add: viewed(accounts.add),
        change: viewed(accounts.change),
        stop: viewed(accounts.stop),
        restart: viewed(accounts.restart),
      },
      keys,
      webhooks,
      rules,
      control,
      pace,
      audit,
      ownIds,
      uploads: uploads.of(caller.id),
      call,
      about,
      sends,
      sending,
    }
    // Other people see what these scopes do, so the policy for sends applies.
    const isActing = way.scope === 'send' || way.scope === 'manage'
    const limited = isActing && 'engine' in needed ? { engine: sending.limit(needed.engine) } : {}
    return Object.assign(readings, BY_SCOPE[way.scope](account, server, seen), needed, limited)
  }

  const once: Once = async (operation, input, call, work) => {
    demandScope(operation, call)
    // The account of a repeated removal is gone.
    if (operation.removesAccount !== true) accountOf(call, operation)
    const isReader = hasScope(call.caller, 'read')
    try {
      const output = await onceIn(operation, input, call, work)
      return isReader ? output : withoutUnsentNames(output)
    } catch (error) {
      throw error instanceof AppError && !isReader ? withoutReading(error) : error
    }
  }

  function audited<T>(way: Row | Audited, call: Call, work: (about: About) => Promise<T>): Promise<T> {
    return 'gives' in way && !isAudited(way) ? work((value) => value) : audit.record(way, call, work)
  }

  return {
    admit,
    async invoke(operation, rawInput, call) {
      const { card } = operation
      if (card !== undefined && !(hasScope(call.caller, operation.scope) && mayUseAccount(call)))
        return operation.output.parse(card(mcpUrl(call.account)))
      return audited(operation, call, async (about) => {
        about(rawInput)
        // A caller without the scope learns nothing of its input.
        demandScope(operation, call)
        const input = parseInput(operation.input, rawInput)
        return once(operation, input, call, async () => run(operation, input, admit(operation, call, about)))
      })
    },
    enter: (row, rawInput, call, work) =>
      audited(row, call, async (about) => {
        about(rawInput)
        demandScope(row, call)
        const granted = admit(row, call, about)
        return explained(granted, async () => work(parseInput(row.input, rawInput), granted))
      }),
    audited,
    holds: (call) => ['known', 'confirm'].includes(sendsOf(call, mcpSends).policy),
    once,
    stateFor(call) {
      if (!hasScope(call.caller, 'read')) return null
      try {
        return accountOf(call).session.status().state
      } catch {
        // The error of the call is what counts.
        return null
      }
    },
  }
}

/**
 * Runs the operation within its time limit and checks the output. Nothing else calls a row's `run`.
 * @param granted from {@link Door.admit}, for this row or for one with the same rights
 * @throws AppError the row's own codes; after the time limit the row's `lateCode`, or else that of `Operation.lateCode`
 */
export async function run<In extends z.ZodType, Out extends z.ZodType, S extends Scope, N extends Needs>(
  operation: Operation<In, Out, S, N>,
  input: z.output<In>,
  granted: Grant<S, N>,
): Promise<z.output<Out>> {
  const limit = operation.limitMs ?? DEFAULT_LIMIT_MS
  try {
    const work = explained(granted, async () => operation.run(input, granted))
    const output = await withDeadline(granted.clock, operation.title, limit, work)
    return operation.output.parse(output)
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    if (operation.lateCode !== undefined) fail(operation.lateCode, { cause: error, retryAfterS: LATER_S })
    return fail(lateCodeOf(operation), { cause: error })
  }
}

/** See {@link Operation.lateCode}. A change that does not use WhatsApp Web cannot have waited for it. */
function lateCodeOf({ effect, uses = [] }: Pick<Operation, 'effect' | 'uses'>): ErrorCode {
  if (effect === 'send') return 'send_outcome_unknown'
  return effect === 'read' || uses.length > 0 ? 'whatsapp_timeout' : 'outcome_unknown'
}

/** The errors for what the archive may lack only because WhatsApp Web has not listed it yet. */
const PERHAPS_UNLISTED: readonly ErrorCode[] = ['chat_not_found', 'contact_not_found', 'message_not_found']

/** Runs `work`. While WhatsApp Web has not listed every chat, an error of {@link PERHAPS_UNLISTED} becomes `starting`. */
async function explained<T>({ isListed }: Pick<Seen, 'isListed'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AppError && PERHAPS_UNLISTED.includes(error.code)) || isListed()) throw error
    return fail('starting', {
      detail: 'WhatsApp Web is still listing the chats, and this one is not among those so far.',
      hint: 'Retry in a few seconds.',
      retryAfterS: 2,
      cause: error,
    })
  }
}
