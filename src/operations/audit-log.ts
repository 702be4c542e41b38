/** Notes calls for the audit log, and writes them in batches, so that no call waits for the disk. */
import type { Clock } from '../clock.ts'
import type { AuditFilter, AuditRow, ControlStore } from '../control.ts'
import { ERRORS, type ErrorCode, toAppError } from '../errors.ts'
import { DONE } from '../model/audit.ts'
import { accountIdInput, type Jid, parseMessageKey, readAddress } from '../model/ids.ts'
import type { Call, Scope } from './call.ts'

/** How long a call may wait in memory. A process that is killed loses it. */
const BATCH_MS = 1_000
/** What waits in memory at most, while the database cannot be written. */
const MOST_WAITING = 10_000
const PRUNE_MS = 3_600_000
const DAY_MS = 86_400_000

/** What was refused because of who asked. */
const DENIED: ReadonlySet<ErrorCode> = new Set([
  'scope_missing',
  'account_not_found',
  'recipient_not_allowed',
  'action_refused',
  'change_refused',
  'own_send',
  'sends_too_fast',
])

/** What the log says of an entry, which is a row or another way to reach an account. */
export type Audited = { name: string; scope: Scope; isGlobal?: true }
/** Takes an input or an output: the log says which chat and account it names, and nothing else of it. Returns it. */
export type About = <T>(value: T) => T

export type AuditLog = {
  /** Runs `work` and notes its outcome. Costs no wait, and never changes the outcome. */
  record<T>(way: Audited, call: Call, work: (about: About) => Promise<T>): Promise<T>
  /** Returns what was noted until now. Fails as the control database. */
  list(which: AuditFilter): ReturnType<ControlStore['audit']['list']>
  /** Writes what waits. Never rejects. */
  close(): Promise<void>
}

export type AuditOptions = {
  control: ControlStore['audit']
  /** Days that rows are kept. */
  days: number
  clock: Clock
  /** Called once if rows cannot be written: they are tried again. `lost`: number of rows that were dropped. Must not throw. */
  onFailure(error: unknown, lost: number): void
}

/** Returns the audit log of this process. */
export function createAuditLog({ control, days, clock, onFailure }: AuditOptions): AuditLog {
  const waiting: AuditRow[] = []
  let cancel: (() => void) | null = null
  let prunedAt = Number.NEGATIVE_INFINITY
  let isFailing = false
  let writing: Promise<unknown> = Promise.resolve()

  function note(row: AuditRow): void {
    waiting.push(row)
    cancel ??= clock.after(BATCH_MS, () => void flush().catch(() => {}))
  }

  /** Writes what waits, one batch after the other. */
  function flush(): Promise<void> {
    cancel?.()
    cancel = null
    const next = writing.then(write, write)
    writing = next
    return next
  }

  async function write(): Promise<void> {
    const rows = waiting.splice(0)
    if (rows.length === 0) return
    try {
      await control.add(rows)
      isFailing = false
    } catch (error) {
      waiting.unshift(...rows)
      const lost = waiting.splice(0, waiting.length - MOST_WAITING).length
      if (!isFailing || lost > 0) onFailure(error, lost)
      isFailing = true
      throw error
    }
    if (clock.now() - prunedAt < PRUNE_MS) return
    prunedAt = clock.now()
    await control.prune(prunedAt - days * DAY_MS).catch((error) => onFailure(error, 0))
  }

  return {
    async record({ name, scope, isGlobal }, call, work) {
      const atMs = clock.now()
      let place: Place = {
        chat: null,
        listed: new Set(),
        account: isGlobal ? null : toAccount(call.account),
        ends: [],
      }
      const about: About = (value) => {
        place = placeOf(value, scope, place)
        return value
      }
      /** Takes an output, or the facts of an error. Only these have results. */
      const answered: About = (value) => {
        place = placeOf(value, scope, place, resultsIn(value))
        return value
      }
      const end = (code: ErrorCode | null) => {
        const { chat, listed, account, ends } = place
        const chats = new Set([...(chat === null ? [] : [chat]), ...listed])
        for (const one of chats.size === 0 ? [null] : chats) {
          const own = ends.filter((message) => (message.chat ?? one) === one).map((message) => message.code)
          for (const said of saidOf(own.length === 0 ? [code] : own))
            note({
              atMs,
              caller: call.caller.id,
              face: call.face,
              client: call.client,
              operation: name,
              account,
              chat: one,
              ...said,
            })
        }
      }
      try {
        const result = answered(await work(about))
        end(null)
        return result
      } catch (thrown) {
        const { code, facts } = toAppError(thrown)
        answered(facts)
        end(code)
        throw thrown
      }
    },
    async list(which) {
      await flush()
      return control.list(which)
    },
    async close() {
      await flush().catch(() => {})
    },
  }
}

/** Returns what the log says of a call with these errors, each once. */
function saidOf(codes: readonly (ErrorCode | null)[]): Pick<AuditRow, 'decision' | 'outcome'>[] {
  const all = codes.map((code) => ({
    decision:
      code === 'held_for_approval'
        ? ('held' as const)
        : code !== null && DENIED.has(code)
          ? ('denied' as const)
          : ('allowed' as const),
    outcome: code === null || ERRORS[code].status < 400 ? DONE : code,
  }))
  const said = all.map(({ decision, outcome }) => `${decision} ${outcome}`)
  return all.filter((_, index) => said.indexOf(said[index] ?? '') === index)
}

/**
 * `listed`: the chats of a list: the call leaves a row for each. `ends`: what became of each of several messages; `chat`: null if
 * the call has one chat.
 */
type Place = {
  chat: Jid | null
  listed: ReadonlySet<Jid>
  account: string | null
  ends: readonly { chat: Jid | null; code: ErrorCode | null }[]
}

/** The fields that name a chat by id or number. In operations that link, a number is the account's own. */
const CHAT_FIELDS = ['chat_id', 'group_id', 'message_id', 'chat', 'contact_id', 'phone_number', 'id']
/** The fields that list chats by id or number. */
const LIST_FIELDS = ['chat_ids', 'chats']
/** No call is about more chats; more is an input that is refused. */
const MOST_CHATS = 100

/** Adds what the value and its results name to what is known. Names of chats are not logged: people choose them. */
function placeOf(value: unknown, scope: Scope, known: Place, results: readonly unknown[] = []): Place {
  if (typeof value !== 'object' || value === null) return known
  const fields: Record<string, unknown> = Object(value)
  const item: Record<string, unknown> = Object(fields.item)
  const listed = scope === 'admin' ? [] : listedIn(fields, results)
  return {
    chat: known.chat ?? chatIn(fields, item, scope),
    listed: listed.length === 0 ? known.listed : new Set([...known.listed, ...listed]),
    account: known.account ?? toAccount(fields.account) ?? toAccount(item.account),
    ends: results.length === 0 ? known.ends : [...known.ends, ...endsIn(results)],
  }
}

function chatIn(fields: Record<string, unknown>, item: Record<string, unknown>, scope: Scope): Jid | null {
  const named = scope === 'admin' ? [] : [...CHAT_FIELDS.map((name) => fields[name]), Object(fields.chat).id]
  for (const one of [...named, Object(item.chat).id ?? item.chat]) {
    const chat = toChat(one)
    if (chat !== null) return chat
  }
  return null
}

function resultsIn(value: unknown): readonly unknown[] {
  const { results } = Object(value)
  return Array.isArray(results) ? results : []
}

/** Returns the outcome of each message. The result of a group member is not one of a message. */
function endsIn(results: readonly unknown[]): Place['ends'] {
  return results
    .filter((one) => 'ok' in Object(one) && !('member' in Object(one)))
    .map((one) => {
      const { id, chat, code } = Object(one)
      return { chat: toChat(id ?? chat), code: isCode(code) ? code : null }
    })
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code)
}

/** Returns the chats that an input lists, and those of results, which have the ids of chats that the input names. */
function listedIn(fields: Record<string, unknown>, results: readonly unknown[]): Jid[] {
  const found = results.filter((one) => 'chat' in Object(one)).map((one) => Object(one).id)
  return [...LIST_FIELDS.flatMap((name) => fields[name]), ...found]
    .slice(0, MOST_CHATS)
    .map(toChat)
    .filter((chat) => chat !== null)
}

/** A caller can send any text, of any length: only an id gets into the log. */
function toAccount(value: unknown): string | null {
  if (typeof value !== 'string') return null
  return accountIdInput.safeParse(value).data ?? null
}

function toChat(value: unknown): Jid | null {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || text.length > 256) return null
  return parseMessageKey(text)?.chat ?? readAddress(text)
}
