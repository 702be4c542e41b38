/** All messages of one account, by chat and in order: cheap to append to, to page through and to look up. */
import type { WorldMessage } from '../world-types.ts'
import type { Device } from './accounts.ts'
import {
  countUntil,
  type History,
  historyId,
  historyMessage,
  historyTime,
  parseHistoryId,
} from './histories.ts'
import type { StoredMap } from './store.ts'

/** The position to continue from: the message with this id, or, if it is deleted, its time. */
export type Anchor = { id: string; t: number }

export type MessageLog = {
  /** By its bare id, or by its id in pages after it was deleted for everyone. */
  get(id: string): WorldMessage | undefined
  /** Stores a new message, or a changed one; `chat` and `t` of an existing one stay. */
  put(message: WorldMessage): void
  remove(id: string): void
  /** All messages, or those of one chat, oldest first; within one second in order of arrival. */
  all(chat?: string): WorldMessage[]
  /** At most `count` messages before the anchor (null: the newest), oldest first; `[]` at the end. */
  earlier(chat: string, before: Anchor | null, count: number): WorldMessage[]
  last(chat: string): WorldMessage | undefined
  count(chat?: string): number
  /** Messages that this device's page has not confirmed, oldest first. */
  missedBy(deviceId: string): WorldMessage[]
  /** The page of this device has confirmed them. */
  confirm(deviceId: string, ids: string[]): void
  /** A new device receives all existing messages when it is linked. */
  giveAll(deviceId: string): void
  /** Messages with a lifetime. */
  mortal(): WorldMessage[]
  addHistories(histories: History[]): void
  /** Number of histories so far. */
  readonly histories: number
  /** Moves the chat to another address; its messages keep the old one in their keys. */
  moveChat(from: string, to: string): void
  removeChat(chat: string): void
}

type Parts = {
  /** The account's own phone number. */
  me: string
  devices: StoredMap<Device>
  /** Written messages, and generated ones that changed. */
  kept: StoredMap<WorldMessage>
  histories: StoredMap<History>
  /** Ids of generated messages that were deleted. */
  gone: StoredMap<string>
}

/** Opens the log on the contents of the store. */
export function openMessageLog({ me, devices, kept, histories, gone }: Parts): MessageLog {
  const written = new Map<string, WorldMessage[]>()
  const byChat = new Map<string, History>()
  const byOrdinal = new Map<number, History>()
  const goneIn = new Map<string, number>()
  const aliases = new Map<string, string>()
  const missed = new Map<string, Map<string, WorldMessage>>()
  const mortals = new Set<string>()

  const listOf = (chat: string): WorldMessage[] => {
    const found = written.get(chat)
    if (found) return found
    const list: WorldMessage[] = []
    written.set(chat, list)
    return list
  }
  const placeOf = (id: string): { history: History; position: number } | undefined => {
    const named = parseHistoryId(id)
    const history = named && byOrdinal.get(named.ordinal)
    if (!named || !history || named.position >= history.count) return undefined
    return historyId(history, named.position) === id ? { history, position: named.position } : undefined
  }
  const note = (message: WorldMessage): void => {
    if (message.revokedAs !== undefined) aliases.set(message.revokedAs, message.id)
    const isMortal = message.ephemeralDuration !== undefined || message.chat === 'status@broadcast'
    if (isMortal) mortals.add(message.id)
    for (const [deviceId, has] of Object.entries(message.deliveredTo)) {
      const open = missed.get(deviceId)
      if (has) open?.delete(message.id)
      else if (open) open.set(message.id, message)
      else missed.set(deviceId, new Map([[message.id, message]]))
    }
  }
  const insert = (message: WorldMessage): void => {
    const list = listOf(message.chat)
    list.splice(upperBound(list, message.t), 0, message)
  }
  /** The generated message in its current state; undefined if it was deleted. */
  const made = (history: History, position: number): WorldMessage | undefined => {
    const id = historyId(history, position)
    if (gone.has(id)) return undefined
    const changed = kept.get(id)
    if (changed) return changed
    const message: WorldMessage = { ...historyMessage(history, position, me), deliveredTo: {} }
    for (const device of devices.values()) message.deliveredTo[device.id] = true
    return message
  }
  const get = (id: string): WorldMessage | undefined => {
    const known = kept.get(aliases.get(id) ?? id)
    if (known) return known
    const place = placeOf(id)
    return place && made(place.history, place.position)
  }
  const learn = (history: History): void => {
    byChat.set(history.chat, history)
    byOrdinal.set(history.ordinal, history)
  }
  const forget = (message: WorldMessage): void => {
    kept.delete(message.id)
    mortals.delete(message.id)
    for (const open of missed.values()) open.delete(message.id)
  }

  for (const history of histories.values()) learn(history)
  for (const id of gone.values()) {
    const chat = placeOf(id)?.history.chat
    if (chat !== undefined) goneIn.set(chat, (goneIn.get(chat) ?? 0) + 1)
  }
  for (const message of kept.values()) {
    if (!placeOf(message.id)) listOf(message.chat).push(message)
    note(message)
  }
  for (const list of written.values()) list.sort((a, b) => a.t - b.t)

  const countOf = (chat: string): number =>
    (byChat.get(chat)?.count ?? 0) - (goneIn.get(chat) ?? 0) + (written.get(chat)?.length ?? 0)
  const chats = (): Set<string> => new Set([...byChat.keys(), ...written.keys()])

  /**
   * The exclusive ends of both halves before the anchor. Within one second, generated messages come first.
   */
  const endsBefore = (chat: string, before: Anchor | null): { ofWritten: number; ofMade: number } => {
    const list = written.get(chat) ?? []
    const history = byChat.get(chat)
    if (before === null) return { ofWritten: list.length, ofMade: history?.count ?? 0 }
    const id = aliases.get(before.id) ?? before.id
    const place = placeOf(id)
    if (place && place.history === history) {
      return { ofWritten: lowerBound(list, historyTime(history, place.position)), ofMade: place.position }
    }
    const t = kept.get(id)?.t ?? before.t
    let ofWritten = lowerBound(list, t)
    while (list[ofWritten]?.t === t && list[ofWritten]?.id !== id) ofWritten += 1
    if (list[ofWritten]?.id !== id) ofWritten = lowerBound(list, t)
    return { ofWritten, ofMade: history ? countUntil(history, t) : 0 }
  }

  const earlier = (chat: string, before: Anchor | null, count: number): WorldMessage[] => {
    const list = written.get(chat) ?? []
    const history = byChat.get(chat)
    let { ofWritten, ofMade } = endsBefore(chat, before)
    const found: WorldMessage[] = []
    while (found.length < count && (ofWritten > 0 || ofMade > 0)) {
      const own = list[ofWritten - 1]
      const takesOwn = own && !(history && ofMade > 0 && historyTime(history, ofMade - 1) > own.t)
      if (takesOwn) {
        found.push(own)
        ofWritten -= 1
      } else {
        ofMade -= 1
        const old = history && made(history, ofMade)
        if (old) found.push(old)
      }
    }
    return found.reverse()
  }

  return {
    get,
    put(message) {
      const isNew = !kept.has(message.id) && !placeOf(message.id)
      kept.set(message.id, message)
      if (isNew) insert(message)
      note(message)
    },
    remove(id) {
      const message = get(id)
      if (!message) return
      if (placeOf(message.id)) {
        gone.set(message.id, message.id)
        goneIn.set(message.chat, (goneIn.get(message.chat) ?? 0) + 1)
      } else {
        const list = listOf(message.chat)
        const position = list.indexOf(message)
        if (position >= 0) list.splice(position, 1)
      }
      forget(message)
    },
    all(chat) {
      if (chat !== undefined) return earlier(chat, null, Number.POSITIVE_INFINITY)
      const everything: WorldMessage[] = []
      for (const id of chats())
        for (const m of earlier(id, null, Number.POSITIVE_INFINITY)) everything.push(m)
      return everything.sort((a, b) => a.t - b.t)
    },
    earlier,
    last: (chat) => earlier(chat, null, 1)[0],
    count(chat) {
      if (chat !== undefined) return countOf(chat)
      let sum = 0
      for (const id of chats()) sum += countOf(id)
      return sum
    },
    missedBy: (deviceId) => [...(missed.get(deviceId)?.values() ?? [])].sort((a, b) => a.t - b.t),
    confirm(deviceId, ids) {
      const confirmed: [string, WorldMessage][] = []
      for (const id of ids) {
        const message = kept.get(aliases.get(id) ?? id)
        if (!message || message.deliveredTo[deviceId]) continue
        message.deliveredTo[deviceId] = true
        missed.get(deviceId)?.delete(message.id)
        confirmed.push([message.id, message])
      }
      if (confirmed.length > 0) kept.setAll(confirmed)
    },
    giveAll(deviceId) {
      const all = kept.values()
      for (const message of all) message.deliveredTo[deviceId] = true
      missed.delete(deviceId)
      kept.setAll(all.map((message) => [message.id, message]))
    },
    mortal: () => [...mortals].map((id) => kept.get(id)).filter((message) => message !== undefined),
    addHistories(added) {
      histories.setAll(added.map((history) => [String(history.ordinal), history]))
      for (const history of added) learn(history)
    },
    get histories() {
      return histories.size
    },
    moveChat(from, to) {
      const moved = written.get(from) ?? []
      for (const message of moved) {
        message.addressedAs ??= from
        message.chat = to
      }
      kept.setAll(moved.map((message) => [message.id, message]))
      written.delete(from)
      for (const message of moved) insert(message)
      const history = byChat.get(from)
      if (!history) return
      for (const message of kept.values()) {
        if (message.chat !== from) continue
        Object.assign(message, { addressedAs: message.addressedAs ?? from, chat: to })
        kept.set(message.id, message)
      }
      byChat.delete(from)
      Object.assign(history, { addressedAs: history.addressedAs ?? from, chat: to })
      histories.set(String(history.ordinal), history)
      learn(history)
      goneIn.set(to, goneIn.get(from) ?? 0)
    },
    removeChat(chat) {
      for (const message of written.get(chat) ?? []) forget(message)
      written.delete(chat)
      const history = byChat.get(chat)
      if (!history) return
      for (const message of kept.values()) if (message.chat === chat) forget(message)
      byChat.delete(chat)
      byOrdinal.delete(history.ordinal)
      goneIn.delete(chat)
      // The record stays, empty: ordinals are never reused.
      histories.set(String(history.ordinal), { ...history, count: 0, chat: `gone/${history.ordinal}` })
    },
  }
}

/** The first position whose message is not older than `t`. */
function lowerBound(list: WorldMessage[], t: number): number {
  return bound(list, (message) => message.t < t)
}

/** The first position whose message is newer than `t`. */
function upperBound(list: WorldMessage[], t: number): number {
  return bound(list, (message) => message.t <= t)
}

function bound(list: WorldMessage[], isBefore: (message: WorldMessage) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const message = list[middle]
    if (message && isBefore(message)) low = middle + 1
    else high = middle
  }
  return low
}
