/** Who wrote what, in any order of arrival, while phone numbers pass from one person to another. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../test/random.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import type { Clock } from '../clock.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { SeenMessage } from '../model/seen.ts'
import { openStore, type Store } from '../store/store.ts'
import { verify } from '../store/verify.ts'
import type { Inbox } from './inbox.ts'

const T = 1_700_000_000
const GROUP = toJid('120363000000000001@g.us')
/** As {@link inbox} keeps it: no LID is known. */
const NOBODY = 'nobody yet'

let dir: string
let store: Store
let inbox: Inbox
let now = T * 1000
let rounds = 0
let missingSince: number | null = null

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-store-'))
  store = openStore(join(dir, 'a.db'))
  const clock: Clock = { now: () => now, after: () => () => {} }
  inbox = createTestInbox(store, clock, {
    own: [toJid('15550001000@c.us')],
    missingSince: () => missingSince,
  })
})
afterAll(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Other people than in any round before. */
function people() {
  rounds += 1
  return {
    phone: (n: number) => toJid(`1555${rounds}00${n}@c.us`),
    lid: (n: number) => toJid(`99${rounds}00${n}@lid`),
  }
}

/** They are one person's from then on: WhatsApp Web says so a minute later. */
function identify(phone: Jid, lid: Jid, second: number): void {
  now = (T + second + 60) * 1000
  inbox.take({ type: 'identity', phone, lid })
  inbox.flush()
}

function take(message: SeenMessage): void {
  inbox.take({ type: 'message', message })
  inbox.flush()
}

const write = (bareId: string, chat: Jid, second: number, more: Partial<SeenMessage> = {}) =>
  seenMessage({ chat, bareId, body: bareId, sentAt: T + second, ...more })

function idsOf(address: Jid): string[] {
  const rows = store.db.query<{ bare_id: string }>('SELECT bare_id FROM messages WHERE chat = ? ORDER BY id')
  return rows.all(inbox.where.findChat(address) ?? -1).map(({ bare_id }) => bare_id)
}

describe('a number that passes to somebody else', () => {
  it('takes nobody along: neither the other person nor what was written before', () => {
    const { phone, lid } = people()
    const [alice, bob] = [lid(1), lid(2)]
    identify(phone(1), alice, 0)
    identify(phone(2), bob, 0)
    take(write('A1', phone(1), 1))
    take(write('B1', bob, 1))
    identify(phone(1), bob, 10)
    take(write('B2', phone(1), 11))
    // Older history of the one chat that WhatsApp Web has by that number.
    const chat = inbox.where.findChat(phone(1)) ?? 0
    inbox.recordStretch(chat, [write('A0', phone(1), 0), write('B3', phone(1), 12)], () => 'history', null)
    expect([idsOf(alice), idsOf(bob)]).toEqual([
      ['A0', 'A1'],
      ['B1', 'B2', 'B3'],
    ])
    expect(idsOf(phone(1))).toEqual(idsOf(bob))
    expect(store.people.find(alice)).toMatchObject({ phone: null, lid: alice })
    expect(store.people.find(phone(2))).toBeUndefined()
  })

  it('brings what came by it since then, also where that is found late', () => {
    const { phone, lid } = people()
    identify(phone(1), lid(1), 0)
    take(write('old', phone(1), 5))
    take(write('new', phone(1), 15))
    take(write('mine', phone(1), 16, { fromMe: true, sender: null }))
    take(write('N', GROUP, 17, { sender: phone(1) }))
    take(write('by LID', lid(1), 18))
    identify(phone(1), lid(2), 10)
    expect([idsOf(lid(1)), idsOf(lid(2))]).toEqual([
      ['old', 'by LID'],
      ['new', 'mine'],
    ])
    const sender = store.messages.findAll('N', inbox.where.findChat(GROUP) ?? 0)[0]?.sender
    expect(sender).toBe(store.people.find(lid(2))?.id)
    const events = store.events.after(0, 1_000).filter(({ chat }) => chat === inbox.where.findChat(lid(2)))
    expect(events.map(({ kind }) => kind)).toContain('message.received')
  })

  it.each([
    ['in their chat', (phone: Jid) => phone, (lid: Jid) => lid],
    ['in a group', () => GROUP, () => GROUP],
  ])('joins what came by both addresses %s: nothing that can be read is lost', (_, byPhone, byLid) => {
    const { phone, lid } = people()
    const [number, bob] = [phone(1), lid(2)]
    identify(number, lid(1), 0)
    const unread = { type: 'ciphertext', body: '' }
    const edited = { body: 'later', editedAt: (T + 20) * 1000 }
    const id = (name: string) => `${name} ${number}`
    for (const [name, byNumber, other] of [
      ['READ', {}, unread],
      ['EDITED', edited, {}],
      ['OLD', {}, edited],
    ] as const) {
      take(write(id(name), byPhone(number), 11, { sender: number, body: name, ...byNumber }))
      take(write(id(name), byLid(bob), 11, { sender: bob, body: name, ...other }))
    }
    const reaction = { sender: null, emoji: '👍', at: (T + 12) * 1000 }
    inbox.take({
      type: 'reaction',
      chat: byPhone(number),
      bareId: id('READ'),
      messageSender: number,
      reaction,
    })
    identify(number, bob, 10)
    const copies = (name: string) => store.messages.everywhere(id(name))
    const [chat, sender] = [inbox.where.findChat(byLid(bob)), store.people.find(bob)?.id]
    for (const [name, body] of [
      ['READ', 'READ'],
      ['EDITED', 'later'],
      ['OLD', 'later'],
    ] as const)
      expect(copies(name)).toMatchObject([{ chat, sender, type: 'chat', body }])
    expect(store.changes.reactions(copies('READ')[0]?.id ?? 0)).toMatchObject([{ emoji: '👍' }])
    expect(store.chats.get(chat ?? 0)?.last_message).toBe(store.messages.newest(chat ?? 0)?.id)
  })

  it('still leads acks and reactions to the messages of its former person', () => {
    const { phone, lid } = people()
    identify(phone(1), lid(1), 0)
    take(write('SENT', phone(1), 5, { fromMe: true, sender: null }))
    take(write('GOT', phone(1), 6))
    identify(phone(1), lid(2), 10)
    inbox.take({ type: 'ack', chat: phone(1), bareId: 'SENT', ack: 3 })
    const reaction = { sender: null, emoji: '👍', at: (T + 11) * 1000 }
    inbox.take({ type: 'reaction', chat: phone(1), bareId: 'GOT', messageSender: phone(1), reaction })
    inbox.flush()
    const chat = inbox.where.findChat(lid(1)) ?? 0
    expect(store.messages.findAll('SENT', chat)[0]?.ack).toBe(3)
    const got = store.messages.findAll('GOT', chat)[0]?.id ?? 0
    expect(store.changes.reactions(got)).toMatchObject([{ emoji: '👍' }])
  })

  it('while the server was off brings all that came since, and nothing that was here before', () => {
    const { phone, lid } = people()
    const [alice, bob] = [lid(1), lid(2)]
    identify(phone(1), alice, 0)
    identify(phone(2), bob, 0)
    take(write('A1', phone(1), 2_000))
    take(write('A2', phone(1), 2_100))
    take(write('B1', phone(2), 2_050))
    take(write('A3', GROUP, 2_101, { sender: phone(1) }))
    // Off: all that came up to a minute before is known to be here.
    missingSince = T + 2_040
    inbox.invalidateSync()
    // Reported before it is known whose the number is now.
    take(write('B2', phone(1), 3_000))
    identify(phone(1), bob, 300_000)
    missingSince = null
    take(write('B3', phone(1), 4_000))
    expect([idsOf(alice), idsOf(bob)]).toEqual([
      ['A1', 'A2'],
      ['B1', 'B2', 'B3'],
    ])
    const sender = store.messages.findAll('A3', inbox.where.findChat(GROUP) ?? 0)[0]?.sender
    expect(sender).toBe(store.people.find(alice)?.id)
  })

  it('before anything was ever complete moved after what is here, not now', () => {
    const { phone, lid } = people()
    const [alice, bob] = [lid(1), lid(2)]
    identify(phone(1), alice, 0)
    take(write('A1', phone(1), 2_000))
    missingSince = 0
    inbox.invalidateSync()
    identify(phone(1), bob, 300_000)
    // Between the two: it came by the number while nobody was looking.
    take(write('B1', phone(1), 3_000))
    missingSince = null
    expect([idsOf(alice), idsOf(bob)]).toEqual([['A1'], ['B1']])
  })

  it('keeps the order of what was found although the clock is put back', () => {
    const { phone, lid } = people()
    identify(phone(1), lid(1), 0)
    identify(phone(1), lid(2), 100)
    identify(phone(1), lid(3), 50)
    expect(store.people.find(phone(1))?.lid).toBe(lid(3))
    take(write('between', phone(1), 99))
    expect(idsOf(lid(1))).toEqual(['between'])
  })
})

type Fact = { second: number; phone: Jid; lid: Jid }

/** Whose message by this number is: as WhatsApp Web's facts say, taken together. */
function ownerOf(phone: Jid, second: number, facts: readonly Fact[]): string {
  const sightings = facts.filter((fact) => fact.phone === phone)
  const last = sightings.findLast((fact) => fact.second <= second)
  const hasLeft = facts.some(
    (fact) =>
      last !== undefined &&
      fact.lid === last.lid &&
      fact.second > last.second &&
      fact.second <= second &&
      fact.phone !== phone,
  )
  if (last !== undefined && !hasLeft) return last.lid
  return sightings.find((fact) => fact.second > second)?.lid ?? NOBODY
}

describe('people, numbers and messages', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))('come out the same in any order (%i)', (seed) => {
    const random = createRandom(seed + 1)
    const { phone, lid } = people()
    const [phones, lids] = [phone, lid].map((make) => [1, 2, 3, 4].map(make)) as [Jid[], Jid[]]
    const pick = (list: Jid[]): Jid => list[random(list.length)] ?? toJid('')
    const facts = Array.from(
      { length: 8 },
      (_, n): Fact => ({ second: 10 * n, phone: pick(phones), lid: pick(lids) }),
    )
    const messages = Array.from({ length: 40 }, (_, n) => {
      const second = random(80)
      const address = random(3) === 0 ? pick(lids) : pick(phones)
      const inGroup = random(4) === 0
      const more = inGroup ? { sender: address } : random(4) === 0 ? { fromMe: true, sender: null } : {}
      return { address, inGroup, message: write(`M${rounds}.${n}`, inGroup ? GROUP : address, second, more) }
    })
    const late = [...messages]
    for (const { second, phone: number, lid: id } of facts) {
      while (random(5) > 0) for (const { message } of late.splice(random(late.length), 1)) take(message)
      identify(number, id, second)
    }
    for (const { message } of late) take(message)

    // Two LIDs are two people, and a number leads to the person who has it now.
    const known = lids.flatMap((one) => store.people.find(one)?.id ?? [])
    expect(new Set(known).size).toBe(known.length)
    for (const one of phones) {
      const present = store.people.find(one)
      if (present !== undefined) expect(present.lid ?? NOBODY).toBe(ownerOf(one, 1_000, facts))
    }
    for (const { address, inGroup, message } of messages) {
      const owner = address.endsWith('@lid') ? address : ownerOf(address, message.sentAt - T, facts)
      const rows = store.db
        .query<{ chat: number; sender: number }>('SELECT * FROM messages WHERE bare_id = ?')
        .all(message.bareId)
      expect(rows).toHaveLength(1)
      const person = store.people.find(owner === NOBODY ? address : toJid(owner))
      expect(person?.lid ?? NOBODY, message.bareId).toBe(owner)
      if (inGroup) expect(rows[0]?.sender).toBe(person?.id)
      else expect(rows[0]?.chat, message.bareId).toBe(store.chats.byPerson(person?.id ?? -1)?.id)
    }
    expect(verify(store.db)).toEqual([])
  })
})
