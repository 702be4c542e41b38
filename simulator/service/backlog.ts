/** The data that a page receives when it starts or reconnects: the world in pieces, and what it missed. */
import type { Piece, Push } from '../wire.ts'
import type { WorldMessage } from '../world-types.ts'
import type { Account, Device } from './accounts.ts'
import type { Context, Session } from './context.ts'
import { fieldOf } from './faults.ts'
import { dropWaiting, sendWaiting } from './telling.ts'
import { knownPeople, toWireChat, toWireGroup, toWireMessage } from './wire-forms.ts'

/** Entries per frame: few enough that neither side is blocked for long. */
const perPiece = { people: 1000, groups: 100, chats: 250, messages: 250 }

/** Missed messages that arrive as events after the device's start; the others arrive silently. */
export function lateOf(context: Context, account: Account, device: Device): WorldMessage[] {
  const value = context.faults.get('backlog_late')
  if (!value) return []
  const given = fieldOf(value, 'share')
  const share = typeof given === 'number' ? given : 1
  return account.messages
    .missedBy(device.id)
    .filter((_message, index) => Math.floor((index + 1) * share) > Math.floor(index * share))
}

/**
 * Sends the world to `session`. `isResume`: the same page has reconnected, so changes arrive as events, and
 * the late part of the backlog at once; a new page requests that part when it is ready.
 */
export async function giveWorld(
  context: Context,
  session: Session,
  { account, device }: { account: Account; device: Device },
  isResume: boolean,
): Promise<void> {
  session.live = true
  session.held = []
  session.late = lateOf(context, account, device).map((message) => message.id)
  const late = new Set(isResume ? [] : session.late)
  if (isResume) {
    giveLate(session, { account, device })
    session.held = []
    sendWaiting(context, session, device.id)
  } else dropWaiting(context, device.id)
  // New events wait until all is sent: a chat updated too early would be in the wrong order.
  const notYet = () => [
    ...late,
    ...(session.held ?? []).map((push) => (push.push === 'message' ? push.message.id : '')),
  ]
  for (const piece of piecesOf(account, device, notYet)) {
    if (!context.sessions.has(session)) return
    session.send({ push: 'piece', piece })
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (session.late.length === 0) release(session)
}

/** Sends a new event to this page; it waits while older data is being sent. */
export function pushNew(session: Session, push: Push): void {
  if (session.held === null) session.send(push)
  else session.held.push(push)
}

function release(session: Session): void {
  const held = session.held ?? []
  session.held = null
  for (const push of held) session.send(push)
}

/** Sends the chats of a world that has just grown to a running page. */
export async function giveNewChats(
  context: Context,
  session: Session,
  { account, device }: { account: Account; device: Device },
): Promise<void> {
  for (const piece of piecesOf(account, device, () => [])) {
    if (!context.sessions.has(session)) return
    session.send({ push: 'piece', piece })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Sends the late part of the backlog, in order, as new messages. */
export function giveLate(session: Session, { account, device }: { account: Account; device: Device }): void {
  const { late } = session
  session.late = []
  for (const id of late) {
    const message = account.messages.get(id)
    if (message) session.send({ push: 'message', message: toWireMessage(account, device, message) })
  }
  release(session)
}

/** Created one by one from the current data: changes in between arrive as separate pushes. */
function* piecesOf(account: Account, device: Device, notYet: () => readonly string[]): Generator<Piece> {
  for (const people of slices(knownPeople(account), perPiece.people)) yield { people }
  // Of a group that the account never was in, pages know nothing.
  const known = account.groups.values().filter(({ id, left }) => !left || account.chats.has(id))
  for (const groups of slices(known, perPiece.groups)) {
    yield { groups: groups.map((group) => toWireGroup(account, group)) }
  }
  const channels = account.channels.values().filter(({ foreign }) => !foreign)
  if (channels.length > 0) yield { channels }
  const labels = account.labels.values()
  if (labels.length > 0) yield { labels }
  const late = new Set(notYet())
  const missed = account.messages.missedBy(device.id).filter((message) => !late.has(message.id))
  for (const messages of slices(missed, perPiece.messages)) {
    yield { backlog: messages.map((message) => toWireMessage(account, device, message)) }
  }
  for (const ids of slices(
    account.chats.values().map((chat) => chat.id),
    perPiece.chats,
  )) {
    const lateIn = new Map<string, Set<string>>()
    for (const id of notYet()) {
      const chat = account.messages.get(id)?.chat ?? ''
      lateIn.set(chat, (lateIn.get(chat) ?? new Set()).add(id))
    }
    const chats = ids
      .map((id) => account.chats.get(id))
      .filter((chat) => chat !== undefined)
      .map((chat) => {
        const without = lateIn.get(chat.id) ?? new Set<string>()
        const unreadCount =
          chat.unreadCount > 0 ? Math.max(0, chat.unreadCount - without.size) : chat.unreadCount
        return { ...toWireChat(account, device, chat, without), unreadCount }
      })
      // A chat that has only late messages does not exist before them.
      .filter((chat) => chat.last !== null || !lateIn.has(chat.id))
    yield { chats }
  }
}

function* slices<T>(list: T[], size: number): Generator<T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size)
}
