/** The outbox: every message is an item first, is sent at most once, and what is unknown settles by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

/** After this time a send without a response is unknown. */
const SEND_MS = 29_000
const DAY_MS = 24 * 3_600_000

const clock = createTestClock()
let harness: Harness

beforeAll(async () => {
  harness = await openHarness({ clock })
})
afterAll(() => harness.close())
afterEach(() => harness.world.clearFaults())

const contact = (index = 0) => harness.world.state().contacts[index]?.phone ?? ''
const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const delivered = (text: string) => harness.world.messages().filter(({ body }) => body === text)
const items = async (query = '') => (await harness.get(`/api/outbox${query}`)).json.items
const newest = async () => (await items())[0]
let count = 0
/** A text that no other send has. */
const fresh = () => `outbox ${++count}`

function send(message: string, key?: string, phone_number = contact()) {
  return harness.call({
    method: 'POST',
    path: '/api/send',
    body: { phone_number, message },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })
}

it('begins with a linked account', async () => {
  await harness.link()
  await harness.synced()
})

describe('an item', () => {
  it('says what was sent, to whom, by which caller, and keeps no text of a message that never waited', async () => {
    const text = fresh()
    const { json } = await send(text)
    expect(await newest()).toEqual({
      id: expect.stringMatching(/^ob_/),
      account: 'default',
      state: 'sent',
      operation: 'send_message',
      chat: { id: `${contact()}@c.us`, name: 'Amara Okafor', phone_number: contact() },
      preview: '',
      digest: expect.stringMatching(/^[0-9a-f]{32}$/),
      caller: 'owner',
      reason: null,
      created_at: expect.any(String),
      release_at: null,
      expires_at: null,
      message_id: json.message_id,
      error: null,
    })
    expect(JSON.stringify(await items())).not.toContain(text)
    const { id } = await newest()
    expect((await harness.get(`/api/outbox/${id}`)).json).toEqual({ ok: true, item: await newest() })
  })

  it('is not found under another id', async () => {
    const { status, json } = await harness.get('/api/outbox/ob_none')
    expect([status, json.code]).toEqual([404, 'outbox_item_not_found'])
  })

  it('is in a list with pages, whose cursor is one of them', async () => {
    const list = async (query: string) => (await harness.get(`/api/outbox?${query}`)).json
    for (const _ of [1, 2]) await send(fresh())
    const { items, next_cursor } = await list('limit=1')
    expect((await list(`limit=1&before=${next_cursor}`)).items).toHaveLength(1)
    expect((await list('limit=2')).items[0]).toEqual(items[0])
    expect((await list('before=zz')).code).toBe('invalid_input')
  })

  it('is an event once it is settled, beside the message', async () => {
    const before = (await harness.get('/api/events?limit=1')).json.next_after
    const { json } = await send(fresh())
    const { events } = (await harness.get(`/api/events?after=${before}`)).json
    const settled = events.filter(({ kind }: { kind: string }) => kind === 'send.settled')
    expect(settled).toMatchObject([
      {
        chat: { id: `${contact()}@c.us` },
        data: { item_state: 'sent', operation: 'send_message', message_id: json.message_id, code: null },
      },
    ])
  })

  it('that WhatsApp refuses has failed, and says why', async () => {
    await fault('send_fails')
    expect((await send(fresh())).json.code).toBe('send_refused')
    expect(await newest()).toMatchObject({
      state: 'failed',
      message_id: null,
      error: { code: 'send_refused', detail: expect.any(String) },
    })
  })

  it('goes out after the one before it in the same chat', async () => {
    await fault('send_waits')
    const [first, second] = [fresh(), fresh()]
    const ended: string[] = []
    const track = async (text: string, phone: string) => {
      expect((await send(text, undefined, phone)).status).toBe(200)
      ended.push(text)
    }
    const all = [track(first, contact()), track(second, contact())]
    // The second is an item at its turn.
    await expect.poll(async () => (await items('?state=sending')).length).toBe(1)
    await fault('send_waits', false)
    await Promise.all(all)
    expect(ended).toEqual([first, second])
  })
})

describe('a call with an idempotency key', () => {
  it('is sent once, and repeated with the same status and body', async () => {
    const text = fresh()
    const first = await send(text, 'key-1')
    expect(first.status).toBe(200)
    for (const again of [await send(text, 'key-1'), await send(text, 'key-1')]) {
      expect([again.status, again.json]).toEqual([200, first.json])
    }
    expect(delivered(text)).toHaveLength(1)
    await harness.restart()
    await harness.until('ready')
    expect((await send(text, 'key-1')).json).toEqual(first.json)
    expect(delivered(text)).toHaveLength(1)
  })

  it('is refused with another input, and another operation has keys of its own', async () => {
    const text = fresh()
    await send(text, 'key-2')
    const other = await send(fresh(), 'key-2')
    expect([other.status, other.json.code, other.json.retry]).toEqual([
      422,
      'idempotency_key_reused',
      'never',
    ])
    const toChat = await harness.call({
      method: 'POST',
      path: `/api/chats/${contact()}/messages`,
      body: { message: text },
      headers: { 'idempotency-key': 'key-2' },
    })
    expect(toChat.status).toBe(200)
    expect(delivered(text)).toHaveLength(2)
  })

  it('is refused while the first one runs', async () => {
    await fault('send_waits')
    const text = fresh()
    const first = send(text, 'key-3')
    await expect.poll(async () => (await items('?state=sending')).length).toBe(1)
    const again = await send(text, 'key-3')
    expect([again.status, again.json.code]).toEqual([409, 'idempotency_in_progress'])
    expect(again.headers['retry-after']).toBe('1')
    await fault('send_waits', false)
    expect((await first).status).toBe(200)
    expect(delivered(text)).toHaveLength(1)
  })

  it.each(['', 'with a space', 'x'.repeat(201), 'ümlaut'])('must be visible ASCII: %j', async (key) => {
    const text = fresh()
    const { status, json } = await send(
      text,
      encodeURI(key) === key ? key : Buffer.from(key).toString('latin1'),
    )
    expect([status, json.code]).toEqual([400, 'invalid_input'])
    expect(delivered(text)).toEqual([])
  })

  it('can be used again when nothing was done and a retry may help', async () => {
    const text = fresh()
    await harness.app.session.stop()
    const early = await send(text, 'key-4')
    expect([early.status, early.json.code]).toEqual([503, 'not_connected'])
    await harness.post('/api/auth/start')
    await harness.until('ready')
    expect((await send(text, 'key-4')).status).toBe(200)
    expect(delivered(text)).toHaveLength(1)
  })

  it('is repeated while the session is not ready, as a tool and as a form too', async () => {
    const text = fresh()
    const client = await harness.mcp('plain')
    const tool = () =>
      client.callTool({
        name: 'whatsapp_send_message',
        arguments: { phone_number: contact(), message: text, idempotency_key: 'key-8' },
      })
    const form = async () => {
      const body = new FormData()
      body.append('file', new File([text], 'Plan.txt', { type: 'text/plain' }))
      const init = { method: 'POST', body, headers: { 'idempotency-key': 'key-8' } }
      const response = await fetch(`${harness.url}/api/chats/${contact()}@c.us/media`, init)
      return [response.status, await response.json()]
    }
    const first = [await tool(), await form()]
    expect(first).toMatchObject([{ structuredContent: { ok: true } }, [200, { ok: true }]])
    await harness.app.session.stop()
    expect([await tool(), await form()]).toEqual(first)
    await harness.post('/api/auth/start')
    await harness.until('ready')
    expect(delivered(text)).toHaveLength(1)
  })

  it('repeats a refusal', async () => {
    const text = fresh()
    await fault('send_fails')
    const first = await send(text, 'key-5')
    await fault('send_fails', false)
    const again = await send(text, 'key-5')
    const { request_id: _, ...body } = first.json
    expect(again.json).toMatchObject(body)
    expect(delivered(text)).toEqual([])
  })

  it('is forgotten after 7 days', async () => {
    const text = fresh()
    await send(text, 'key-6')
    clock.advance(7 * DAY_MS + 60_000)
    await harness.until('ready')
    expect((await send(text, 'key-6')).status).toBe(200)
    expect(delivered(text)).toHaveLength(2)
  })

  it('works for tools too', async () => {
    const text = fresh()
    const client = await harness.mcp('current')
    const call = () =>
      client.callTool({
        name: 'whatsapp_send_message',
        arguments: { phone_number: contact(), message: text, idempotency_key: 'key-7' },
      })
    const first = await call()
    expect((await call()).structuredContent).toEqual(first.structuredContent)
    expect(delivered(text)).toHaveLength(1)
  })

  it('holds for every operation that is not a reading', async () => {
    const headers = { 'idempotency-key': 'key-8' }
    const body = { id: 'keyed' }
    const add = () => harness.call({ method: 'POST', path: '/api/accounts', body, headers })
    expect((await add()).status).toBe(201)
    expect((await add()).status).toBe(201)
    const remove = async () => {
      const { status, json } = await harness.call({ method: 'DELETE', path: '/api/accounts/keyed', headers })
      return [status, json.code ?? json.archive_deleted]
    }
    expect(await remove()).toEqual([200, false])
    expect(await remove()).toEqual([200, false])
  })

  it('is free again after a call on an account that does not exist', async () => {
    const headers = { 'idempotency-key': 'key-9' }
    const remove = async () =>
      (await harness.call({ method: 'DELETE', path: '/api/accounts/later', headers })).status
    expect(await remove()).toBe(404)
    await harness.post('/api/accounts', { id: 'later' })
    expect(await remove()).toBe(200)
  })
})

describe('an unknown outcome', () => {
  /** Sends a text that WhatsApp takes without a word. */
  async function sendUnknown(text: string, key: string): Promise<void> {
    await fault('send_hangs', { delivered: true })
    const answer = send(text, key)
    await expect.poll(() => delivered(text).length).toBe(1)
    clock.advance(SEND_MS)
    const { status, json } = await answer
    expect([status, json.code]).toEqual([504, 'send_outcome_unknown'])
    expect(json.message_id).toBe(`true_${contact()}@c.us_${delivered(text)[0]?.id}`)
    const { message_id, outbox_id } = json
    expect(await newest()).toMatchObject({ id: outbox_id, state: 'unknown', message_id })
    await fault('send_hangs', false)
  }

  it('is settled by the next look through the chat, after a restart, and is never sent again', async () => {
    const text = fresh()
    await sendUnknown(text, 'unknown-1')
    expect((await send(text, 'unknown-1')).json.code).toBe('send_outcome_unknown')
    await harness.restart()
    await harness.until('ready')
    await expect.poll(async () => (await newest()).state).toBe('sent')
    const { json } = await harness.get('/api/events?after=0&kind=send.settled&limit=100')
    expect(
      json.events.slice(-2).map(({ data }: { data: { item_state: string } }) => data.item_state),
    ).toEqual(['unknown', 'sent'])
    const again = await send(text, 'unknown-1')
    expect(again.status).toBe(200)
    expect(again.json).toMatchObject({ ok: true, message_id: (await newest()).message_id })
    expect(delivered(text)).toHaveLength(1)
  })

  it('is settled by an echo of WhatsApp in the same run', async () => {
    const text = fresh()
    await sendUnknown(text, 'unknown-2')
    await harness.world.read({ by: contact() })
    await expect.poll(async () => (await newest()).state).toBe('sent')
    expect(delivered(text)).toHaveLength(1)
  })
})

const HOUR_MS = 3_600_000
const item = async (id: string) => (await harness.get(`/api/outbox/${id}`)).json.item
const decide = (id: string, what: string, body: object = {}) =>
  harness.post(`/api/outbox/${id}/${what}`, body)
const change = (id: string, body: object) =>
  harness.call({ method: 'PATCH', path: `/api/outbox/${id}`, body })

describe('a message that waits for its time', () => {
  const later = (ms: number) => new Date(clock.now() + ms).toISOString().replace('Z', '+00:00')
  const schedule = async (message: string, ms: number) => {
    const { status, json } = await harness.post('/api/send', {
      phone_number: contact(),
      message,
      send_at: later(ms),
    })
    expect([status, json.ok]).toEqual([202, true])
    return json.item
  }

  it('is shown with its text, and goes out then, once', async () => {
    const text = fresh()
    const scheduled = await schedule(text, HOUR_MS)
    expect(scheduled).toMatchObject({
      state: 'scheduled',
      reason: 'send_at',
      preview: text,
      chat: { name: 'Amara Okafor', phone_number: contact() },
      message_id: null,
    })
    expect(Date.parse(scheduled.expires_at) - Date.parse(scheduled.release_at)).toBe(HOUR_MS)
    expect(delivered(text)).toEqual([])
    clock.advance(HOUR_MS + 1_000)
    await expect.poll(() => delivered(text).length).toBe(1)
    await expect.poll(async () => (await item(scheduled.id)).state).toBe('sent')
    const events = (
      await harness.get('/api/events?after=0&kind=send.held,send.released,send.settled&limit=100')
    ).json.events
    expect(
      events
        .slice(-3)
        .map(({ kind, data }: { kind: string; data: { item_state: string } }) => [kind, data.item_state]),
    ).toEqual([
      ['send.held', 'scheduled'],
      ['send.released', 'sending'],
      ['send.settled', 'sent'],
    ])
  })

  it('is repeated with its key: scheduled before its time, and sent after it', async () => {
    const text = fresh()
    const call = { phone_number: contact(), message: text, send_at: later(HOUR_MS) }
    const post = () =>
      harness.call({
        method: 'POST',
        path: '/api/send',
        body: call,
        headers: { 'idempotency-key': 'key-later' },
      })
    const first = await post()
    const early = await post()
    expect([early.status, early.json.item]).toEqual([202, first.json.item])
    clock.advance(HOUR_MS + 1_000)
    await expect.poll(async () => (await item(first.json.item.id)).state).toBe('sent')
    const again = await post()
    expect([again.status, again.json.message_id]).toEqual([200, (await item(first.json.item.id)).message_id])
    expect(delivered(text)).toHaveLength(1)
  })

  it.each(['legacy', 'current', 'plain'] as const)(
    'is a success for tools, with its item: %s',
    async (lane) => {
      const client = await harness.mcp(lane)
      // This client checks results against the schemas of the tools.
      await client.listTools()
      const call = {
        phone_number: contact(),
        message: fresh(),
        send_at: later(HOUR_MS),
        idempotency_key: fresh().replaceAll(' ', '-'),
      }
      const answers = [
        await client.callTool({ name: 'whatsapp_send_message', arguments: call }),
        await client.callTool({
          name: 'whatsapp_send_message',
          arguments: { ...call, response_format: 'concise' },
        }),
      ]
      const whole = await newest()
      const { id, state, release_at, chat } = whole
      expect(answers.map(({ isError }) => isError ?? false)).toEqual([false, false])
      expect(answers.map(({ structuredContent }) => structuredContent)).toEqual([
        { ok: true, item: whole },
        { ok: true, item: { id, state, release_at, chat } },
      ])
      const [detailed, concise] = answers.map(({ content }) => (content as { text: string }[])[0]?.text ?? '')
      expect(JSON.parse(detailed ?? '')).toEqual({ ok: true, item: whole })
      expect(concise).toContain(
        `Scheduled, not sent yet: at ${release_at}, item ${id}, to "Amara Okafor" [${chat.id}]`,
      )
      await decide(id, 'cancel')
    },
  )

  it('survives a restart', async () => {
    const text = fresh()
    const { id } = await schedule(text, HOUR_MS)
    await harness.restart()
    await harness.until('ready')
    expect((await item(id)).state).toBe('scheduled')
    clock.advance(HOUR_MS + 1_000)
    await expect.poll(() => delivered(text).length).toBe(1)
  })

  it('survives a stop of the server at its time, while it waits for the message before it', async () => {
    const [text, slow] = [fresh(), fresh()]
    const { id } = await schedule(text, HOUR_MS)
    // Its time must not come before the other message is under way.
    clock.advance(HOUR_MS - 3_000)
    await harness.until('ready')
    await fault('send_waits')
    const lost = send(slow).catch(() => {})
    await expect.poll(async () => (await items('?state=sending')).length).toBe(1)
    clock.advance(4_000)
    await expect.poll(async () => (await item(id)).state).toBe('sending')
    await harness.restart()
    await lost
    await harness.world.clearFaults()
    await harness.until('ready')
    await expect.poll(() => delivered(text).length).toBe(1)
    await expect.poll(async () => (await item(id)).state).toBe('sent')
  })

  it('that was missed goes out within an hour, one by one, and expires after that', async () => {
    const [soon, second, old] = [fresh(), fresh(), fresh()]
    const kept = [await schedule(soon, 80 * 60_000), await schedule(second, 80 * 60_000)]
    const lost = await schedule(old, 60_000)
    await harness.app.session.stop()
    clock.advance(2 * HOUR_MS)
    await expect.poll(async () => (await item(lost.id)).state).toBe('expired')
    expect((await item(kept[0].id)).state).toBe('scheduled')
    const seen = new Set<string>()
    const look = () => void seen.add(`${delivered(soon).length} and ${delivered(second).length}`)
    const stop = harness.simulator.onChange(look)
    await harness.post('/api/auth/start')
    await harness.until('ready')
    await expect.poll(() => delivered(second).length).toBe(1)
    stop()
    expect([...seen]).toContain('1 and 0')
    expect(delivered(old)).toEqual([])
  })

  it('can be changed and cancelled until it goes', async () => {
    const [text, other] = [fresh(), fresh()]
    const scheduled = await schedule(text, HOUR_MS)
    const changed = await change(scheduled.id, { message: other, send_at: later(2 * HOUR_MS) })
    expect(changed.json.item).toMatchObject({ state: 'scheduled', preview: other })
    expect(changed.json.item.digest).not.toBe(scheduled.digest)
    expect((await decide(scheduled.id, 'cancel')).json.item).toMatchObject({ state: 'cancelled' })
    const again = await decide(scheduled.id, 'cancel')
    expect([again.status, again.json.code, again.json.outbox_state]).toEqual([
      409,
      'outbox_not_held',
      'cancelled',
    ])
    clock.advance(3 * HOUR_MS)
    await harness.until('ready')
    expect([...delivered(text), ...delivered(other)]).toEqual([])
  })

  it.each([
    ['without an offset', () => '2001-01-31T09:00:00'],
    ['in the past', () => later(-1_000)],
    ['in ten years', () => later(10 * 366 * DAY_MS)],
    ['that is no time', () => 'tomorrow'],
  ])('needs a time in the future with an offset: not one %s', async (_, time) => {
    const { status, json } = await harness.post('/api/send', {
      phone_number: contact(),
      message: fresh(),
      send_at: time(),
    })
    expect([status, json.code]).toEqual([400, 'invalid_input'])
    expect(json.detail).toContain('send_at')
  })
})

describe('without the control database', () => {
  it('nothing is sent', async () => {
    const text = fresh()
    await harness.app.control.close()
    const { status } = await send(text)
    expect(status).toBe(503)
    expect(delivered(text)).toEqual([])
    await harness.restart()
    await harness.until('ready')
    expect((await send(text)).status).toBe(200)
  })
})
