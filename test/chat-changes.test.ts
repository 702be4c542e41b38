/** What the owner does to chats and people: over HTTP, the real library, the double's world as the witness. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Harness, openLinked } from './harness.ts'
import { callWire, openSession } from './mcp-wire.ts'

const AMARA = '15550001101'
/** Their chat is addressed by LID. */
const MING = '15550001103'
const OLENA = '15550001104'
const NOBODY = '15559990001'
const jid = (phone: string) => `${phone}@c.us`

let harness: Harness
const code = ({ status, json }: Answer) => [status, json.code]
const change = (phone: string, body: object): Promise<Answer> =>
  harness.call({ method: 'PATCH', path: `/api/chats/${jid(phone)}`, body })
const block = (phone: string, method = 'PUT'): Promise<Answer> =>
  harness.call({ method, path: `/api/contacts/${phone}/block` })
const chatOf = (phone: string) => {
  const lid = harness.world.state().contacts.find((one) => one.phone === phone)?.lid
  return harness.world.chats().find(({ id }) => id === jid(phone) || id === `${lid}@lid`)
}
const blocked = (phone: string) => harness.world.state().contacts.find((one) => one.phone === phone)?.blocked
const seen = async (phone: string) => (await harness.get(`/api/chats/${jid(phone)}`)).json.chat
const events = async (kind: string) => (await harness.get(`/api/events?after=0&kind=${kind}`)).json.events

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    harness = await openLinked({ build })
  })
  afterAll(() => harness.close())

  it.each([AMARA, MING])('archives, pins, mutes and marks the chat with %s, and back', async (phone) => {
    const until = new Date((Math.floor(Date.now() / 1_000) + 3_600) * 1_000).toISOString()
    const all = await change(phone, { pinned: true, muted_until: until, unread: true })
    expect(all.json).toEqual({ ok: true, chat_id: jid(phone), changed: ['pinned', 'muted_until', 'unread'] })
    expect(chatOf(phone)).toMatchObject({
      pinned: expect.any(Number),
      muteExpiration: Date.parse(until) / 1_000,
      unreadCount: -1,
    })
    expect(chatOf(phone)?.pinned).toBeGreaterThan(0)
    expect(await seen(phone)).toMatchObject({ pinned: true, muted: true, marked_unread: true })
    expect((await change(phone, { archived: true, muted_until: 'forever' })).status).toBe(200)
    expect(chatOf(phone)).toMatchObject({ archived: true, muteExpiration: -1 })
    await change(phone, { archived: false, pinned: false, muted_until: null, unread: false })
    expect(chatOf(phone)).toMatchObject({ archived: false, pinned: 0, muteExpiration: 0, unreadCount: 0 })
    expect(await seen(phone)).toMatchObject({ archived: false, pinned: false, muted: false })
    const fields = (await events('chat.changed')).flatMap(
      ({ data }: { data: { fields: string[] } }) => data.fields,
    )
    expect(fields).toEqual(expect.arrayContaining(['archived', 'pinned', 'muted', 'unread_count']))
  })

  it.each(['2099-01-01T12:00:00+01:00', '9999-12-31T23:59:59Z'])(
    'shows a chat as muted that is muted until %s',
    async (muted_until) => {
      expect((await change(AMARA, { muted_until })).status).toBe(200)
      expect(chatOf(AMARA)?.muteExpiration).toBe(Date.parse(muted_until) / 1_000)
      expect((await seen(AMARA)).muted).toBe(true)
      await change(AMARA, { muted_until: null })
    },
  )

  it('changes several chats in one call, and says which it did not', async () => {
    const changeAll = (body: object) => harness.call({ method: 'PATCH', path: '/api/chats', body })
    const chat_ids = [AMARA, MING, NOBODY].map(jid)
    const { json } = await changeAll({ chat_ids, muted_until: 'forever' })
    expect(json).toEqual({
      ok: true,
      count: 2,
      failed: [{ chat_id: jid(NOBODY), code: 'chat_not_found', detail: expect.any(String) }],
    })
    expect([AMARA, MING].map((phone) => chatOf(phone)?.muteExpiration)).toEqual([-1, -1])
    await changeAll({ chat_ids, muted_until: 'off' })
    expect([AMARA, MING].map((phone) => chatOf(phone)?.muteExpiration)).toEqual([0, 0])
    for (const wrong of [{ chat_ids }, { chat_ids: [], archived: true }, { archived: true }])
      expect(code(await changeAll(wrong))).toEqual([400, 'invalid_input'])
  })

  it('pins no fourth chat, and says so', async () => {
    const { groups } = harness.world.state()
    const [one = '', two = ''] = groups.map(({ id }) => id)
    for (const chat of [one, two, jid(OLENA)]) await harness.world.pinChat({ chat, pinned: true })
    await expect.poll(async () => (await seen(OLENA)).pinned).toBe(true)
    const answer = await change(AMARA, { pinned: true })
    expect(code(answer)).toEqual([422, 'change_refused'])
    expect(chatOf(AMARA)?.pinned).toBe(0)
    for (const chat of [one, two, jid(OLENA)]) await harness.world.pinChat({ chat, pinned: false })
  })

  it.each([
    ['nothing', {}],
    ['a time in the past', { muted_until: '2020-01-01T00:00:00Z' }],
    ['a time without a zone', { muted_until: '2099-01-01T00:00:00' }],
  ])('rejects %s', async (_, body) => {
    expect(code(await change(AMARA, body))).toEqual([400, 'invalid_input'])
  })

  it('knows no chat that is not there', async () => {
    expect(code(await change(NOBODY, { archived: true }))).toEqual([404, 'chat_not_found'])
    expect(code(await harness.post(`/api/chats/${jid(NOBODY)}/read`))).toEqual([404, 'chat_not_found'])
  })

  it('sends read receipts only when it is asked to', async () => {
    await harness.world.write({ from: AMARA, text: 'are you there?' })
    await expect.poll(async () => (await seen(AMARA)).unread_count).toBe(1)
    await harness.get(`/api/messages?chat_id=${jid(AMARA)}`)
    expect(chatOf(AMARA)?.unreadCount).toBe(1)
    const unmarked = await change(AMARA, { muted_until: null, unread: false })
    expect(unmarked.json).toMatchObject({ code: 'change_refused', changed: ['muted_until'] })
    expect(unmarked.json.hint).toContain(`POST /api/chats/{chat_id}/read`)
    expect(chatOf(AMARA)?.unreadCount).toBe(1)
    expect((await harness.post(`/api/chats/${jid(AMARA)}/read`)).json).toEqual({
      ok: true,
      chat_id: jid(AMARA),
    })
    expect(chatOf(AMARA)?.unreadCount).toBe(0)
    expect((await seen(AMARA)).unread_count).toBe(0)
  })

  it.each([AMARA, MING])('takes back the mark of %s, and sends no receipts later', async (phone) => {
    const read = (of: string) => harness.post(`/api/chats/${jid(of)}/read`)
    await change(phone, { unread: true })
    expect(chatOf(phone)?.unreadCount).toBe(-1)
    expect((await change(phone, { unread: false })).status).toBe(200)
    expect(chatOf(phone)?.unreadCount).toBe(0)
    for (const text of ['one', 'two']) await harness.world.write({ from: phone, text })
    await expect.poll(async () => (await seen(phone)).unread_count).toBe(2)
    expect((await read(OLENA)).status).toBe(200)
    // The page handles one after the other.
    await harness.world.write({ from: OLENA, text: 'thanks' })
    await expect.poll(async () => (await seen(OLENA)).unread_count).toBe(1)
    expect([chatOf(phone)?.unreadCount, (await seen(phone)).unread_count]).toEqual([2, 2])
    await read(phone)
  })

  it('shows that it types, and takes that back', async () => {
    const shown = () =>
      harness.world
        .state()
        .presences.filter(({ chat }) => chat === jid(AMARA))
        .map(({ state }) => state)
    const before = shown().length
    const path = `/api/chats/${jid(AMARA)}/presence`
    const answer = await harness.post(path, { state: 'typing', seconds: 1 })
    expect(answer.json).toEqual({ ok: true, chat_id: jid(AMARA), state: 'typing' })
    await expect.poll(() => shown().slice(before)).toEqual(['composing', 'paused'])
    // Long enough for the next request to come before it ends by itself.
    await harness.post(path, { state: 'recording', seconds: 4 })
    await harness.post(path, { state: 'paused' })
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect(shown().slice(before)).toEqual(['composing', 'paused', 'recording', 'paused'])
  })

  it('takes that back when the MCP session ends', async () => {
    const shown = () => harness.world.state().presences.filter(({ chat }) => chat === jid(AMARA))
    const before = shown().length
    const states = () =>
      shown()
        .slice(before)
        .map(({ state }) => state)
    const path = '/mcp?toolsets=chats'
    const headers = await openSession(harness.url, undefined, path)
    const given = { chat_id: jid(AMARA), state: 'typing', seconds: 60 }
    const params = { name: 'whatsapp_set_chat_presence', arguments: given }
    await callWire(harness.url, {
      path,
      headers,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
    })
    expect(states()).toEqual(['composing'])
    await callWire(harness.url, { path, headers, method: 'DELETE' })
    await expect.poll(states).toEqual(['composing', 'paused'])
  })

  it.each(['PUT', 'DELETE'])('refuses %s of a block of this account itself', async (method) => {
    const me = (await harness.get('/api/status')).json.account.wid
    const answer = await block(me, method)
    expect(code(answer)).toEqual([422, 'change_refused'])
    expect(answer.json.detail).toMatch(/this account/)
    const { operations } = (await harness.get('/api/capabilities')).json
    const { state } = operations.find((one: { operation: string }) => one.operation === 'block_contact')
    expect(state).toMatch(/works|untried/)
  })

  it.each([AMARA, MING, OLENA])(
    'blocks %s by the address that WhatsApp takes, and unblocks',
    async (phone) => {
      for (const _ of [1, 2])
        expect((await block(phone)).json).toEqual({ ok: true, contact_id: jid(phone), blocked: true })
      expect(blocked(phone)).toBe(true)
      await expect
        .poll(async () => (await harness.get(`/api/contacts/${phone}`)).json.contact.is_blocked)
        .toBe(true)
      expect((await block(phone, 'DELETE')).json.blocked).toBe(false)
      expect(blocked(phone)).toBe(false)
      expect(code(await block(NOBODY))).toEqual([422, 'not_on_whatsapp'])
    },
  )

  it('looks numbers up', async () => {
    const body = { phone_numbers: [`+${AMARA}`, MING, NOBODY, AMARA] }
    const { json } = await harness.post('/api/numbers/check', body)
    expect(json).toMatchObject({ ok: true, count: 4 })
    expect(json.results.map(({ on_whatsapp }: { on_whatsapp: boolean }) => on_whatsapp)).toEqual([
      true,
      true,
      false,
      true,
    ])
    for (const [place, phone] of [AMARA, MING].entries())
      expect(json.results[place]).toEqual({ phone_number: phone, on_whatsapp: true, id: jid(phone) })
    const { lookups } = harness.world.state()
    expect((await harness.post('/api/numbers/check', body)).json).toEqual(json)
    expect(harness.world.state().lookups).toEqual(lookups)
  })

  it('deletes a chat on WhatsApp only, and no group that it is in', async () => {
    const del = (chat: string) => harness.call({ method: 'DELETE', path: `/api/chats/${chat}` })
    expect((await del(jid(OLENA))).json).toEqual({ ok: true, chat_id: jid(OLENA) })
    expect(chatOf(OLENA)).toBeUndefined()
    await expect
      .poll(async () => (await harness.get(`/api/chats/${jid(OLENA)}`)).json.removed_at)
      .toMatch(/Z$/)
    expect((await harness.get(`/api/messages?chat_id=${jid(OLENA)}`)).json.count).toBeGreaterThan(0)
    const [group] = harness.world.state().groups
    expect(code(await del(group?.id ?? ''))).toEqual([422, 'change_refused'])
    expect(code(await del(jid(OLENA)))).toEqual([404, 'chat_not_found'])
  })
})
