/** Maps WhatsApp's addresses to the archive's ids: one person and one chat, by phone number or by LID. */
import { chatKindOf, type Jid } from '../model/ids.ts'
import { ME } from '../store/people.ts'
import type { Store } from '../store/store.ts'

export type IdentityResolver = {
  /**
   * Returns the chat that had this address at that time (Unix seconds; omitted: that has it now), creating it if it is new; null for
   * an address that is not a chat's.
   */
  chatId(jid: Jid, at?: number): number | null
  /** The same, or null if nobody is known to have had the address then. */
  knownChat(jid: Jid, at?: number): number | null
  /** Returns the chat at this address, or null. */
  findChat(jid: Jid): number | null
  /** The same for an address that a client gives: also for a number that WhatsApp answers with another address (`People.setAlias`). */
  chatFor(jid: Jid): number | null
  /** Returns the chats that have or had this address, the present one first. */
  findChats(jid: Jid): number[]
  /** Returns the person of a direct chat; ME for the chat with oneself; null for another kind of chat. */
  personOf(chat: number): number | null
  /** Returns the person who wrote from this address at that time (Unix seconds); all addresses of this account are one person. */
  senderId(jid: Jid, at: number): number
  /** Returns everyone who writes or wrote from this address. */
  senderIds(jid: Jid): number[]
  /** True if they may be one person: of the address' person only the number is known, and of the other only the LID, or vice versa. */
  mayBe(jid: Jid, person: number): boolean
}

/** @param own this account's addresses: phone number, and LID if known */
export function createIdentityResolver(
  { people, chats }: Store,
  own: () => ReadonlySet<Jid>,
): IdentityResolver {
  function findChat(jid: Jid): number | null {
    if (chatKindOf(jid) !== 'direct') return chats.byJid(jid)?.id ?? null
    // Both addresses of this account are checked, whichever its chat was first seen under.
    for (const address of own().has(jid) ? own() : [jid]) {
      const person = people.find(address)
      const chat = person && chats.byPerson(person.id)
      if (chat !== undefined) return chat.id
    }
    return null
  }
  function knownChat(jid: Jid, at?: number): number | null {
    if (chatKindOf(jid) !== 'direct' || own().has(jid) || at === undefined) return findChat(jid)
    const person = people.at(jid, at * 1000)
    return person === undefined ? null : (chats.byPerson(person)?.id ?? chats.insert('direct', { person }))
  }

  return {
    findChat,
    chatFor(jid) {
      const alias = people.aliasOf(jid)
      return findChat(jid) ?? (alias === null ? null : findChat(alias))
    },
    findChats(jid) {
      const now = findChat(jid) ?? []
      const others = people.everyoneAt(jid).map((person) => chats.byPerson(person)?.id ?? [])
      return [...new Set([now, ...others].flat())]
    },
    chatId(jid, at) {
      const kind = chatKindOf(jid)
      if (kind === null) return null
      return (
        knownChat(jid, at) ??
        findChat(jid) ??
        chats.insert(kind, kind === 'direct' ? { person: people.idOf(jid) } : { jid })
      )
    },
    knownChat,
    personOf(chat) {
      const row = chats.get(chat)
      if (row === undefined || row.person === null) return null
      const address = chats.addressOf(chat)
      return address !== null && own().has(address) ? ME : row.person
    },
    senderId: (jid, at) => (own().has(jid) ? ME : (people.at(jid, at * 1000) ?? people.idOf(jid))),
    senderIds: (jid) => (own().has(jid) ? [ME] : people.everyoneAt(jid)),
    mayBe(jid, person) {
      const [known, other] = [people.find(jid), people.get(person)]
      if (other === undefined || chatKindOf(jid) !== 'direct' || own().has(jid)) return false
      return jid.endsWith('@lid')
        ? (known?.phone ?? null) === null && other.lid === null
        : (known?.lid ?? null) === null && other.phone === null
    },
  }
}
