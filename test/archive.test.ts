/** The archive against the double's own log: nothing lost, nothing twice, in order, whatever happened meanwhile. */
import { afterEach, describe, expect, it } from 'vitest'
import type { World } from '../simulator/simulator.ts'
import { keptMessages, messageEvents, readArchive, worldMessages } from './archive-rows.ts'
import { browserPid } from './browser-processes.ts'
import { type Harness, type HarnessOptions, openHarness } from './harness.ts'

let harness: Harness
afterEach(() => harness.close())

/** Linked, and everything that there was is archived. */
async function linked(options: HarnessOptions = {}): Promise<Harness> {
  harness = await openHarness(options)
  await harness.link()
  await harness.synced()
  return harness
}

const file = () => harness.app.session.status().archive?.file ?? ''
const kept = () => readArchive(file(), keptMessages)
const events = () => readArchive(file(), messageEvents)
/** Chats without messages left out: whether they are there is another question. */
const filled = <T>(chats: Map<string, T[]>) => new Map([...chats].filter(([, list]) => list.length > 0))

/** The archive holds exactly what the double knows. */
async function expectComplete(): Promise<void> {
  await expect.poll(() => filled(kept()), { timeout: 15_000 }).toEqual(worldMessages(harness.world))
}
const bodies = (chat: string) =>
  kept()
    .get(chat)
    ?.map(({ body }) => body)

const AMARA = '15550001101'

let isDown = false
const rowOf = (id: string) =>
  readArchive(file(), ({ db }) =>
    db
      .query<{ place: number; type: string; body: string }>(
        'SELECT id AS place, type, body FROM messages WHERE bare_id = ?',
      )
      .get(id),
  )
const revisionsOf = (id: string) =>
  readArchive(file(), ({ db }) =>
    db
      .query<{ body: string }>(
        'SELECT r.body FROM revisions r JOIN messages m ON m.id = r.message WHERE bare_id = ?',
      )
      .all(id)
      .map(({ body }) => body),
  )
/** Until the message is in the archive; then the server goes, where the test wants that. */
async function seen(id: string): Promise<void> {
  await expect.poll(() => rowOf(id)).toBeDefined()
  if (isDown) await harness.app.close()
}

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  it('everything that WhatsApp Web has is archived once the account is linked', async () => {
    await linked({ build })
    expect(harness.world.messages().length).toBeGreaterThan(10)
    await expectComplete()
    expect(events()).toEqual([])
  })

  it('a message that arrives is stored once, with one event', async () => {
    await linked({ build })
    for (const text of ['one', 'two', 'three']) await harness.world.write({ from: AMARA, text })
    await expectComplete()
    expect(events().map(({ kind, late }) => [kind, late])).toEqual(Array(3).fill(['message.received', false]))
  })

  it('an own message is stored when the response is sent, and its echo changes nothing', async () => {
    await linked({ build })
    const { json } = await harness.post('/api/send', { phone_number: AMARA, message: 'from the API' })
    expect(bodies(`${AMARA}@c.us`)?.at(-1)).toBe('from the API')
    const own = (kind: string) =>
      events().filter((event) => json.message_id.includes(event.id) && event.kind === kind)
    expect(own('message.sent')).toHaveLength(1)
    await harness.world.writeFromPhone({ chat: `${AMARA}@c.us`, text: 'from the phone' })
    await expectComplete()
    expect(own('message.sent')).toHaveLength(1)
  })

  it('messages that arrived while the server was stopped are stored in order, with late events', async () => {
    await linked({ build })
    await harness.app.close()
    const written: string[] = []
    for (let n = 0; n < 120; n += 1) {
      written.push((await harness.world.write({ from: AMARA, text: `missed ${n}` })).id)
    }
    await harness.restart()
    await harness.synced()
    await expectComplete()
    const told = events()
    expect(told.map(({ id }) => id).sort()).toEqual(written.sort())
    expect(told.every(({ kind, late }) => kind === 'message.received' && late)).toBe(true)
  })
})

describe('messages that arrived without an event', () => {
  it('because the browser was gone', async () => {
    await linked()
    // A link that is seconds old does not survive a killed browser (F14).
    await harness.restart()
    await harness.until('ready')
    process.kill(browserPid(harness.authDir), 'SIGKILL')
    for (let n = 0; n < 20; n += 1) await harness.world.write({ from: AMARA, text: `missed ${n}` })
    await harness.until('disconnected')
    await harness.world.write({ from: AMARA, text: 'still nobody there' })
    await harness.until('ready')
    await harness.synced()
    await expectComplete()
  })

  it('in an unknown chat, from an unknown person', async () => {
    await linked()
    await harness.app.close()
    harness.world.addContact({ phone: '15557770001', name: null, pushname: 'Nobody yet' })
    for (let n = 0; n < 70; n += 1) await harness.world.write({ from: '15557770001', text: `hello ${n}` })
    await harness.restart()
    await harness.synced()
    await expectComplete()
    expect(events()).toHaveLength(70)
  })
})

describe('messages that arrived without an event, continued', () => {
  it('because the connection was lost, in the same page', async () => {
    await linked()
    await harness.world.setFault({ name: 'offline', value: true })
    await expect.poll(async () => (await harness.status()).connected).toBe(false)
    expect((await harness.status()).archive?.stale_since).not.toBeNull()
    for (let n = 0; n < 20; n += 1) await harness.world.write({ from: AMARA, text: `missed ${n}` })
    await harness.world.setFault({ name: 'offline', value: false })
    await expect.poll(async () => (await harness.status()).connected).toBe(true)
    await harness.synced()
    await expectComplete()
    expect(events()).toHaveLength(20)
  })

  it('more than is looked back for: the rest is a gap, known and then filled', async () => {
    await linked({ env: { WHATSAPP_HISTORY_PER_CHAT: '0' } })
    await harness.app.close()
    for (let n = 0; n < 2_100; n += 1) await harness.world.write({ from: AMARA, text: `missed ${n}` })
    await harness.restart()
    await harness.synced()
    const kinds = readArchive(file(), ({ events }) => events.after(0, 10_000).map(({ kind }) => kind))
    expect(kinds.filter((kind) => kind.startsWith('gap.'))).toEqual(['gap.found', 'gap.filled'])
    const chat = `${AMARA}@c.us`
    const [known = [], expected = []] = [kept().get(chat), worldMessages(harness.world).get(chat)]
    // Older ones are history, of which none was wanted.
    expect(known).toEqual(expected.slice(-known.length))
    expect(known.length).toBeGreaterThanOrEqual(2_100)
    expect(new Set(events().map(({ id }) => id)).size).toBe(2_100)
  })
})

/** Acts of the phone's hand that change what was there; `after`: what the archive then says. */
const CHANGES: Record<string, (world: World) => Promise<() => unknown>> = {
  'a message edited by its author': async (world) => {
    const { id } = await world.write({ from: AMARA, text: 'helo' })
    await seen(id)
    await world.edit({ id, text: 'hello' })
    return () => rowOf(id)?.body === 'hello' && revisionsOf(id)
  },
  'an own message edited on the phone': async (world) => {
    const { id } = await world.writeFromPhone({ chat: `${AMARA}@c.us`, text: 'helo' })
    await seen(id)
    await world.edit({ id, text: 'hello' })
    return () => rowOf(id)?.body === 'hello' && revisionsOf(id)
  },
  'a message deleted for everyone': async (world) => {
    const { id } = await world.write({ from: AMARA, text: 'helo' })
    await seen(id)
    await world.revoke({ id })
    return () => rowOf(id)?.type === 'revoked' && rowOf(id)?.body === '' && revisionsOf(id)
  },
}

describe.each(Object.entries(CHANGES))('%s', (_, act) => {
  it.each([
    ['2.3000.1049045808', 'while we listen'],
    ['2.3000.1034728815', 'while we listen'],
    ['2.3000.1049045808', 'while the server is down'],
  ])('on build %s, %s', async (build, when) => {
    await linked({ build })
    isDown = when === 'while the server is down'
    const after = await act(harness.world)
    if (isDown) {
      await harness.restart()
      await harness.synced()
    }
    await expect.poll(after).toEqual(['helo'])
    await expectComplete()
  })
})

describe('reactions', () => {
  it.each([
    ['2.3000.1049045808', false],
    ['2.3000.1034728815', false],
    ['2.3000.1049045808', true],
  ])('on build %s, the server down: %s, are those that stand', async (build, down) => {
    await linked({ build })
    isDown = down
    const { id } = await harness.world.write({ from: AMARA, text: 'look' })
    await seen(id)
    await harness.world.react({ id, by: AMARA, emoji: '👍' })
    await harness.world.react({ id, by: 'me', emoji: '😂' })
    await harness.world.react({ id, by: AMARA, emoji: '❤️' })
    await harness.world.react({ id, by: 'me', emoji: '' })
    if (isDown) {
      await harness.restart()
      await harness.synced()
    }
    const reactions = () =>
      readArchive(file(), ({ changes }) => changes.reactions(rowOf(id)?.place ?? 0).map(({ emoji }) => emoji))
    await expect.poll(reactions).toEqual(['❤️'])
  })
})

describe('a chat', () => {
  it('that moves to LIDs in the middle stays one', async () => {
    await linked()
    const { phone } = harness.world.addContact({ phone: '15557770002', name: 'Mover' })
    await harness.world.write({ from: phone, text: 'by phone' })
    await expectComplete()
    await harness.world.migrateChat({ phone })
    await harness.world.write({ from: phone, text: 'by LID' })
    await harness.post('/api/send', { phone_number: phone, message: 'an answer' })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['by phone', 'by LID', 'an answer'])
    await harness.app.close()
    await harness.world.write({ from: phone, text: 'while you were away' })
    await harness.restart()
    await harness.synced()
    await expectComplete()
    const { json } = await harness.get('/api/chats?limit=100')
    expect(json.chats.filter(({ id }: { id: string }) => id === `${phone}@c.us`)).toHaveLength(1)
  })

  it.each([
    ['by phone number', false],
    ['by LID', true],
  ])('of somebody whose number passes to another person stays theirs (%s)', async (_, lidChat) => {
    await linked()
    const phone = '15557770009'
    const { lid } = harness.world.addContact({ phone, name: 'Alice', lidChat })
    const t = Math.floor(Date.now() / 1000) - 86_400
    await harness.world.write({ from: phone, text: 'from Alice', t })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['from Alice'])
    const lidOf = async () => (await harness.get(`/api/contacts/${phone}@c.us`)).json.contact?.lid
    await expect.poll(lidOf).toBe(`${lid}@lid`)
    const bob = await harness.world.moveNumber({ phone, pushname: 'Bob' })
    await expect.poll(() => bodies(`${lid}@lid`)).toEqual(['from Alice'])
    await harness.world.write({ from: phone, text: 'from Bob' })
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['from Bob'])
    await harness.app.close()
    await harness.world.write({ from: phone, text: 'more from Bob' })
    await harness.restart()
    await harness.synced()
    await expect.poll(() => bodies(`${phone}@c.us`)).toEqual(['from Bob', 'more from Bob'])
    expect(bodies(`${lid}@lid`)).toEqual(['from Alice'])
    expect(await lidOf()).toBe(`${bob.lid}@lid`)
    const chats = (await harness.get('/api/chats?limit=100')).json.chats.map(({ id }: { id: string }) => id)
    expect(chats).toEqual(expect.arrayContaining([`${phone}@c.us`, `${lid}@lid`]))
  })

  it('of a person with a LID only becomes the chat of the phone number when that is known', async () => {
    await linked()
    const person = harness.world.addContact({
      phone: '15557770003',
      pushname: 'Hidden',
      phoneHidden: true,
      lidChat: true,
    })
    await harness.world.write({ from: person.phone, text: 'guess who' })
    await expect.poll(() => bodies(`${person.lid}@lid`)).toEqual(['guess who'])
    await harness.world.revealPhone({ lid: person.lid })
    await expect.poll(() => bodies(`${person.phone}@c.us`)).toEqual(['guess who'])
    await harness.world.write({ from: person.phone, text: 'it is me' })
    await expectComplete()
  })

  it('is archived, pinned, muted, read and renamed as on the phone, at once', async () => {
    await linked()
    const chat = `${AMARA}@c.us`
    const shown = async () => {
      const { json } = await harness.get(`/api/chats/${chat}`)
      const { archived, pinned, muted, unread_count, name } = json.chat
      return { archived, pinned, muted, unread_count, name }
    }
    await harness.world.write({ from: AMARA, text: 'unread' })
    await expect.poll(shown).toMatchObject({ unread_count: 1, archived: false, pinned: false, muted: false })
    await harness.world.archiveChat({ chat, archived: true })
    await harness.world.pinChat({ chat, pinned: true })
    await harness.world.muteChat({ chat, until: -1 })
    await harness.world.readChat({ chat })
    await harness.world.renameContact({ phone: AMARA, name: 'Amara the Great' })
    await expect
      .poll(shown)
      .toEqual({ archived: true, pinned: true, muted: true, unread_count: 0, name: 'Amara the Great' })
    await harness.world.markUnread({ chat })
    await expect
      .poll(async () => (await harness.get(`/api/chats/${chat}`)).json.chat)
      .toMatchObject({
        unread_count: 0,
        marked_unread: true,
      })
    await harness.world.deleteChat({ chat })
    await expect
      .poll(async () =>
        (await harness.get('/api/chats?limit=100')).json.chats.map(({ id }: { id: string }) => id),
      )
      .not.toContain(chat)
    expect(bodies(chat)?.length).toBeGreaterThan(0)
  })
})

describe('history', () => {
  it('stops at the budget; what is older comes on demand', async () => {
    harness = await openHarness({ env: { WHATSAPP_HISTORY_PER_CHAT: '100' } })
    for (let n = 0; n < 300; n += 1) await harness.world.write({ from: AMARA, text: `old ${n}` })
    await harness.link()
    await harness.synced()
    const texts = () => bodies(`${AMARA}@c.us`) ?? []
    expect(texts()).toEqual(Array.from({ length: 100 }, (_, n) => `old ${n + 200}`))
    const path = `/api/chats/${AMARA}@c.us/load-earlier`
    const first = await harness.post(path, { count: 150 })
    expect(first.json).toMatchObject({ ok: true, added: 150, history_complete: false })
    expect(texts()).toHaveLength(250)
    const rest = await harness.post(path, { count: 200 })
    expect(rest.json).toMatchObject({ ok: true, history_complete: true })
    await expectComplete()
    expect((await harness.post(path, {})).json).toMatchObject({ added: 0, history_complete: true })
  })

  it('that was cut short goes on with the next start', async () => {
    harness = await openHarness({ env: { WHATSAPP_HISTORY_PAUSE_MS: '20' } })
    for (let n = 0; n < 800; n += 1) await harness.world.write({ from: AMARA, text: `old ${n}` })
    await harness.link()
    await expect.poll(() => harness.app.session.status().sync?.messages, { interval: 5 }).toBeGreaterThan(100)
    await harness.app.close()
    const before = bodies(`${AMARA}@c.us`)?.length ?? 0
    expect(before).toBeLessThan(800)
    await harness.restart()
    await harness.until('ready')
    await harness.synced()
    await expectComplete()
  })

  it('that is still on the phone is named so, and comes when the phone is asked', async () => {
    harness = await openHarness()
    const chat = `${AMARA}@c.us`
    for (let n = 0; n < 100; n += 1) await harness.world.write({ from: AMARA, text: `old ${n}` })
    await harness.world.setFault({
      name: 'earlier_messages',
      value: { mode: 'incomplete', keep: 3, transfer: 0, chat },
    })
    await harness.link()
    await harness.synced()
    expect((await harness.get(`/api/messages?chat_id=${chat}&limit=100`)).json).toMatchObject({
      count: 3,
      history_complete: false,
      history: { state: 'on_phone', reason: 'phone_has_more', next_try_at: expect.any(String) },
    })
    expect(harness.world.state().phoneAsked).toEqual([])
    const answer = await harness.post(`/api/chats/${chat}/load-earlier`, {})
    expect(answer.json).toMatchObject({ added: 0, history_complete: false })
    await expectComplete()
    const { json } = await harness.get(`/api/messages?chat_id=${chat}`)
    expect([json.history_complete, json.history]).toEqual([true, undefined])
    expect(harness.world.state().phoneAsked).toEqual([chat])
  })

  it('is not asked for where none is wanted', async () => {
    harness = await openHarness({ env: { WHATSAPP_HISTORY_DAYS: '0' } })
    for (let n = 0; n < 200; n += 1)
      await harness.world.write({ from: AMARA, text: `old ${n}`, t: 1_750_000_000 + n })
    await harness.link()
    await harness.synced()
    expect(bodies(`${AMARA}@c.us`)?.length).toBeLessThanOrEqual(50)
  })
})

describe('two accounts in one directory', () => {
  it('have an archive each, and only the linked one is served', async () => {
    await linked()
    const first = file()
    await harness.post('/api/logout')
    harness.world.switchAccount({ phone: '15550002000', pushname: 'Somebody else' })
    await harness.link()
    await harness.synced()
    expect(file()).not.toBe(first)
    const chats = new Set([...kept().keys()])
    expect([...readArchive(first, keptMessages).keys()].some((chat) => chats.has(chat))).toBe(false)
    const { json } = await harness.get('/api/chats?limit=100')
    expect(json.chats.every(({ id }: { id: string }) => chats.has(id))).toBe(true)
  })
})

describe('reading', () => {
  it('goes on in every state, and says since when it may lack something', async () => {
    harness = await openHarness()
    expect((await harness.get('/api/chats')).json).toMatchObject({ code: 'not_linked' })
    await harness.link()
    await harness.synced()
    expect((await harness.get('/api/chats')).json).not.toHaveProperty('stale_since')
    await harness.restart()
    // Not ready yet.
    const starting = (await harness.get('/api/chats')).json
    expect(starting).toMatchObject({ ok: true, stale_since: expect.stringMatching(/^20.*Z$/) })
    expect(starting.count).toBeGreaterThan(5)
    await harness.until('ready')
    await harness.synced()
    await harness.world.unlink()
    await harness.until('stopped')
    expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true, count: starting.count })
    expect((await harness.post('/api/logout')).json).toMatchObject({ ok: true })
    expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true, count: starting.count })
  })
})
