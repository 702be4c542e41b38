/** Webhooks: what a receiver gets, in which order, what happens if it does not answer, and what it never gets. */
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Event } from '../src/model/events.ts'
import { toJid } from '../src/model/ids.ts'
import type { SeenMessage } from '../src/model/seen.ts'
import { connect } from '../src/store/sqlite.ts'
import { ACCOUNT, AMARA, type EventStage, openEventStage } from './event-stage.ts'
import { openReceiver, type Receiver, status, verify } from './webhook-receiver.ts'

const BRUNO = '15550001102@c.us'
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** The limit of an attempt. */
const ATTEMPT_MS = 10_000

let stage: EventStage
let receiver: Receiver
let slow: Receiver
/** The webhooks of the test. */
let made: string[] = []

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
type Answer = { status: number; json: any }

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${stage.url}/api/webhooks${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: answer.status, json: await answer.json() }
}

/** Creates a webhook to the receiver. */
async function hook(input: object = {}) {
  const { status, json } = await call('POST', '', { url: receiver.url, ...input })
  expect([status, json.detail]).toEqual([201, undefined])
  made.push(json.id)
  return json as { id: string; secret: string }
}
const get = async (id: string) => (await call('GET', `/${id}`)).json
const texts = (of = receiver.delivered()) => of.map(({ event }) => event.message?.body)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)
const until = (what: () => unknown, ms = 20_000) => expect.poll(what, { timeout: ms, interval: 5 })
const quiet = (ms = 60) => new Promise((resolve) => setTimeout(resolve, ms))

/** Rows of the control database about deliveries: only failures have one. */
function rowsOfDeliveries(): number {
  const db = connect(join(dirname(stage.archive), '../control.db'))
  const tables = ['webhook_lanes', 'webhook_dead', 'webhook_sending']
  const counts = tables.map((table) =>
    db.query<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`).get(),
  )
  db.close()
  return counts.reduce((sum, count) => sum + (count?.rows ?? 0), 0)
}

/** The files of the control database that have this text. */
function controlFilesWith(text: string): string[] {
  const own = join(dirname(stage.archive), '..')
  return readdirSync(own).filter(
    (name) => name.startsWith('control.db') && readFileSync(join(own, name)).includes(text),
  )
}

beforeAll(async () => {
  receiver = await openReceiver()
  slow = await openReceiver()
  stage = await openEventStage({ WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: `${receiver.origin},${slow.origin}` })
})
beforeEach(() => {
  receiver.answer = status(200)
})
afterEach(async () => {
  for (const id of made) await call('DELETE', `/${id}`)
  made = []
  receiver.requests.length = 0
})
afterAll(async () => {
  await stage.close()
  await receiver.stop()
  await slow.stop()
  expect(stage.log.filter(({ code }) => code === 'internal_error')).toEqual([])
})

describe('a delivery', () => {
  it('is the event, signed as Standard Webhooks define it', async () => {
    const { secret } = await hook({ kinds: ['message.received'] })
    const { body } = stage.write()
    await until(() => receiver.requests.length).toBe(1)
    const [one] = receiver.requests
    if (one === undefined) throw new Error('nothing came')
    expect(verify(one, secret)).toEqual(one.event)
    expect(() => verify({ ...one, body: one.body.replace('text', 'test') }, secret)).toThrow('signature')
    expect([one.id, one.event.kind, one.event.message?.body]).toEqual([
      one.event.cursor,
      'message.received',
      body,
    ])
    expect(one.headers['content-type']).toBe('application/json')
    const { json } = await stage.get('/api/events?after=0&limit=100')
    expect(json.events.find(({ cursor }: { cursor: string }) => cursor === one.id)).toEqual(one.event)
  })

  it('is signed with both secrets while one is rotated, and with the new one after that', async () => {
    const { id, secret } = await hook({ secret: `whsec_${Buffer.alloc(24, 1).toString('base64')}` })
    const { json } = await call('POST', `/${id}/rotate`, { overlap_s: 600 })
    expect(json.secret).not.toBe(secret)
    await call('POST', `/${id}/test`)
    for (const each of [secret, json.secret]) expect(verify(receiver.requests[0] as never, each)).toBeTruthy()
    await call('POST', `/${id}/rotate`, { overlap_s: 0 })
    await call('POST', `/${id}/test`)
    expect(() => verify(receiver.requests[1] as never, json.secret)).toThrow('signature')
    expect(JSON.stringify([await get(id), (await call('GET', '')).json])).not.toContain('whsec_')
  })

  it('happens once for each event, in the order of each chat', async () => {
    await hook({ kinds: ['message.received'] })
    receiver.answer = (response) => void setTimeout(() => status(200)(response), Math.random() * 5)
    for (const n of numbers(1, 60))
      stage.write({ body: `once ${n}`, chat: toJid(n % 3 === 0 ? BRUNO : AMARA) })
    await until(() => receiver.requests.length).toBe(60)
    await quiet()
    expect(new Set(texts()).size).toBe(60)
    for (const chat of [AMARA, BRUNO]) {
      const mine = receiver.requests.filter(({ event }) => event.chat?.id === chat)
      expect(texts(mine)).toEqual(
        numbers(1, 60)
          .filter((n) => (n % 3 === 0) === (chat === BRUNO))
          .map((n) => `once ${n}`),
      )
    }
    await until(rowsOfDeliveries).toBe(0)
  })
})

describe('a filter', () => {
  it.each<[object, string[]]>([
    [{ kinds: ['message.received'] }, ['theirs', 'theirs @me', 'bruno']],
    [{ kinds: ['message.received', 'message.sent'], from_me: true }, ['mine']],
    [{ kinds: ['message.received', 'message.sent'], from_me: false }, ['theirs', 'theirs @me', 'bruno']],
    [{ mentions_me: true }, ['theirs @me']],
    [{ kinds: ['message.received'], chats: [BRUNO] }, ['bruno']],
  ])('%j passes what it names', async (input, expected) => {
    await hook(input)
    stage.write({ body: 'mine', fromMe: true, sender: null })
    stage.write({ body: 'theirs' })
    stage.write({ body: 'theirs @me', mentions: [toJid(`${ACCOUNT}@c.us`)] })
    stage.write({ body: 'bruno', chat: toJid(BRUNO) })
    await until(() => texts()).toEqual(expect.arrayContaining(expected))
    await quiet()
    expect(texts(receiver.requests).sort()).toEqual([...expected].sort())
  })
})

/** Writes these texts, in turn from two chats. */
function write(texts: readonly string[]): void {
  for (const [n, body] of texts.entries()) stage.write({ body, chat: toJid(n % 2 === 0 ? AMARA : BRUNO) })
}
/** The bodies of each delivery that arrived more than once are the same, and those of a chat arrived in the order of the log. */
function expectOrder(): void {
  for (const { id } of receiver.requests)
    expect(new Set(receiver.forId(id).map(({ body }) => body)).size).toBe(1)
  const place = ({ id }: { id: string }) => Number(id.split('-')[1])
  for (const chat of [AMARA, BRUNO]) {
    const places = receiver
      .delivered()
      .filter(({ event }) => event.chat?.id === chat)
      .map(place)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  }
}
/** Lets this much time pass, but not while an attempt is under way: on a slow machine it would time out. */
async function pass(ms: number): Promise<void> {
  await until(() => stage.clock.waits(ATTEMPT_MS)).toBe(false)
  stage.clock.advance(ms)
  await quiet(10)
}
/** Lets time pass until the log is delivered. */
async function passTime(stepMs: number, isDone: () => unknown, steps = 400): Promise<void> {
  for (let step = 0; step < steps && !(await isDone()); step += 1) await pass(stepMs)
  await until(async () => Boolean(await isDone())).toBe(true)
}
/** Two more attempts of the only delivery fail: the next one is half a minute away, and comes in between nothing. */
async function failTwiceMore(): Promise<void> {
  for (const [attempts, ms] of [
    [2, 1_000],
    [3, 5_000],
  ] as const) {
    await pass(ms)
    await until(() => receiver.requests.length).toBeGreaterThanOrEqual(attempts)
  }
  await until(() => stage.clock.waits(ATTEMPT_MS)).toBe(false)
}

describe('a receiver that fails', () => {
  it('for half an hour gets everything, with the same ids and bytes, in the order of each chat', async () => {
    const { id } = await hook({ kinds: ['message.received', 'message.edited'] })
    await receiver.stop()
    const expected = numbers(1, 20).map((n) => `down ${n}`)
    write(expected)
    await until(async () => (await get(id)).failing_chats).toBe(2)
    for (let minute = 0; minute < 30; minute += 1) await pass(MINUTE_MS)
    const { json } = await call('GET', `/${id}/deliveries?state=failed`)
    expect(json.deliveries[0]).toMatchObject({
      kind: 'message.received',
      status: null,
      error: 'connection_failed',
    })
    expect(json.deliveries[0].attempts).toBeGreaterThan(4)
    expect((await call('GET', `/${id}/deliveries?state=pending`)).json.count).toBe(18)
    await receiver.start()
    await passTime(10 * MINUTE_MS, () => receiver.delivered().length === 20)
    expect(texts().sort()).toEqual(expected.sort())
    expectOrder()
    await until(async () => (await get(id)).failing_chats).toBe(0)
    expect((await call('GET', `/${id}/deliveries?state=pending`)).json.count).toBe(0)
  })

  it('half of the time gets everything too', async () => {
    await hook({ kinds: ['message.received'] })
    let count = 0
    receiver.answer = (response) => status(count++ % 2 === 0 ? 500 : 200)(response)
    const expected = numbers(1, 20).map((n) => `half ${n}`)
    write(expected)
    await passTime(1_000, () => receiver.delivered().length === 20)
    expect(texts().sort()).toEqual(expected.sort())
    expect(receiver.requests.length).toBeGreaterThan(30)
    expectOrder()
  })

  it('after 9 s is waited for, and delays no other webhook', async () => {
    const held: (() => void)[] = []
    slow.answer = (response) => void held.push(() => status(200)(response))
    await hook({ url: slow.url, kinds: ['message.received'] })
    await hook({ kinds: ['message.received'] })
    const begunAt = stage.clock.now()
    stage.write({ body: 'to both' })
    await until(() => texts()).toEqual(['to both'])
    await until(() => held.length).toBe(1)
    // 9 s in all: a loaded machine has taken some of them.
    stage.clock.advance(begunAt + 9_000 - stage.clock.now())
    expect(texts(slow.delivered())).toEqual([])
    held[0]?.()
    await until(() => texts(slow.delivered())).toEqual(['to both'])
    expect(slow.requests).toHaveLength(1)
  })

  it('for 3 days has a dead delivery, and its chat goes on', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = (response, { event }) => status(event.message?.body === 'never' ? 503 : 200)(response)
    stage.write({ body: 'never' })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    stage.write({ body: 'later' })
    await passTime(2 * HOUR_MS, () => texts().includes('later'))
    expect(texts()).toEqual(['later'])
    // An attempt that was under way while time passed has failed too.
    await passTime(1_000, async () => (await get(id)).failing_chats === 0)
    expect(await get(id)).toMatchObject({ failing_chats: 0, dead_deliveries: 1 })
    const dead = (await call('GET', `/${id}/deliveries?state=dead`)).json.deliveries
    expect(dead).toMatchObject([{ state: 'dead', chat: AMARA }])
    expect(dead[0].error).toBe('status_refused')
    receiver.answer = status(200)
    const retried = await call('POST', `/${id}/deliveries/${dead[0].event}/retry`)
    expect(retried.json).toMatchObject({ delivered: true, status: 200 })
    expect(receiver.delivered().map(({ event }) => event.message?.body)).toContain('never')
    expect((await get(id)).dead_deliveries).toBe(0)
    expect((await call('POST', `/${id}/deliveries/${dead[0].event}/retry`)).json.code).toBe(
      'delivery_not_found',
    )
  })

  it('has its deliveries in pages', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = status(500)
    const chats = numbers(1, 5).map((n) => toJid(`1555000130${n}@c.us`))
    for (const chat of chats) stage.write({ chat })
    await until(async () => (await get(id)).failing_chats).toBe(5)
    for (const chat of chats) stage.write({ chat, body: 'behind' })
    const pending = async () => (await call('GET', `/${id}/deliveries?state=pending&limit=100`)).json.count
    await until(pending).toBe(5)
    for (const state of ['failed', 'pending']) {
      const sizes: number[] = []
      const seen = new Set<string>()
      for (let more: string | null = ''; more !== null; ) {
        const { json } = await call('GET', `/${id}/deliveries?state=${state}&limit=2${more}`)
        for (const { chat } of json.deliveries) seen.add(chat)
        sizes.push(json.count)
        more = json.next_cursor === null ? null : `&cursor=${json.next_cursor}`
      }
      expect([state, sizes, [...seen].sort()]).toEqual([state, [2, 2, 1], chats])
    }
    const { next_cursor: ofFailed } = (await call('GET', `/${id}/deliveries?limit=2`)).json
    const wrong = await call('GET', `/${id}/deliveries?state=pending&cursor=${ofFailed}`)
    expect([wrong.status, wrong.json.code]).toEqual([400, 'invalid_input'])
  })

  it('is tried again by a request', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = status(500)
    stage.write({ body: 'asked' })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    // The row is written after the webhook knows of it.
    await until(rowsOfDeliveries).toBe(1)
    await failTwiceMore()
    const event = receiver.requests[0]?.id
    expect((await call('POST', `/${id}/deliveries/${event}/retry`)).json).toMatchObject({
      delivered: false,
      status: 500,
    })
    receiver.answer = status(200)
    expect((await call('POST', `/${id}/deliveries/${event}/retry`)).json).toMatchObject({ delivered: true })
    await until(async () => (await get(id)).failing_chats).toBe(0)
  })

  it.each([
    [
      'with a redirect',
      (response: ServerResponse) => response.writeHead(302, { location: '/hook2' }).end(),
      'redirect_refused',
    ],
    ['with a refusal', status(404), 'status_refused'],
    [
      'with another protocol',
      ({ socket }: ServerResponse) =>
        socket?.end('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      'connection_failed',
    ],
    ['without an answer', (response: ServerResponse) => response.destroy(), 'connection_failed'],
  ])('%s has failed', async (_, answer, error) => {
    const { id } = await hook()
    receiver.answer = answer
    expect((await call('POST', `/${id}/test`)).json).toMatchObject({ delivered: false, error })
    expect(receiver.requests).toHaveLength(1)
  })

  it('with an endless answer has it, and no more is read', async () => {
    const { id } = await hook()
    let sent = 0
    receiver.answer = (response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384
      }
      response.on('drain', more)
      more()
    }
    expect((await call('POST', `/${id}/test`)).json).toMatchObject({ delivered: true, status: 200 })
    await quiet()
    expect(sent).toBeLessThan(8 * 2 ** 20)
  })
})

describe('an address', () => {
  it.each([
    'http://169.254.169.254/',
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://localhost:8790/api/logout',
    'http://127.0.0.1:1/',
  ])('%s is forbidden', async (url) => {
    const { status, json } = await call('POST', '', { url })
    expect([status, json.code]).toEqual([422, 'webhook_url_forbidden'])
    const { id } = await hook()
    expect((await call('PATCH', `/${id}`, { url })).json.code).toBe('webhook_url_forbidden')
  })

  it.each(['', 'x', 'ftp://8.8.8.8/', 'https://user:secret@8.8.8.8/'])('%j is no URL', async (url) => {
    const { status, json } = await call('POST', '', { url })
    expect([status, json.code]).toEqual([400, 'invalid_input'])
  })
})

describe('a webhook', () => {
  it('that is paused gets what came meanwhile when it continues', async () => {
    const { id } = await hook({ kinds: ['message.received'], paused: true })
    stage.write({ body: 'meanwhile' })
    await quiet()
    expect(receiver.requests).toHaveLength(0)
    expect(await get(id)).toMatchObject({ paused: true, paused_reason: 'owner' })
    expect((await call('PATCH', `/${id}`, { paused: false })).json).toMatchObject({
      paused: false,
      paused_reason: null,
    })
    await until(() => texts()).toEqual(['meanwhile'])
  })

  it('gets everything after a cursor or a time again, with the same ids', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    const times: string[] = []
    for (const n of numbers(1, 3)) {
      stage.clock.advance(1_000)
      times.push(new Date(stage.clock.now()).toISOString())
      stage.write({ body: `again ${n}` })
    }
    await until(() => texts()).toEqual(['again 1', 'again 2', 'again 3'])
    const ids = receiver.requests.map((one) => one.id)
    expect((await call('POST', `/${id}/replay`, { after: ids[0] })).status).toBe(200)
    await until(() => receiver.requests.length).toBe(5)
    expect((await call('POST', `/${id}/replay`, { since: times[2] })).status).toBe(200)
    await until(() => receiver.requests.length).toBe(6)
    expect(receiver.requests.slice(3).map((one) => one.id)).toEqual([ids[1], ids[2], ids[2]])
    for (const wrong of [{}, { after: '0', since: times[0] }, { after: 'x' }, { since: 'yesterday' }])
      expect((await call('POST', `/${id}/replay`, wrong)).json.code).toBe('invalid_input')
    expect((await call('POST', `/${id}/replay`, { after: '00000000-1-1' })).json.code).toBe('cursor_foreign')
  })

  it.each(['since', 'after'])(
    'that is replayed %s a later event still gets what it never had',
    async (which) => {
      const { id } = await hook({ kinds: ['message.received'], paused: true })
      const { json: end } = await stage.get('/api/events')
      for (const n of numbers(1, 3)) {
        stage.clock.advance(1_000)
        stage.write({ body: `${which} ${n}` })
      }
      const { json } = await stage.get(`/api/events?after=${end.next_after}&kind=message.received`)
      const [, second, third] = json.events
      const from = which === 'since' ? { since: third.at } : { after: second.cursor }
      expect((await call('POST', `/${id}/replay`, from)).status).toBe(200)
      await call('PATCH', `/${id}`, { paused: false })
      await until(() => texts()).toEqual(numbers(1, 3).map((n) => `${which} ${n}`))
    },
  )

  it('is found while it is changed, and two changes at once are both made', async () => {
    const { id } = await hook()
    let isChanging = true
    const changes = [
      { kinds: ['message.sent'] },
      { chats: [BRUNO] },
      { paused: true },
      { from_me: true },
    ].map((change) => call('PATCH', `/${id}`, change))
    const done = Promise.all(changes).finally(() => {
      isChanging = false
    })
    const seen = new Set<number>()
    while (isChanging) seen.add((await call('GET', `/${id}`)).status)
    for (const { status } of await done) seen.add(status)
    expect([...seen]).toEqual([200])
    expect(await get(id)).toMatchObject({ kinds: ['message.sent'], chats: [BRUNO] })
  })

  it('is tested at once while its receiver answers nothing else', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = (response, one) => one.id.startsWith('test_') && status(200)(response)
    for (const n of numbers(1, 6)) stage.write({ chat: toJid(`1555000120${n}@c.us`) })
    await until(() => receiver.requests.length).toBe(4)
    expect((await call('POST', `/${id}/test`)).json).toMatchObject({ delivered: true })
  })

  it('follows a chat, also in order, when the number of its LID becomes known', async () => {
    const [lid, phone] = [toJid('990011223344@lid'), toJid('15550001177@c.us')]
    const { id } = await hook({ kinds: ['message.received'], chats: [lid] })
    receiver.answer = status(500)
    stage.write({ body: 'by its LID', chat: lid })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    stage.app.archive.take({ type: 'identity', phone, lid })
    stage.write({ body: 'by its number', chat: phone })
    stage.write({ body: 'and more', chat: phone })
    await quiet()
    receiver.answer = status(200)
    await passTime(1_000, () => receiver.delivered().length === 3)
    await quiet()
    expect(texts()).toEqual(['by its LID', 'by its number', 'and more'])
    expect(receiver.delivered().at(-1)?.event.chat?.id).toBe(phone)
    expect(receiver.forId(receiver.delivered().at(-1)?.id ?? '')).toHaveLength(1)
  })

  it('follows a chat also if the number of its LID becomes known during an attempt that fails', async () => {
    const [lid, phone] = [toJid('990011223377@lid'), toJid('15550001179@c.us')]
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = status(500)
    stage.write({ body: 'first', chat: lid })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    stage.write({ body: 'second', chat: lid })
    let fails = () => {}
    receiver.answer = (response, { event }) => {
      if (event.message?.body === 'second') fails = () => status(500)(response)
      else status(200)(response)
    }
    const attempts = () => texts(receiver.requests).filter((body) => body === 'second').length
    await pass(2_000)
    await until(attempts).toBe(1)
    stage.app.archive.take({ type: 'identity', phone, lid })
    // What comes in another chat is delivered after the lanes have their new names.
    stage.write({ body: 'elsewhere', chat: toJid(BRUNO) })
    await until(() => texts()).toContain('elsewhere')
    receiver.answer = status(500)
    stage.clock.hold()
    fails()
    await until(async () => (await get(id)).failing_chats).toBeGreaterThan(0)
    stage.write({ body: 'third', chat: phone })
    await quiet()
    // The pause after a failure has not begun to pass.
    const [{ failing_chats }, before] = [await get(id), attempts()]
    stage.clock.release()
    expect([failing_chats, before]).toEqual([1, 1])
    receiver.answer = status(200)
    await passTime(1_000, () => texts().includes('third'))
    await quiet()
    expect(texts(receiver.requests).slice(-2)).toEqual(['second', 'third'])
    await until(rowsOfDeliveries).toBe(0)
  })

  it('keeps the chat of a person whose number passes to another one', async () => {
    const phone = toJid('15550001178@c.us')
    const [alice, bob] = [toJid('990011223355@lid'), toJid('990011223366@lid')]
    stage.app.archive.take({ type: 'identity', phone, lid: alice })
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = status(500)
    stage.write({ body: 'from Alice', chat: alice })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    stage.write({ body: 'more from Alice', chat: alice })
    await quiet()
    stage.app.archive.take({ type: 'identity', phone, lid: bob })
    stage.write({ body: 'from Bob', chat: bob })
    await until(async () => (await get(id)).failing_chats).toBe(2)
    const { json } = await call('GET', `/${id}/deliveries?state=failed`)
    expect(json.deliveries.map(({ chat }: { chat: string }) => chat).sort()).toEqual([phone, alice].sort())
    receiver.answer = status(200)
    await passTime(1_000, () => receiver.delivered().length === 3)
    await quiet()
    expect(texts().sort()).toEqual(['from Alice', 'from Bob', 'more from Alice'])
    expect(texts().indexOf('from Alice')).toBeLessThan(texts().indexOf('more from Alice'))
    await until(async () => (await get(id)).failing_chats).toBe(0)
  })

  it('sends a tombstone in place of a message that was forgotten', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = status(500)
    stage.write({ body: 'to be forgotten', chat: toJid(BRUNO) })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    await failTwiceMore()
    const [first] = receiver.requests
    const forgotten = await fetch(`${stage.url}/api/chats/${BRUNO}/messages`, { method: 'DELETE' })
    expect(forgotten.status).toBe(200)
    await quiet()
    receiver.answer = status(200)
    expect((await call('POST', `/${id}/deliveries/${first?.id}/retry`)).json).toMatchObject({
      delivered: true,
    })
    const last = receiver.requests.at(-1)
    expect([last?.id, last?.event.kind, last?.event.message]).toEqual([first?.id, 'message.forgotten', null])
    expect(last?.event.data).toEqual({ id: first?.event.message?.id })
    expect(last?.body).not.toContain('to be forgotten')
  })

  const forget = async (chat: string) =>
    expect((await fetch(`${stage.url}/api/chats/${chat}/messages`, { method: 'DELETE' })).status).toBe(200)

  it('does not send what was forgotten while its receiver was slow', async () => {
    const waiting: ServerResponse[] = []
    receiver.answer = (response) => void waiting.push(response)
    // In one page.
    const { id } = await hook({ kinds: ['message.received'], paused: true })
    for (const n of numbers(1, 3)) stage.write({ body: `slow ${n}`, chat: toJid(BRUNO) })
    await call('PATCH', `/${id}`, { paused: false })
    await until(() => waiting.length).toBe(1)
    await forget(BRUNO)
    receiver.answer = status(200)
    for (const response of waiting) status(200)(response)
    stage.write({ body: 'came later', chat: toJid(BRUNO) })
    await until(() => texts()).toEqual(['slow 1', 'came later'])
  })

  it('tries again with a tombstone what was forgotten during the first attempt', async () => {
    const waiting: ServerResponse[] = []
    receiver.answer = (response) => void waiting.push(response)
    await hook({ kinds: ['message.received'] })
    stage.write({ body: 'forgotten on its way', chat: toJid(BRUNO) })
    await until(() => waiting.length).toBe(1)
    await forget(BRUNO)
    receiver.answer = status(200)
    for (const response of waiting) status(500)(response)
    await passTime(1_000, () => receiver.delivered().length === 1)
    expect(receiver.delivered()[0]?.event.kind).toBe('message.forgotten')
    expect(receiver.delivered()[0]?.body).not.toContain('forgotten on its way')
  })

  it('sends what was under way at a stop again as it was, whatever has changed meanwhile', async () => {
    receiver.answer = () => {}
    await hook({ kinds: ['message.sent'] })
    const mine = { fromMe: true, chat: toJid(BRUNO) }
    const [first, second] = [
      stage.write({ body: 'mine 1', ...mine }),
      stage.write({ body: 'mine 2', ...mine }),
    ]
    await until(() => receiver.requests.length).toBe(1)
    const acknowledge = () => {
      for (const { chat, bareId } of [first, second])
        stage.app.archive.take({ type: 'ack', chat, bareId, ack: 3 })
      stage.app.archive.flush()
    }
    acknowledge()
    await stage.restart()
    await until(() => receiver.requests.length).toBe(2)
    receiver.answer = status(200)
    await stage.restart()
    await until(() => texts()).toEqual(['mine 1', 'mine 2'])
    expect(
      new Set(receiver.requests.filter(({ id }) => id === receiver.requests[0]?.id).map(({ body }) => body))
        .size,
    ).toBe(1)
    await until(rowsOfDeliveries).toBe(0)
  })

  it('sends what was under way in a chat that had failed again as it was', async () => {
    receiver.answer = status(500)
    const { id } = await hook({ kinds: ['message.sent'] })
    const mine = { fromMe: true, chat: toJid(BRUNO) }
    stage.write({ body: 'failed', ...mine })
    const { chat, bareId } = stage.write({ body: 'after it', ...mine })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    receiver.answer = (response, { event }) => {
      if (event.message?.body === 'failed') status(200)(response)
    }
    await pass(1_000)
    await until(() => receiver.requests.length).toBe(3)
    stage.app.archive.take({ type: 'ack', chat, bareId, ack: 3 })
    stage.app.archive.flush()
    receiver.answer = status(200)
    await stage.restart()
    await until(() => texts()).toEqual(['failed', 'after it'])
    const later = receiver.requests.filter(({ event }) => event.message?.body === 'after it')
    expect(later.length).toBeGreaterThan(1)
    expect(new Set(later.map(({ body }) => body)).size).toBe(1)
    await until(rowsOfDeliveries).toBe(0)
  })

  describe('of a slow chat, while another chat that fails goes on', () => {
    const isSlow = ({ event }: { event: Event }) => event.chat?.id === AMARA
    const mine = { fromMe: true, chat: toJid(BRUNO) }
    const withText = (text: string) => receiver.requests.filter(({ event }) => event.message?.body === text)
    const acknowledge = ({ chat, bareId }: Pick<SeenMessage, 'chat' | 'bareId'>) => {
      stage.app.archive.take({ type: 'ack', chat, bareId, ack: 3 })
      stage.app.archive.flush()
    }
    /** Everybody but the slow chat gets this answer. */
    const answer = (code: number) => {
      receiver.answer = (response, one) => {
        if (!isSlow(one)) status(code)(response)
      }
    }
    /** Goes on after a restart, and has sent this once, or always as it was. */
    const expectSame = async (text: string) => {
      receiver.answer = status(200)
      await stage.restart()
      await until(() => texts().includes('slow')).toBe(true)
      await passTime(1_000, () => rowsOfDeliveries() === 0)
      expect(withText(text)).not.toEqual([])
      for (const { id } of receiver.requests)
        expect(new Set(receiver.forId(id).map(({ body }) => body)).size).toBe(1)
    }

    it('keeps what it sent, if it failed in the page that is under way', async () => {
      answer(500)
      const { id } = await hook({ kinds: ['message.sent'], paused: true })
      stage.write({ body: 'slow', fromMe: true, chat: toJid(AMARA) })
      stage.write({ body: 'failed', ...mine })
      const later = stage.write({ body: 'after it', ...mine })
      await call('PATCH', `/${id}`, { paused: false })
      await until(async () => (await get(id)).failing_chats).toBe(1)
      acknowledge(later)
      answer(200)
      stage.clock.advance(1_000)
      await until(() => withText('after it').length).toBe(1)
      await quiet()
      await expectSame('after it')
    })

    it('keeps what it sent, if it failed before', async () => {
      receiver.answer = status(500)
      const { id } = await hook({ kinds: ['message.sent'] })
      stage.write({ body: 'failed', ...mine })
      await until(async () => (await get(id)).failing_chats).toBe(1)
      answer(200)
      stage.write({ body: 'slow', fromMe: true, chat: toJid(AMARA) })
      const later = stage.write({ body: 'after it', ...mine })
      await until(() => withText('slow').length).toBe(1)
      stage.clock.advance(1_000)
      await until(() => withText('after it').length).toBe(1)
      await quiet()
      acknowledge(later)
      await expectSame('after it')
    })

    it('keeps what an earlier run sent, if an earlier event of the chat fails in this one', async () => {
      receiver.answer = (response, one) => {
        if (one.event.message?.body === 'first') status(200)(response)
      }
      const { id } = await hook({ kinds: ['message.sent'], paused: true })
      stage.write({ body: 'slow', fromMe: true, chat: toJid(AMARA) })
      stage.write({ body: 'first', ...mine })
      const later = stage.write({ body: 'second', ...mine })
      await call('PATCH', `/${id}`, { paused: false })
      await until(() => withText('second').length).toBe(1)
      acknowledge(later)
      receiver.answer = (response, one) => status(isSlow(one) ? 200 : 500)(response)
      await stage.restart()
      await until(async () => (await get(id)).failing_chats).toBe(1)
      receiver.answer = status(200)
      await passTime(1_000, () => withText('second').length > 1)
      await expectSame('second')
    })
  })

  it('sends what was under way again as it was, if it goes back by more than a page', async () => {
    const mine = { fromMe: true, chat: toJid(BRUNO) }
    const { id } = await hook({ kinds: ['message.sent'] })
    const { place } = (await stage.app.control.webhooks.list()).find((one) => one.id === id) ?? {}
    for (const n of numbers(1, 55)) stage.write({ body: `mine ${n}`, ...mine })
    await until(() => receiver.delivered().length).toBe(55)
    receiver.answer = () => {}
    const { chat, bareId } = stage.write({ body: 'under way', ...mine })
    const sent = () => receiver.requests.filter(({ event }) => event.message?.body === 'under way')
    await until(() => sent().length).toBe(1)
    stage.app.archive.take({ type: 'ack', chat, bareId, ack: 3 })
    stage.app.archive.flush()
    receiver.answer = status(200)
    expect((await call('POST', `/${id}/replay`, { after: place })).status).toBe(200)
    await until(() => sent().length).toBe(2)
    expect(new Set(sent().map(({ body }) => body)).size).toBe(1)
    await until(rowsOfDeliveries).toBe(0)
  })

  it('keeps nothing of what is forgotten while it is under way, also over a restart', async () => {
    receiver.answer = () => {}
    const { id } = await hook({ kinds: ['message.received'], paused: true })
    for (const n of numbers(1, 3)) stage.write({ body: `under way ${n}`, chat: toJid(BRUNO) })
    await call('PATCH', `/${id}`, { paused: false })
    await until(() => receiver.requests.length).toBe(1)
    expect(controlFilesWith('under way')).not.toEqual([])
    await call('PATCH', `/${id}`, { paused: true })
    await forget(BRUNO)
    await until(() => controlFilesWith('under way')).toEqual([])
    receiver.answer = status(200)
    await stage.restart()
    await call('PATCH', `/${id}`, { paused: false })
    stage.write({ body: 'came later', chat: toJid(BRUNO) })
    await until(() => texts()).toEqual(['came later'])
  })

  it('goes on after a restart: with what failed, in order, and with what it has not had', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = (response, { event }) => status(event.chat?.id === AMARA ? 500 : 200)(response)
    write(numbers(1, 4).map((n) => `before ${n}`))
    await until(() => texts()).toEqual(['before 2', 'before 4'])
    await until(async () => (await get(id)).failing_chats).toBe(1)
    await stage.restart()
    expect(await get(id)).toMatchObject({ failing_chats: 1 })
    write(['after 1', 'after 2'])
    receiver.answer = status(200)
    await passTime(1_000, () => receiver.delivered().length === 6)
    expect(texts().sort()).toEqual(['after 1', 'after 2', 'before 1', 'before 2', 'before 3', 'before 4'])
    expectOrder()
  })

  it('that does not exist is 404 everywhere', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/test'],
      ['GET', '/deliveries'],
      ['POST', '/rotate'],
    ] as const)
      expect((await call(method, `/wh_none${path}`, method === 'GET' ? undefined : {})).json.code).toBe(
        'webhook_not_found',
      )
  })
})

describe('a webhook that waits for the owner', () => {
  const DAY_MS = 24 * HOUR_MS
  const kept = async () =>
    (await stage.get('/api/events?after=0&kind=message.received&limit=100')).json.events.length
  /** Time for the event log to delete what is too old. */
  const days = async (count: number) => {
    stage.clock.advance(count * DAY_MS)
    for (let hour = 0; hour < 3; hour += 1) {
      await quiet(10)
      stage.clock.advance(HOUR_MS)
    }
  }

  it('has 7 days more than the event log keeps, also over a restart, and says what it lost after that', async () => {
    await days(40)
    const { id } = await hook({ kinds: ['message.received'], paused: true })
    stage.write({ body: 'waits' })
    await days(33)
    expect(await kept()).toBe(1)
    await stage.restart()
    await days(3)
    expect(await kept()).toBe(1)
    stage.write({ body: 'is young' })
    await days(2)
    expect(await kept()).toBe(1)
    expect((await get(id)).lost_events_at).toBeNull()
    await call('PATCH', `/${id}`, { paused: false })
    await until(() => texts()).toEqual(['is young'])
    expect((await get(id)).lost_events_at).toMatch(/^\d{4}-/)
  })

  it('still delivers what failed before its events were deleted, and says what it lost', async () => {
    await days(40)
    const { id } = await hook({ kinds: ['message.received'] })
    receiver.answer = status(500)
    stage.write({ body: 'failed' })
    await until(async () => (await get(id)).failing_chats).toBe(1)
    stage.write({ body: 'behind it' })
    await call('PATCH', `/${id}`, { paused: true })
    await days(40)
    stage.write({ body: 'is young' })
    expect(await kept()).toBe(1)
    receiver.answer = status(200)
    await call('PATCH', `/${id}`, { paused: false })
    await passTime(1_000, () => receiver.delivered().length === 2)
    expect(texts()).toEqual(['failed', 'is young'])
    await until(() => get(id)).toMatchObject({
      failing_chats: 0,
      lost_events_at: expect.stringMatching(/^\d{4}-/),
    })
  })

  it.each([
    ['keeps what is not delivered', '', 2],
    ['has no text any more', '?archive=delete&confirm=work', 0],
  ])('is paused when its account is removed, and %s', async (_, query, rows) => {
    await fetch(`${stage.url}/api/accounts`, {
      method: 'POST',
      body: JSON.stringify({ id: 'work' }),
      headers: { 'content-type': 'application/json' },
    })
    const { id } = await hook({ account: 'work' })
    // As a stop leaves it.
    const sending = [{ event: '00000000-1-1', message: null, body: 'a text under way' }]
    const { webhooks } = stage.app.control
    await webhooks.begun(new Map([[id, { place: '0', sending }]]))
    await webhooks.putLane({ webhook: id, chat: AMARA, event: '00000000-1-1', head: null, sending })
    const removed = await fetch(`${stage.url}/api/accounts/work${query}`, { method: 'DELETE' })
    expect(removed.status).toBe(200)
    expect(await get(id)).toMatchObject({ account: 'work', paused: true, paused_reason: 'account_removed' })
    expect((await call('POST', `/${id}/replay`, { after: '0' })).json.code).toBe('account_not_found')
    expect(rowsOfDeliveries()).toBe(rows)
    expect(controlFilesWith('a text under way').length > 0).toBe(rows > 0)
  })

  // It is the last one: the account of the file is another one after it.
  it('is paused when another number is linked, and goes on with new events', async () => {
    const { id } = await hook({ kinds: ['message.received'] })
    stage.write({ body: 'of the first number' })
    await until(() => texts()).toEqual(['of the first number'])
    stage.switchAccount('15550002000')
    stage.write({ body: 'of the second number' })
    await until(async () => (await get(id)).paused_reason).toBe('other_archive')
    expect((await call('PATCH', `/${id}`, { paused: false })).json).toMatchObject({ paused: false })
    stage.write({ body: 'since the owner said so' })
    await until(() => texts()).toEqual(['of the first number', 'since the owner said so'])
  })
})
