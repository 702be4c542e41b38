/** The archive from the outside: what its file holds, compared with what the double knows. */
import { expect } from 'vitest'
import type { World, WorldMessage } from '../simulator/simulator.ts'
import type { EventKind } from '../src/model/events.ts'
import { timeOf } from '../src/store/position.ts'
import { openStore, type Store } from '../src/store/store.ts'
import type { Harness } from './harness.ts'

export type Kept = {
  chat: string
  id: string
  from: string
  type: string
  body: string
  t: number
}

const MOST_TRIES = 200
const TRY_MS = 20

/** Opening writes the time into the file, which fails while a server of another process writes. */
function open(path: string): Store {
  for (let tries = 1; ; tries += 1) {
    try {
      return openStore(path)
    } catch (error) {
      const isBusy = error instanceof Error && Object(error.cause).code === 'SQLITE_BUSY'
      if (!isBusy || tries === MOST_TRIES) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS)
    }
  }
}

/** What the file at `path` holds, read through a connection of its own; also while a server writes it. */
export function readArchive<T>(path: string, read: (store: Store) => T): T {
  const store = open(path)
  try {
    return read(store)
  } finally {
    store.db.close()
  }
}

/** The archive of the account `default`, as it is when asked. */
export function archiveOf(harness: () => Harness) {
  const file = () => harness().app.session.status().archive?.file ?? ''
  const kept = () => readArchive(file(), keptMessages)
  /** Chats without messages left out: whether they are there is another question. */
  const filled = <T>(chats: Map<string, T[]>) => new Map([...chats].filter(([, list]) => list.length > 0))
  return {
    file,
    kept,
    events: () => readArchive(file(), messageEvents),
    bodies: (chat: string) =>
      kept()
        .get(chat)
        ?.map(({ body }) => body),
    /** The archive holds exactly what the double knows. */
    async expectComplete(): Promise<void> {
      await expect.poll(() => filled(kept()), { timeout: 60_000 }).toEqual(worldMessages(harness().world))
    },
  }
}

/** Every message, chats by phone JID where it is known, in order within each chat. */
export function keptMessages(store: Store): Map<string, Kept[]> {
  const people = new Map(
    store.db
      .query<{ id: number; jid: string }>('SELECT id, coalesce(phone, lid) AS jid FROM people')
      .all()
      .map(({ id, jid }) => [id, jid]),
  )
  const me = String(store.meta.get('account_wid'))
  const kept = new Map<string, Kept[]>()
  for (const { id } of store.chats.all()) {
    const chat = store.chats.addressOf(id) ?? '?'
    const rows = store.db
      .query<{ id: number; bare_id: string; sender: number; type: string; body: string }>(
        'SELECT id, bare_id, sender, type, body FROM messages WHERE chat = ? ORDER BY id',
      )
      .all(id)
    kept.set(
      chat,
      rows.map(({ id: place, bare_id, sender, type, body }) => ({
        chat,
        id: bare_id,
        from: sender === 0 ? me : (people.get(sender) ?? '?'),
        type,
        body,
        t: timeOf(place),
      })),
    )
  }
  return kept
}

/** The same of the double: what belongs into an archive, with everybody by phone. */
export function worldMessages(world: World): Map<string, Kept[]> {
  const phones = new Map(world.state().contacts.map(({ phone, lid }) => [`${lid}@lid`, `${phone}@c.us`]))
  const known = new Map<string, Kept[]>()
  for (const message of world.messages()) {
    if (NOTICES.has(message.type)) continue
    const chat = phones.get(message.chat) ?? message.chat
    const { id, from, type, body, t } = message
    const list = known.get(chat) ?? []
    known.set(chat, list)
    list.push({ chat, id, from, type, body: type === 'revoked' ? '' : body, t })
  }
  return known
}

const NOTICES: ReadonlySet<WorldMessage['type']> = new Set([
  'gp2',
  'e2e_notification',
  'notification_template',
  'notification',
  'protocol',
])

/** The events about messages, oldest first: their kind, and the message's bare id. */
export function messageEvents(
  store: Store,
): { cursor: number; kind: EventKind; id: string; late: boolean }[] {
  return store.events
    .after(0, 1_000_000)
    .filter(({ message }) => message !== null)
    .map(({ cursor, kind, message, data }) => ({
      cursor,
      kind,
      id: store.messages.get(message ?? -1)?.bare_id ?? '?',
      late: data?.late === true,
    }))
}
