/** Forwarding a message, and who got one: over HTTP, the real library, the double's world as the witness. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewContent, WorldMessage } from '../simulator/simulator.ts'
import { archivedId, type Harness, openHarness } from './harness.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
const MING = '15550001103'
/** A number that is on WhatsApp, of a person without a chat. */
const NORA = '15550003004'

let harness: Harness
/** A test that fails leaves no fault to the next one. */
afterEach(() => harness.world.clearFaults())
const bare = (id: string) => id.split('_')[2] ?? ''
const world = (id: string) => harness.world.messages().find((one) => one.id === bare(id))
const idOf = (message: Pick<WorldMessage, 'id' | 'chat'>) => archivedId(harness, message)
const forward = (id: string, ...chats: string[]) => harness.post(`/api/messages/${id}/forward`, { chats })
const receipts = (id: string) => harness.get(`/api/messages/${id}/receipts`)
const open = async (build: string, env: Record<string, string> = {}, clock?: TestClock) => {
  harness = await openHarness({ build, env, ...(clock && { clock }) })
  harness.world.addContact({ phone: NORA, name: 'Nora Neu' })
  await harness.link()
  await vi.waitFor(() => expect(harness.app.archive.staleSince()).toBeNull(), {
    timeout: 60_000,
    interval: 20,
  })
}
const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const copies = (text: string) =>
  harness.world.messages().filter(({ body, fromMe }) => fromMe && body === text)
const items = async (query: string) => (await harness.get(`/api/outbox?${query}`)).json.items
const hike = () => harness.world.state().groups.find(({ subject }) => subject.startsWith('Weekend'))?.id ?? ''

describe.each(['2.3000.1048116627', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(() => open(build))
  afterAll(() => harness.close())

  it('forwards to a person, a chat by LID, a group and somebody without a chat, in order', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'pass it on' }))
    const { status, json } = await forward(id, `${JURGEN}@c.us`, MING, 'weekend hike', 'Nora Neu')
    expect(status).toBe(200)
    expect(json).toMatchObject({ ok: true, message_id: id })
    expect(json.results.map((one: { id: string }) => one.id)).toEqual([
      `${JURGEN}@c.us`,
      `${MING}@c.us`,
      hike(),
      `${NORA}@c.us`,
    ])
    for (const { ok, message_id, type } of json.results) {
      expect([ok, type]).toEqual([true, 'chat'])
      expect(world(message_id)).toMatchObject({ body: 'pass it on', fromMe: true, forwarded: 1 })
      const { message } = (await harness.get(`/api/messages/${message_id}`)).json
      expect(message).toMatchObject({ id: message_id, body: 'pass it on', forwarded: true, from_me: true })
    }
    expect(new Set(json.results.map((one: { message_id: string }) => one.message_id)).size).toBe(4)
  })

  it('names to a key that cannot read the chats that got the message, and no others', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'to two' }))
    const { secret } = (await harness.post('/api/keys', { name: 'send', scopes: ['send'] })).json
    // One chat twice: the second time fails.
    const body = { chats: [JURGEN, `${JURGEN}@c.us`] }
    const namesFor = async (headers: Record<string, string>) => {
      const path = `/api/messages/${id}/forward`
      const { json } = await harness.call({ method: 'POST', path, body, headers })
      return json.results.map(({ ok, name }: { ok: boolean; name?: string }) => [ok, name !== undefined])
    }
    expect(await namesFor({})).toEqual([
      [true, true],
      [false, true],
    ])
    expect(await namesFor({ authorization: `Bearer ${secret}` })).toEqual([
      [true, true],
      [false, false],
    ])
  })

  it('forwards a photo with its caption, and a voice note as an audio file', async () => {
    const photo = await harness.world.writeContent({
      from: AMARA,
      content: { type: 'image', caption: 'our cat' },
    })
    const [cat] = (await forward(await idOf(photo), JURGEN)).json.results
    expect(cat).toMatchObject({ ok: true, type: 'image' })
    expect(world(cat.message_id)).toMatchObject({ type: 'image', caption: 'our cat' })
    const note = await harness.world.writeContent({ from: AMARA, content: { type: 'ptt' } })
    const [voice] = (await forward(await idOf(note), JURGEN)).json.results
    expect(voice).toMatchObject({ ok: true, type: 'audio' })
    for (const [copy, { id }] of [
      [cat, photo],
      [voice, note],
    ])
      expect(harness.world.openMedia({ id: bare(copy.message_id) }).data).toBe(
        harness.world.openMedia({ id }).data,
      )
  })

  it('forwards a photo that only the phone still has, and none that it has no more', async () => {
    const photo = () => harness.world.writeContent({ from: AMARA, content: { type: 'image' } })
    const [kept, gone] = [await photo(), await photo()]
    harness.world.expireMedia({ id: kept.id })
    harness.world.expireMedia({ id: gone.id, onPhone: true })
    expect((await forward(await idOf(kept), JURGEN)).json.results).toMatchObject([
      { ok: true, type: 'image' },
    ])
    expect((await forward(await idOf(gone), JURGEN)).json.results).toMatchObject([{ code: 'action_refused' }])
  })

  it.each<[string, NewContent]>([
    ['poll', { type: 'poll_creation', poll: { name: 'Where?', options: ['Here', 'There'] } }],
    [
      'event',
      { type: 'raw', model: { type: 'event_creation', eventName: 'Party', eventStartTime: 1_700_000_000 } },
    ],
  ])('forwards no %s', async (_, content) => {
    const id = await idOf(await harness.world.writeContent({ from: AMARA, content }))
    const before = harness.world.countMessages()
    expect((await forward(id, JURGEN)).json.results).toMatchObject([{ code: 'action_refused' }])
    expect(harness.world.countMessages()).toBe(before)
  })

  it('says for each chat why not, and forwards to the others', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'to some' }))
    const { json } = await forward(id, 'nobody at all', JURGEN, `${JURGEN}@c.us`, '15559990001')
    expect(json.results.map(({ ok, code }: { ok: boolean; code?: string }) => code ?? ok)).toEqual([
      'chat_not_found',
      true,
      'invalid_input',
      'not_on_whatsapp',
    ])
    expect(harness.world.messages().filter(({ body, fromMe }) => fromMe && body === 'to some')).toHaveLength(
      1,
    )
  })

  it('that reaches nobody is refused, with what is wrong for each chat', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'to nobody' }))
    const { status, json } = await forward(id, 'nobody at all', '15559990001')
    expect([status, json.code]).toEqual([404, 'chat_not_found'])
    expect(json.results).toMatchObject([{ code: 'chat_not_found' }, { code: 'not_on_whatsapp' }])
  })

  it('forwards what was forwarded very often to one chat only', async () => {
    const chain = await harness.world.writeContent({
      from: AMARA,
      content: { type: 'chat', text: 'chain letter', forwarded: 127 },
    })
    const id = await idOf(chain)
    const several = (await forward(id, JURGEN, MING)).json.results
    expect(several.map(({ code }: { code: string }) => code)).toEqual(['action_refused', 'action_refused'])
    expect((await forward(id, JURGEN)).json.results).toMatchObject([{ ok: true }])
  })

  it.each([
    ['no chat', []],
    ['six chats', ['1', '2', '3', '4', '5', '6']],
  ])('%s is a 400', async (_, chats) => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'to none' }))
    const { status, json } = await forward(id, ...chats)
    expect([status, json.code]).toEqual([400, 'invalid_input'])
  })

  it('forwards what the owner wrote, which is not labelled', async () => {
    const own = await harness.world.writeFromPhone({ chat: `${AMARA}@c.us`, text: 'my own words' })
    const [one] = (await forward(await idOf(own), JURGEN)).json.results
    expect(one).toMatchObject({ ok: true, type: 'chat' })
    expect(world(one.message_id)).toMatchObject({ body: 'my own words', fromMe: true })
    expect(world(one.message_id)).not.toHaveProperty('forwarded')
  })

  it.each([JURGEN, MING])('forwards nothing to %s while this account blocks them', async (phone) => {
    const block = (method: string) => harness.call({ method, path: `/api/contacts/${phone}/block` })
    const id = await idOf(await harness.world.write({ from: AMARA, text: `not for ${phone}` }))
    expect((await block('PUT')).status).toBe(200)
    expect((await forward(id, phone)).json.results).toMatchObject([{ ok: false, code: 'action_refused' }])
    expect(copies(`not for ${phone}`)).toEqual([])
    expect((await block('DELETE')).status).toBe(200)
    expect((await forward(id, phone)).json.results).toMatchObject([{ ok: true }])
    expect(copies(`not for ${phone}`)).toHaveLength(1)
  })

  it('says that a file was not sent if WhatsApp Web could not send it', async () => {
    const content = { type: 'document', media: { filename: 'plan.pdf' } } as const
    const id = await idOf(await harness.world.writeContent({ from: AMARA, content }))
    const before = harness.world.countMessages()
    await fault('send_rejects')
    const [one] = (await forward(id, JURGEN)).json.results
    await harness.world.clearFaults()
    expect(one).toMatchObject({ ok: false, code: 'whatsapp_error' })
    expect(harness.world.countMessages()).toBe(before)
  })

  it('takes nothing that the phone forwards meanwhile for its own', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'passed on twice' }))
    await fault('send_waits')
    await fault('send_fails')
    const answer = forward(id, JURGEN)
    await expect.poll(async () => (await items('state=sending')).length).toBe(1)
    const content = { type: 'chat', text: 'passed on twice', forwarded: 1 } as const
    const byPhone = await harness.world.writeContent({ from: 'me', chat: `${JURGEN}@c.us`, content })
    await idOf(byPhone)
    await fault('send_waits', false)
    const [one] = (await answer).json.results
    await harness.world.clearFaults()
    expect(one).toMatchObject({ ok: false, code: 'whatsapp_error' })
    expect(copies('passed on twice').map((copy) => copy.id)).toEqual([byPhone.id])
    expect((await items('limit=1'))[0]).toMatchObject({ state: 'failed', message_id: null })
  })

  it('does not forward what was deleted', async () => {
    const message = await harness.world.write({ from: AMARA, text: 'oops' })
    const id = await idOf(message)
    await harness.world.revoke({ id: message.id })
    await expect
      .poll(async () => (await harness.get(`/api/messages/${id}`)).json.message.type)
      .toBe('revoked')
    const [one] = (await forward(id, JURGEN)).json.results
    expect(one).toMatchObject({
      ok: false,
      code: 'action_refused',
      detail: 'This message was deleted for everyone.',
    })
  })

  it('says who got and read a message', async () => {
    const sent = await harness.post('/api/send', { phone_number: AMARA, message: 'did you get it?' })
    const id = sent.json.message_id
    await expect.poll(async () => (await receipts(id)).json.people[0]?.delivered_at).toBeTruthy()
    await harness.world.read({ by: AMARA })
    await expect.poll(async () => (await receipts(id)).json.people[0]?.read_at).toBeTruthy()
    const { json } = await receipts(id)
    expect(json).toMatchObject({ ok: true, message_id: id, count: 1, waiting: 0 })
    expect(json.people).toEqual([
      {
        id: `${AMARA}@c.us`,
        name: 'Amara Okafor',
        delivered_at: expect.stringMatching(/^\d{4}-.*Z$/),
        read_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ])
  })

  it('says who of a group read it, and how many have not got it', async () => {
    const sent = await harness.post(`/api/chats/${hike()}/messages`, { message: 'who read this?' })
    const id = sent.json.message_id
    await harness.world.receive({ id: bare(id), by: AMARA, ack: 2 })
    await harness.world.receive({ id: bare(id), by: JURGEN, ack: 3 })
    const { json } = await receipts(id)
    expect(json.waiting).toBe(1)
    const names = Object.fromEntries(json.people.map((one: { name: string }) => [one.name, one]))
    expect(names['Amara Okafor']).toHaveProperty('delivered_at')
    expect(names['Jürgen Müller']).toHaveProperty('read_at')
  })

  it('has no receipts of the messages of others', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'mine' }))
    const { status, json } = await receipts(id)
    expect([status, json.code]).toEqual([422, 'action_refused'])
  })
})

describe('on the newest build, whose module throws although it is loaded', () => {
  beforeAll(() => open('2.3000.1049045808'))
  afterAll(() => harness.close())

  it('says that this build does not forward, and sends nothing', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'stays here' }))
    const { status, json } = await forward(id, JURGEN, MING)
    expect(status).toBe(501)
    expect(json.code).toBe('not_supported_by_whatsapp_web')
    expect(json.missing).toEqual(['WAWebChatForwardMessage.forwardMessages()'])
    expect(harness.world.messages().filter(({ body, fromMe }) => fromMe && body === 'stays here')).toEqual([])
  })
})

describe('with an outcome that is unknown', () => {
  /** The time after which a forward without a response is unknown. */
  const ACT_MS = 29_000
  const clock = createTestClock()
  beforeAll(() => open('2.3000.1048116627', {}, clock))
  afterAll(() => harness.close())

  /** Forwards a text of Amara to Jürgen, which WhatsApp takes without a word. Returns the item and the id of the copy. */
  async function forwardUnknown(text: string) {
    const id = await idOf(await harness.world.write({ from: AMARA, text }))
    await fault('send_hangs', { delivered: true })
    const answer = forward(id, JURGEN)
    await expect.poll(() => copies(text).length, { timeout: 60_000 }).toBe(1)
    clock.advance(ACT_MS)
    const { status, json } = await answer
    expect([status, json.code]).toEqual([504, 'send_outcome_unknown'])
    const [one] = json.results
    await harness.world.clearFaults()
    const copy = copies(text)[0]?.id ?? ''
    expect(one).toMatchObject({ ok: false, code: 'send_outcome_unknown', outbox_id: expect.any(String) })
    expect(bare(one.message_id)).toBe(copy)
    return { item: () => harness.get(`/api/outbox/${one.outbox_id}`).then(({ json }) => json.item), copy }
  }

  it('is settled by an echo of WhatsApp', async () => {
    const { item } = await forwardUnknown('heard of later')
    expect((await item()).state).toBe('unknown')
    await harness.world.read({ by: JURGEN })
    await expect.poll(async () => (await item()).state, { timeout: 60_000 }).toBe('sent')
  })

  it('is settled by the next look through the chat, after a restart, and is never forwarded again', async () => {
    const { item, copy } = await forwardUnknown('found later')
    await harness.restart()
    await harness.until('ready')
    await expect.poll(async () => (await item()).state, { timeout: 60_000 }).toBe('sent')
    expect(bare((await item()).message_id)).toBe(copy)
    expect(copies('found later')).toHaveLength(1)
  })
})

describe('to a chat that is never stored', () => {
  beforeAll(() => open('2.3000.1048116627', { WHATSAPP_NEVER_STORE: JURGEN }))
  afterAll(() => harness.close())

  it('reports the message that the chat got, and forwards once if the chat is named twice', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'leaves no trace' }))
    const { json } = await forward(id, JURGEN, `${JURGEN}@c.us`)
    const copies = harness.world
      .messages()
      .filter(({ body, fromMe }) => fromMe && body === 'leaves no trace')
      .map((one) => one.id)
    expect(copies).toHaveLength(1)
    const [first, second] = json.results
    expect(first).toMatchObject({ ok: true, id: `${JURGEN}@c.us` })
    expect(bare(first.message_id)).toBe(copies[0])
    expect(second).toMatchObject({ ok: false, code: 'invalid_input', id: first.id, name: first.name })
  })
})

describe('while sends wait for approval', () => {
  beforeAll(() => open('2.3000.1048116627', { WHATSAPP_MCP_SENDS: 'confirm', WHATSAPP_MCP_TOOLSETS: 'all' }))
  afterAll(() => harness.close())

  it('each chat waits as an item of its own, which shows what is forwarded', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'to two people' }))
    const client = await harness.mcp('current')
    const call = () =>
      client.callTool({
        name: 'whatsapp_forward_message',
        arguments: { message_id: id, chats: [JURGEN, MING], idempotency_key: 'two' },
      })
    const { content, isError } = await call()
    const [{ text: said = '' } = {}] = content as { text?: string }[]
    const { code, results } = JSON.parse(said.split('\n').at(-1) ?? '') as {
      code: string
      results: { code: string; outbox_id: string }[]
    }
    expect([isError, code]).toEqual([true, 'held_for_approval'])
    expect(results.map(({ code }) => code)).toEqual(['held_for_approval', 'held_for_approval'])
    const held = await items('state=held')
    expect(held.map((one: { id: string }) => one.id).sort()).toEqual(
      results.map((one) => one.outbox_id).sort(),
    )
    for (const one of held)
      expect(one).toMatchObject({ operation: 'forward_message', preview: 'Forwarded: to two people' })
    expect(copies('to two people')).toEqual([])
    const [first, second] = held
    const approved = await harness.post(`/api/outbox/${first.id}/approve`, { digest: first.digest })
    expect(approved.json.item).toMatchObject({ state: 'sent', message_id: expect.stringContaining('true_') })
    await harness.post(`/api/outbox/${second.id}/reject`)
    expect(copies('to two people').map((one) => one.id)).toEqual([bare(approved.json.item.message_id)])
    const { structuredContent } = await call()
    expect(structuredContent).toMatchObject({ ok: true, message_id: id })
    const now = (structuredContent as { results: { ok: boolean; code?: string }[] }).results
    expect(now.map(({ ok, code: why }) => why ?? ok).sort()).toEqual(['send_withdrawn', true])
    const text = await harness.call({
      method: 'PATCH',
      path: `/api/outbox/${first.id}`,
      body: { message: 'x' },
    })
    expect(text.json.code).toBe('outbox_not_held')
  })

  it('cannot be given another text, and can be scheduled', async () => {
    const id = await idOf(await harness.world.write({ from: AMARA, text: 'in an hour' }))
    const send_at = new Date(Date.now() + 3_600_000).toISOString()
    const { status: waits, json } = await harness.post(`/api/messages/${id}/forward`, {
      chats: [JURGEN],
      send_at,
    })
    expect(waits).toBe(202)
    expect(json.results).toMatchObject([{ ok: false, code: 'send_scheduled', outbox_id: expect.any(String) }])
    const path = `/api/outbox/${json.results[0].outbox_id}`
    const { status, json: problem } = await harness.call({
      method: 'PATCH',
      path,
      body: { message: 'other' },
    })
    expect([status, problem.code]).toEqual([400, 'invalid_input'])
    const soon = new Date(Date.now() + 5_000).toISOString()
    expect((await harness.call({ method: 'PATCH', path, body: { send_at: soon } })).status).toBe(200)
    await expect.poll(() => copies('in an hour').length, { timeout: 60_000 }).toBe(1)
  })
})
