/** Writes what was seen of chats and people into the archive: only what is new, each change with its event. */
import type { Jid } from '../model/ids.ts'
import type { SeenChat, SeenContact } from '../model/seen.ts'
import type { ChatFacts, ChatRow } from '../store/chats.ts'
import type { PersonRow } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { Whereabouts } from './whereabouts.ts'

export type ChatRecorder = {
  /** Returns the chat's id; null where its address is no chat's. Call within a transaction. */
  chat(seen: SeenChat): number | null
  removed(jid: Jid): void
  contact(seen: SeenContact): void
}

/** What readers are told of by name; the time changes with every message, which has its own event. */
const TOLD = ['name', 'unread_count', 'archived', 'pinned_at', 'muted_until', 'is_read_only'] as const

export function createChatRecorder(store: Store, where: Whereabouts, now: () => number): ChatRecorder {
  const { chats, people, events } = store

  function log(chat: number, fields: string[]): void {
    if (fields.length === 0) return
    events.append({ at_ms: now(), kind: 'chat.changed', chat, message: null, data: { fields } })
  }

  function setMembers(chat: number, seen: NonNullable<SeenChat['members']>): boolean {
    const members = new Map(seen.map(({ id, isAdmin }) => [people.idOf(id), isAdmin]))
    const before = chats.members(chat)
    const isSame =
      before.length === members.size &&
      before.every(({ person, is_admin }) => members.get(person) === (is_admin === 1))
    if (!isSame)
      chats.setMembers(
        chat,
        [...members].map(([person, isAdmin]) => ({ person, isAdmin })),
      )
    return !isSame
  }

  return {
    chat(seen) {
      const isNew = where.findChat(seen.id) === null
      const id = where.chatId(seen.id)
      const row = id === null ? undefined : chats.get(id)
      if (id === null || row === undefined) return null
      const facts = factsOf(seen)
      const changed: string[] = row.removed_at === null ? [] : ['removed']
      // While an account moves to LIDs both of a person's chats are listed: the one that lives speaks.
      if (isNew || row.person === null || seen.timestamp >= row.timestamp) {
        changed.push(...TOLD.filter((name) => row[name] !== facts[name]))
        const isSame = changed.length === 0 && facts.timestamp <= row.timestamp
        if (!isSame) chats.setFacts(id, facts)
      }
      if (seen.members !== null && setMembers(id, seen.members)) changed.push('members')
      log(id, isNew ? ['new'] : changed)
      return id
    },
    removed(jid) {
      const id = where.findChat(jid)
      if (id === null) return
      chats.setRemoved(id, Math.floor(now() / 1000))
      events.append({ at_ms: now(), kind: 'chat.removed', chat: id, message: null, data: null })
    },
    contact(seen) {
      const [byPhone, byLid] = [seen.phone, seen.lid].map((jid) =>
        jid === null ? undefined : people.find(jid),
      )
      let person = byPhone ?? byLid
      if (byPhone !== undefined && byLid !== undefined && byPhone.id !== byLid.id) {
        store.mergePeople(byLid.id, byPhone.id)
        person = { ...byPhone, lid: null }
      }
      if (person === undefined) return void people.insert(seen)
      if (!differs(person, seen)) return
      people.update(person.id, seen)
      const chat = chats.byPerson(person.id)?.id ?? null
      events.append({
        at_ms: now(),
        kind: 'contact.changed',
        chat,
        message: null,
        data: { person: person.id },
      })
    },
  }
}

function factsOf(seen: SeenChat): ChatFacts {
  return {
    name: seen.name,
    unread_count: seen.unreadCount,
    timestamp: seen.timestamp,
    archived: Number(seen.archived),
    pinned_at: seen.pinnedAt,
    muted_until: seen.mutedUntil,
    is_read_only: Number(seen.isReadOnly),
  } satisfies Partial<ChatRow>
}

/** Addresses and names that are left out say nothing new. */
function differs(person: PersonRow, seen: SeenContact): boolean {
  return (
    (seen.phone !== null && seen.phone !== person.phone) ||
    (seen.lid !== null && seen.lid !== person.lid) ||
    seen.name !== person.name ||
    (seen.pushname !== null && seen.pushname !== person.pushname) ||
    Number(seen.inAddressBook) !== person.in_address_book ||
    Number(seen.isBusiness) !== person.is_business ||
    Number(seen.isBlocked) !== person.is_blocked
  )
}
