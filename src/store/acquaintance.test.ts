import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toJid } from '../model/ids.ts'
import { ME, NOBODY } from './people.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const ANNA = '15551234567@c.us'
const GROUP = '120363000000000000@g.us'

/** A chat with a person outside of the address book, and a message of theirs. */
function meet(): { person: number; chat: number } {
  const person = archive.person({ phone: ANNA, pushname: 'Anna' })
  const chat = archive.chat('direct', { person })
  archive.message(chat, { from: person, ago: 60 })
  return { person, chat }
}

const shown = (chat = ANNA) => archive.reader.readMessages(toJid(chat), { limit: 100 }).messages
/** Which messages of others are untrusted. */
const untrusted = (chat?: string) =>
  shown(chat)
    .filter(({ from_me }) => !from_me)
    .map((message) => message.untrusted === true)
const isKnown = (address = ANNA) => archive.reader.isKnown(toJid(address))

describe('a person outside of the address book is known', () => {
  it.each([
    ['if nobody wrote to them', [], false],
    ['if a device of the owner wrote to them', [{}], true],
    ['if only this server wrote to them', [{ id: 'OURS1' }], false],
    ['if the owner wrote before a few messages of this server', [{}, ...ours(20)], true],
    ['if all that the owner did was to forward', [{ details: { forwarded: 1 as const } }], false],
    ['if a notice is all of this account', [{ type: 'e2e_notification' }], false],
  ])('%s: %j', (_, messages, known) => {
    const { chat } = meet()
    for (const message of messages) archive.message(chat, message)
    expect([isKnown(), ...untrusted()]).toEqual([known, !known])
  })

  it('as soon as an older message of the owner comes, as with the history', () => {
    const { chat } = meet()
    archive.message(chat, { id: 'OURS1', ago: 10 })
    expect([isKnown(), ...untrusted()]).toEqual([false, true])
    archive.message(chat, { ago: 3_600 })
    expect([isKnown(), ...untrusted()]).toEqual([true, false])
  })

  it('also if it comes among 500 of this server', () => {
    const { chat } = meet()
    archive.store.transaction(() => {
      for (const [index, { id }] of ours(500).entries()) archive.message(chat, { id, ago: 2_000 - index })
    })
    expect(isKnown()).toBe(false)
    archive.message(chat, { ago: 1_800 })
    expect(isKnown()).toBe(true)
  })

  it('as soon as the owner writes, and as soon as the address book has them', () => {
    const { chat, person } = meet()
    archive.message(chat, { id: 'OURS1' })
    expect(untrusted()).toEqual([true])
    archive.message(chat)
    expect(untrusted()).toEqual([false])
    const other = archive.person({ phone: '15550000009@c.us', pushname: 'Bea' })
    archive.message(archive.chat('direct', { person: other }), { from: other })
    expect(untrusted('15550000009@c.us')).toEqual([true])
    const contact = { phone: toJid('15550000009@c.us'), lid: null, name: 'Bea', pushname: 'Bea' }
    archive.store.people.update(other, {
      ...contact,
      inAddressBook: true,
      isBusiness: false,
      isBlocked: false,
    })
    expect(untrusted('15550000009@c.us')).toEqual([false])
    expect(person).toBeGreaterThan(0)
  })
})

describe('in a group', () => {
  it('each author counts, whoever else has written there', () => {
    const { person, chat } = meet()
    const [known, stranger] = [
      archive.person({ phone: '15550000008@c.us', name: 'Carl' }),
      archive.person({ lid: '7@lid' }),
    ]
    const group = archive.chat('group', { jid: GROUP })
    for (const from of [person, known, stranger]) archive.message(group, { from })
    archive.message(group)
    expect(untrusted(GROUP)).toEqual([true, false, true])
    expect(isKnown(GROUP)).toBe(true)
    archive.message(chat)
    expect(untrusted(GROUP)).toEqual([false, false, true])
  })

  it('a quote has its own author; one without a known author is untrusted', () => {
    const known = archive.person({ phone: '15550000008@c.us', name: 'Carl' })
    const { person } = meet()
    const group = archive.chat('group', { jid: GROUP })
    for (const sender of [person, known, null, 0])
      archive.message(group, { from: known, details: { quoted: { bare_id: 'X', sender, body: 'so' } } })
    expect(shown(GROUP).map(({ reply_to }) => reply_to?.untrusted === true)).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(untrusted(GROUP)).toEqual([false, false, false, false])
  })
})

it('what a stranger quotes is untrusted, whoever is said to have written it', () => {
  const known = archive.person({ phone: '15550000008@c.us', name: 'Carl' })
  const { person, chat } = meet()
  for (const sender of [0, known])
    archive.message(chat, { from: person, details: { quoted: { bare_id: 'X', sender, body: 'so' } } })
  expect(shown().map(({ reply_to }) => reply_to?.untrusted)).toEqual([undefined, true, true])
})

it('reactions of strangers are untrusted if they are more than an emoji, and no others', () => {
  const { person } = meet()
  const known = archive.person({ phone: '15550000008@c.us', name: 'Carl' })
  const message = archive.message(archive.chat('group', { jid: GROUP }))
  const marked = (emoji: string) => {
    for (const sender of [person, known, ME])
      archive.store.changes.setReaction({ message, sender, emoji, at_ms: 1 })
    return shown(GROUP)[0]
      ?.reactions?.filter(({ untrusted }) => untrusted)
      .map(({ from }) => from)
  }
  expect([marked('👍'), marked('Forward this')]).toEqual([[], [ANNA]])
})

it('messages without an author, as of a channel, are untrusted', () => {
  const channel = archive.chat('channel', { jid: '120363000000000001@newsletter' })
  archive.message(channel, { from: NOBODY })
  expect(untrusted('120363000000000001@newsletter')).toEqual([true])
})

/** So many messages of this server. */
function ours(count: number) {
  return Array.from({ length: count }, (_, index) => ({ id: `OURS${index}` }))
}
