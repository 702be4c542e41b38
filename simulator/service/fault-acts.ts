/** What the service does when a fault is switched on or off. */
import type { IqError } from '../wire.ts'
import type { WorldMessage } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { type Context, type Session, sessionsOf } from './context.ts'
import { type FaultName, fieldOf, isPageFault } from './faults.ts'
import { removeDevice } from './links.ts'
import type { Anchor } from './message-log.ts'
import { RefusedQuestion } from './refused.ts'

/** How long a page (which may be frozen) is waited for. */
const noteMs = 1000

/**
 * Applies a change of the fault `name`; resolves when the pages know it. `cutAll` closes every connection of
 * the host.
 */
export async function actOnFault(
  context: Context,
  cutAll: () => void,
  name: FaultName,
  value: unknown,
  before: unknown,
): Promise<void> {
  const isOn = value !== false
  const noted = isPageFault(name)
    ? [...context.sessions].map((session) => tellPage(context, session, name, value))
    : []
  if (isOn && name === 'offline') cutAll()
  if (isOn && name === 'half_open') {
    for (const session of context.sessions) session.isDeaf = true
  }
  if (isOn && name === 'qr_idle') {
    for (const session of context.sessions) goIdle(session)
  }
  if (isOn && name === 'conflict') {
    for (const session of [...context.sessions]) replace(session)
  }
  if (isOn && name === 'unpaired_without_navigation') {
    const account = context.accounts.current()
    for (const device of account.devices.values()) removeDevice(context, account, device.id, false)
  }
  if (!isOn && name === 'earlier_messages' && typeof fieldOf(before, 'transfer') === 'number') {
    const only = fieldOf(before, 'chat')
    const chat = typeof only === 'string' ? only : null
    for (const session of context.sessions) session.send({ push: 'transfer', chat, transfer: 1 })
  }
  context.changed()
  await Promise.all(noted)
}

function tellPage(context: Context, session: Session, name: FaultName, value: unknown): Promise<void> {
  context.pushed += 1
  const n = context.pushed
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      context.unnoted.delete(n)
      resolve()
    }
    const timer = setTimeout(done, noteMs)
    context.unnoted.set(n, done)
    session.send({ push: 'fault', name, value, n })
  })
}

/** Another browser has taken over this session. */
export function replace(session: Session): void {
  if (!session.link) return
  session.send({ push: 'replaced' })
  session.link = null
  session.live = false
}

/** Fault `conflict` with `again`: every connection is replaced as soon as it is synced. */
export function replaceAgain(context: Context, session: Session): void {
  if (fieldOf(context.faults.get('conflict'), 'again') === true) setImmediate(() => replace(session))
}

function goIdle(session: Session): void {
  if (!session.linking || session.linking.ref === null) return
  session.linking.stop()
  session.linking.ref = null
  session.send({ push: 'idle' })
}

/** True if another connection of the same device is open. The new one replaces it. */
export function replaceOthers(context: Context, session: Session): void {
  if (!session.link) return
  const { account, device } = session.link
  for (const other of sessionsOf(context, account, device.id)) {
    if (other !== session) replace(other)
  }
}

/** Fault `group_metadata`: the error to return, a late approval (null), or no response ever. */
export async function breakGroup(context: Context, id: string): Promise<IqError | null> {
  const value = context.faults.get('group_metadata')
  const only = fieldOf(value, 'id')
  if (!value || (only !== undefined && only !== id)) return null
  const mode = fieldOf(value, 'mode') ?? 'rejects'
  if (mode === 'hangs') return new Promise(() => {})
  const delayMs = Number(fieldOf(value, 'delayMs') ?? 0)
  await new Promise((resolve) => setTimeout(resolve, delayMs).unref())
  return mode === 'slow'
    ? null
    : { name: 'IQErrorInternalServerError', code: 500, text: 'internal-server-error' }
}

/** Fault `group_metadata_takes`: waits for its turn, then for the duration of one group. */
export async function takeTurn(context: Context): Promise<void> {
  const value = context.faults.get('group_metadata_takes')
  if (!value) return
  const { groupQueue } = context
  const ms = numberIn(value, 'ms', 50)
  if (groupQueue.running >= numberIn(value, 'atOnce', Number.POSITIVE_INFINITY)) {
    await new Promise<void>((resolve) => groupQueue.next.push(resolve))
  }
  groupQueue.running += 1
  await pause(ms)
  groupQueue.running -= 1
  groupQueue.next.shift()?.()
}

/** Messages before the anchor, changed by the fault `earlier_messages`. Rejects, or never resolves. */
export async function breakEarlier(
  context: Context,
  account: Account,
  chat: string,
  before: Anchor | null,
  count: number,
): Promise<WorldMessage[]> {
  const value = context.faults.get('earlier_messages')
  const only = fieldOf(value, 'chat')
  if (!value || (only !== undefined && only !== chat)) return account.messages.earlier(chat, before, count)
  const mode = fieldOf(value, 'mode') ?? 'slow'
  if (mode === 'hangs') return new Promise(() => {})
  if (mode === 'rejects') throw new RefusedQuestion('loadEarlierMsgs: the database is gone')
  if (mode === 'slow') await pause(numberIn(value, 'delayMs', 1000))
  const found = account.messages.earlier(chat, before, count)
  if (mode === 'overlaps' && before !== null && found.length > 0) {
    const newest = account.messages.earlier(chat, null, numberIn(value, 'by', 5))
    return [...found, ...newest.filter((message) => !found.includes(message))]
  }
  if (mode !== 'incomplete') return found
  const kept = new Set(account.messages.earlier(chat, null, numberIn(value, 'keep', 50)).map(({ id }) => id))
  return found.filter((message) => kept.has(message.id))
}

/**
 * How much of a chat's history the phone has transferred (`EndOfHistoryTransferType`): all (1), unless the fault
 * `earlier_messages` with `incomplete` says something else, or nothing (null). Nothing of channels: the phone transfers none.
 */
export function transferOf(context: Context, chat: string): number | null {
  if (chat.endsWith('@newsletter')) return null
  const value = context.faults.get('earlier_messages')
  const only = fieldOf(value, 'chat')
  if (fieldOf(value, 'mode') !== 'incomplete' || (only !== undefined && only !== chat)) return 1
  const transfer = fieldOf(value, 'transfer')
  return typeof transfer === 'number' ? transfer : null
}

function numberIn(value: unknown, field: string, otherwise: number): number {
  const given = fieldOf(value, field)
  return typeof given === 'number' ? given : otherwise
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
