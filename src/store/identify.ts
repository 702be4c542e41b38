/** Records which person has which phone number, and moves what came by a number to the person who had it then. */
import type { Jid } from '../model/ids.ts'
import type { Chats } from './chats.ts'
import type { MoveMessages } from './doubles.ts'
import type { MergePeople } from './merge.ts'
import { type MessageRow, numberOf } from './message-row.ts'
import type { People, PersonRow } from './people.ts'
import { firstPositionOf, timeOf } from './position.ts'
import type { Connection } from './sqlite.ts'

/** `person`: who has both addresses. `chats`: whose messages changed. Null: nothing was new. */
export type Identified = { person: number; chats: number[] } | null

/**
 * From this time on (Unix milliseconds) the person with this LID has this phone number. Two LIDs are never one person: a number
 * that was somebody else's moves, with the messages that came by it since. Call within a transaction, in the order of time.
 * `keptMs`: messages up to then stay with the former person, and the number moves after the last of them.
 */
export type Identify = (phone: Jid, lid: Jid, atMs: number, keptMs?: number) => Identified

export function createIdentify(
  db: Connection,
  people: People,
  chats: Chats,
  move: MoveMessages,
  merge: MergePeople,
): Identify {
  const inChat = db.query<MessageRow>('SELECT * FROM messages WHERE chat = ? AND id >= ? AND by_phone = ?')
  // The index on senders holds people only, and is used only with this condition.
  const sentBy = db.query<MessageRow>(
    'SELECT * FROM messages WHERE sender = ? AND sender > 0 AND id >= ? AND by_phone = ?',
  )

  /**
   * Takes the number from this person. What came by it since then goes to the person that `next` returns. Returns the chats whose
   * messages changed.
   */
  function leave(from: PersonRow, phone: Jid, atMs: number, keptMs: number, next: () => number): number[] {
    const old = chats.byPerson(from.id)
    const cameSince = (ms: number) => {
      const bounds = [firstPositionOf(Math.ceil(ms / 1000)), digitsOf(phone)] as const
      const ofChat = old === undefined ? [] : inChat.all(old.id, ...bounds)
      const inGroups = sentBy.all(from.id, ...bounds).filter(({ chat }) => chat !== old?.id)
      return { ofChat, inGroups }
    }
    const came = cameSince(atMs)
    const keptAt = [...came.ofChat, ...came.inGroups]
      .map(({ id }) => timeOf(id) * 1000)
      .filter((ms) => ms <= keptMs)
    // A position tells only the second of a message, so the number moves in the second after the last kept one.
    const leavesMs = keptAt.reduce((latest, ms) => Math.max(latest, ms + 1000), atMs)
    const { ofChat, inGroups } = cameSince(people.losePhone(from.id, phone, leavesMs))
    if (ofChat.length + inGroups.length === 0) return []
    const into = next()
    const met = [...move(inGroups, ({ chat }) => ({ chat, sender: into }))]
    met.forEach(chats.refreshLast)
    if (old === undefined || ofChat.length === 0) return met
    const chat = chats.byPerson(into)?.id ?? chats.insert('direct', { person: into })
    move(ofChat, ({ sender }) => ({ chat, sender: sender === from.id ? into : sender }))
    for (const { id, standing } of ofChat)
      if (standing !== numberOf('notice')) chats.noteMessage(chat, id, timeOf(id))
    for (const id of [old.id, chat]) chats.refreshLast(id)
    return [...met, old.id, chat]
  }

  return (phone, lid, atMs, keptMs = 0) => {
    const holder = people.find(phone)
    const owner = people.find(lid)
    if (owner !== undefined && owner.id === holder?.id) return null
    const changed: number[] = []
    const { phone: former = null } = owner ?? {}
    if (owner !== undefined && former !== null)
      changed.push(...leave(owner, former, atMs, keptMs, () => people.idOf(former)))
    if (holder !== undefined && holder.lid === null) {
      // The row of the number alone is this person.
      if (owner === undefined) people.setLid(holder.id, lid)
      else changed.push(...merge(holder.id, owner.id))
    }
    const person = people.idOf(lid)
    if (holder !== undefined && holder.lid !== null)
      changed.push(...leave(holder, phone, atMs, keptMs, () => person))
    people.takePhone(person, phone)
    return { person, chats: changed }
  }
}

/** The column `by_phone`: null for a LID or no address. */
export function digitsOf(address: Jid | null): number | null {
  return address?.endsWith('@c.us') ? Number.parseInt(address, 10) : null
}
