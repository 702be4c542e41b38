/** For tests: an archive in a temporary directory, filled by hand. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { ChatKind } from '../model/chat.ts'
import { type Jid, toJid } from '../model/ids.ts'
import { standingOf } from '../model/message-types.ts'
import type { ChatFacts } from './chats.ts'
import { digitsOf } from './identify.ts'
import { type MessageDetails, numberOf } from './message-row.ts'
import { ME } from './people.ts'
import { firstPositionOf } from './position.ts'
import { createReader, type Reader } from './reader.ts'
import { openStore, type Store } from './store.ts'

/** Noon of 2025-01-02, Unix seconds: the time of the archive's clock. */
export const NOW = 1_735_819_200
export const ME_JID = '15550000001@c.us'
export const ME_LID = '900000000000001@lid'

type Person = {
  phone?: string
  lid?: string
  name?: string | null
  pushname?: string | null
  inAddressBook?: boolean
}
type Message = {
  from?: number
  id?: string
  /** Seconds before NOW. */
  ago?: number
  /** Its very place, in place of one within that second. */
  position?: number
  type?: string
  body?: string
  ack?: number
  hasMedia?: boolean
  /** The address by which it came. */
  byPhone?: Jid
  details?: MessageDetails
}

/** Rows are added by hand, and come out through the reader. Messages whose id begins with `OURS` are this server's. */
export type TestArchive = {
  store: Store
  reader: Reader
  person(facts: Person): number
  chat(kind: ChatKind, address: { person: number } | { jid: string }, facts?: Partial<ChatFacts>): number
  members(chat: number, ...present: { person: number; isAdmin: boolean }[]): void
  /** Its position. Without `from` it is an own one. */
  message(chat: number, facts?: Message): number
  /** So many seconds go by. */
  pass(seconds: number): void
  close(): void
}

/** @param lid of the account; null: it has not become known */
export function openTestArchive(lid: string | null = ME_LID): TestArchive {
  const dir = mkdtempSync(join(tmpdir(), 'wma-reader-'))
  const store = openStore(join(dir, 'archive.db'))
  let now = NOW
  const clock: Clock = { now: () => now * 1000, after: () => () => {} }
  store.meta.set('account_wid', ME_JID)
  if (lid !== null) store.meta.set('account_lid', lid)
  let messages = 0
  const jid = (text: string | undefined): Jid | null => (text === undefined ? null : toJid(text))
  return {
    store,
    reader: createReader(store.db, clock, (id) => id.startsWith('OURS')),
    person: ({ phone, lid, name = null, pushname = null, inAddressBook = name !== null }) =>
      store.people.insert({
        phone: jid(phone),
        lid: jid(lid),
        name,
        pushname,
        inAddressBook,
        isBusiness: false,
        isBlocked: false,
      }),
    chat(kind, address, facts = {}) {
      const where = 'jid' in address ? { jid: toJid(address.jid) } : address
      const id = store.chats.insert(kind, where)
      store.chats.setFacts(id, {
        name: null,
        unread_count: 0,
        timestamp: 0,
        archived: 0,
        pinned_at: 0,
        muted_until: 0,
        is_read_only: 0,
        ...facts,
      })
      return id
    },
    members: (chat, ...present) => store.chats.changeMembers(chat, { present, gone: [] }, null),
    message(chat, facts = {}) {
      messages += 1
      const { from = ME, ago = 0, id = `3EB0${messages}`, type = 'chat', body = `text ${messages}` } = facts
      const position = facts.position ?? firstPositionOf(NOW - ago) + messages
      store.messages.insert({
        id: position,
        chat,
        bare_id: id,
        sender: from,
        type,
        body,
        ack: facts.ack ?? 1,
        has_media: Number(facts.hasMedia ?? false),
        edited_at_ms: null,
        revoked_at_ms: null,
        details: facts.details === undefined ? null : JSON.stringify(facts.details),
        standing: numberOf(standingOf(type)),
        by_phone: digitsOf(facts.byPhone ?? null),
      })
      store.chats.noteMessage(chat, position, NOW - ago)
      return position
    },
    pass(seconds) {
      now += seconds
    },
    close() {
      store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
