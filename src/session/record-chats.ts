/** Writes chats and people into the archive: only what is new, each change with its event. */
import type { EventKind } from '../model/events.ts'
import type { Jid } from '../model/ids.ts'
import type { SeenChat, SeenContact } from '../model/seen.ts'
import type { ChatFacts, ChatRow } from '../store/chats.ts'
import type { PersonRow } from '../store/people.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

export type ChatRecorder = {
  /** Returns the chat's id; null if its address is not a chat's. Call within a transaction. */
  chat(seen: SeenChat): number | null
  /** `isUnlisted`: WhatsApp Web lists it by none of its addresses. */
  removed(jid: Jid, isUnlisted?: boolean): void
  /** Returns the chats to which messages came from other chats, see `Identify`. */
  contact(seen: SeenContact): number[]
  /** Records that these two addresses belong to one person now. Returns as {@link ChatRecorder.contact}. */
  identity(phone: Jid, lid: Jid): number[]
}

/** Fields that an event names; the time changes with every message, which has its own event. */
const TOLD = ['name', 'unread_count', 'archived', 'pinned_at', 'muted_until', 'is_read_only'] as const

/**
 * A number counts as moved this long before it is noticed: the first message of the new holder may come before WhatsApp Web says
 * whose the number is, and has the time of WhatsApp's clock.
 */
const CLOCKS_DIFFER_MS = 60_000
/** `Missing.since` is certain only to within this time. */
const OVERLAP_MS = 600_000

/**
 * Unix seconds. `since`: messages from then on may be missing. `storedUntil`: the time of the newest message that was stored before
 * reports were missed. Null: nothing is missing, and reports come as things happen.
 */
export type Missing = { since: number; storedUntil: number } | null

export function createChatRecorder(
  store: Store,
  where: IdentityResolver,
  now: () => number,
  missing: () => Missing,
): ChatRecorder {
  const { chats, people, events } = store
  /** The address under which a direct chat was last seen active. */
  const speakers = new Map<number, { address: Jid; timestamp: number }>()

  function tellChanged(chat: number, fields: string[]): void {
    if (fields.length === 0) return
    events.append({ at_ms: now(), kind: 'chat.changed', chat, message: null, data: { fields } })
  }

  /** While an account moves to LIDs, both chats of a person are listed: the active one counts. */
  function isSpeaker(chat: number, { id: address, timestamp }: SeenChat): boolean {
    const before = speakers.get(chat)
    if (before !== undefined && before.address !== address && timestamp < before.timestamp) return false
    speakers.set(chat, { address, timestamp })
    return true
  }

  /** Writes who is in a group, with an event for each kind of change. Of a group that is new, everyone was there before. */
  function setMembers(chat: number, seen: NonNullable<SeenChat['members']>): boolean {
    const members = new Map(seen.map(({ id, isAdmin }) => [people.idOf(id), isAdmin]))
    const before = new Map(chats.members(chat).map(({ person, is_admin }) => [person, is_admin === 1]))
    const changes = changesOf(before, members)
    const { 'group.member_removed': gone, ...others } = changes
    const present = Object.values(others)
      .flat()
      .map((person) => ({ person, isAdmin: members.get(person) === true }))
    if (present.length + gone.length === 0) return false
    chats.changeMembers(chat, { present, gone }, before.size > 0 ? now() : null)
    for (const [kind, who] of Object.entries(changes) as [keyof typeof changes, number[]][])
      if (before.size > 0 && who.length > 0)
        events.append({ at_ms: now(), kind, chat, message: null, data: { people: who } })
    return true
  }

  function tellOf(person: number): void {
    const chat = chats.byPerson(person)?.id ?? null
    events.append({ at_ms: now(), kind: 'contact.changed', chat, message: null, data: { person } })
  }

  function identity(phone: Jid, lid: Jid): number[] {
    const live = now() - CLOCKS_DIFFER_MS
    const unheard = missing()
    // The number may have moved at any time since: what is missing is the new holder's, what was here before is the former one's.
    const identified =
      unheard === null
        ? store.identify(phone, lid, live)
        : store.identify(
            phone,
            lid,
            Math.max(0, Math.min(live, unheard.since * 1000 - OVERLAP_MS)),
            Math.min(live, unheard.storedUntil * 1000),
          )
    if (identified === null) return []
    tellOf(identified.person)
    return identified.chats
  }

  return {
    chat(seen) {
      const isNew = where.findChat(seen.id) === null
      const id = where.chatId(seen.id)
      const row = id === null ? undefined : chats.get(id)
      if (id === null || row === undefined) return null
      const facts = factsOf(seen, row)
      const changed: string[] = []
      if (isSpeaker(id, seen)) {
        if (row.removed_at !== null) changed.push('removed')
        changed.push(...TOLD.filter((name) => row[name] !== facts[name]))
        const isSame = changed.length === 0 && facts.timestamp <= row.timestamp
        if (!isSame) chats.setFacts(id, facts)
      }
      if (seen.members !== null && setMembers(id, seen.members)) changed.push('members')
      tellChanged(id, isNew ? ['new'] : changed)
      return id
    },
    removed(jid, isUnlisted = false) {
      const id = where.findChat(jid)
      if (id === null || chats.get(id)?.removed_at !== null) return
      // A chat that moves to another address goes on there.
      if (!isUnlisted && (speakers.get(id)?.address ?? jid) !== jid) return
      speakers.delete(id)
      chats.setRemoved(id, Math.floor(now() / 1000))
      events.append({ at_ms: now(), kind: 'chat.removed', chat: id, message: null, data: null })
    },
    contact(seen) {
      const { phone, lid } = seen
      const isNew = [phone, lid].every((jid) => jid === null || people.find(jid) === undefined)
      const changed = !isNew && phone !== null && lid !== null ? identity(phone, lid) : []
      const address = lid ?? phone
      const person = address === null ? undefined : people.find(address)
      if (person === undefined) {
        people.insert(seen)
        return changed
      }
      const whole = withKnown(person, seen)
      if (differs(person, whole)) {
        people.update(person.id, whole)
        tellOf(person.id)
      }
      return changed
    },
    identity,
  }
}

/** Who is new, gone, an admin now, or no longer one. The value of each person: whether they are an admin. */
function changesOf(before: ReadonlyMap<number, boolean>, now: ReadonlyMap<number, boolean>) {
  const [old, present] = [[...before.keys()], [...now.keys()]]
  const became = (isAdmin: boolean) => (person: number) =>
    now.get(person) === isAdmin && before.get(person) === !isAdmin
  return {
    'group.member_added': present.filter((person) => !before.has(person)),
    'group.member_removed': old.filter((person) => !now.has(person)),
    'group.member_promoted': present.filter(became(true)),
    'group.member_demoted': present.filter(became(false)),
  } satisfies Partial<Record<EventKind, number[]>>
}

function factsOf(seen: SeenChat, row: ChatRow): ChatFacts {
  return {
    // A list that is not loaded yet has none.
    name: seen.name ?? row.name,
    unread_count: seen.unreadCount,
    timestamp: seen.timestamp,
    archived: Number(seen.archived),
    pinned_at: seen.pinnedAt,
    muted_until: seen.mutedUntil,
    is_read_only: Number(seen.isReadOnly ?? row.is_read_only),
  } satisfies Partial<ChatRow>
}

/**
 * Returns `seen` with what is known of the person. WhatsApp Web has one entry for each address of a person, and learns only later
 * which entries belong together. An entry with one address alone may lack facts of the other: it adds facts, and removes none.
 */
function withKnown(person: PersonRow, seen: SeenContact): SeenContact {
  const isWhole = (seen.phone !== null || person.phone === null) && (seen.lid !== null || person.lid === null)
  if (isWhole) return seen
  return {
    ...seen,
    name: seen.name ?? person.name,
    inAddressBook: seen.inAddressBook || person.in_address_book === 1,
    isBusiness: seen.isBusiness || person.is_business === 1,
    isBlocked: seen.isBlocked || person.is_blocked === 1,
  }
}

/** Names that are left out change nothing. */
function differs(person: PersonRow, seen: SeenContact): boolean {
  return (
    seen.name !== person.name ||
    (seen.pushname !== null && seen.pushname !== person.pushname) ||
    Number(seen.inAddressBook) !== person.in_address_book ||
    Number(seen.isBusiness) !== person.is_business ||
    Number(seen.isBlocked) !== person.is_blocked
  )
}
