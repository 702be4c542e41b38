/** The event log over HTTP: as a list that waits, and as a stream. */
import { copyFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { EVENT_KINDS, Event } from '../src/model/events.ts'
import { toJid } from '../src/model/ids.ts'
import { readArchive } from './archive-rows.ts'
import { openStream } from './event-reader.ts'
import { AMARA, type EventStage, openEventStage } from './event-stage.ts'

let stage: EventStage
afterEach(() => stage.close())

const BILAL = '15550001102@c.us'
const fromBilal = { chat: toJid(BILAL), sender: toJid(BILAL) }
const own = { fromMe: true, sender: null }
const list = (query = '') => stage.get(`/api/events${query}`)
/** The cursor of now. */
const now = async () => (await list()).json.next_after
const bodies = (events: Event[]) => events.map(({ message }) => message?.body)

describe('the list', () => {
  it('begins now where no cursor is given, and at the oldest event with 0', async () => {
    stage = await openEventStage()
    stage.write()
    const begin = await list('?wait=0')
    expect(begin.json).toEqual({ ok: true, events: [], next_after: expect.any(String), has_more: false })
    expect((await list(`?after=${begin.json.next_after}`)).json.events).toEqual([])
    stage.write()
    const { json } = await list(`?after=${begin.json.next_after}`)
    expect(bodies(json.events)).toEqual(['text 2'])
    expect(json.next_after).toBe(json.events[0].cursor)
    expect(bodies((await list('?after=0&kind=message.received')).json.events)).toEqual(['text 1', 'text 2'])
  })

  it('names only the id and chat of a forgotten message, in place of its other events', async () => {
    stage = await openEventStage()
    const group = toJid('120363000000000001@g.us')
    stage.write({ body: 'canary' })
    stage.write({ chat: group, sender: toJid(AMARA), body: 'canary' })
    const before: Event[] = (await list('?after=0&kind=message.received')).json.events
    const waiting = list(`?after=${await now()}&wait=60`)
    for (const chat of [AMARA, group])
      await fetch(`${stage.url}/api/chats/${chat}/messages`, { method: 'DELETE' })
    // The second one may be there when it reads.
    const { events } = (await waiting).json
    expect(new Set(events.map(({ kind }: Event) => kind))).toEqual(new Set(['message.forgotten']))
    const { json } = await list('?after=0')
    const told = json.events.filter(({ kind }: Event) => kind.startsWith('message.'))
    expect(told).toEqual(
      before.map(({ chat, message }) =>
        expect.objectContaining({
          kind: 'message.forgotten',
          chat,
          message: null,
          data: { id: message?.id },
        }),
      ),
    )
    expect(JSON.stringify(json)).not.toContain('canary')
  })

  it('returns pages that follow one another', async () => {
    stage = await openEventStage()
    for (let n = 0; n < 7; n += 1) stage.write()
    const seen: string[] = []
    let after = '0'
    for (let more = true; more; ) {
      const { json } = await list(`?after=${after}&limit=3`)
      seen.push(...json.events.map((event: Event) => event.cursor))
      ;({ next_after: after, has_more: more } = json)
    }
    const all = (await list('?after=0&limit=100')).json.events.map((event: Event) => event.cursor)
    expect(seen).toEqual(all)
    expect(all).toHaveLength(7)
  })

  it('answers the moment something happens', async () => {
    stage = await openEventStage()
    const after = await now()
    const startedAt = performance.now()
    let isAnswered = false
    const waiting = list(`?after=${after}&wait=60`).finally(() => {
      isAnswered = true
    })
    for (let n = 0; n < 3; n += 1) await list(`?after=${after}`)
    expect(isAnswered).toBe(false)
    stage.write()
    expect(bodies((await waiting).json.events)).toEqual(['text 1'])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  it('answers empty when the time is over, past what was filtered out', async () => {
    stage = await openEventStage()
    const after = await now()
    const waiting = list(`?after=${after}&wait=30&kind=chat.removed`)
    await list()
    stage.write()
    const pump = setInterval(() => stage.clock.advance(1_000), 5)
    const { json } = await waiting
    clearInterval(pump)
    expect(json).toMatchObject({ events: [], has_more: false })
    expect(json.next_after).toBe(await now())
    expect(json.next_after).not.toBe(after)
  })

  it('refuses to wait where no cursor is given, and says how to begin', async () => {
    stage = await openEventStage()
    const { status, json } = await list('?wait=1')
    expect([status, json.code]).toEqual([400, 'invalid_input'])
    expect(json.detail).toBe('"wait": requires after: call once without wait, then pass next_after as after.')
  })

  it('stops waiting when the client disconnects', async () => {
    stage = await openEventStage()
    const after = await now()
    const gone = new AbortController()
    const waiting = Array.from({ length: 100 }, () =>
      fetch(`${stage.url}/api/events?after=${after}&wait=60`, { signal: gone.signal }).catch(() => null),
    )
    await expect.poll(async () => (await list()).json.code).toBe('too_many_readers')
    gone.abort()
    await Promise.all(waiting)
    await expect.poll(async () => (await list()).status).toBe(200)
  })

  it('is filtered by kind and by chat', async () => {
    stage = await openEventStage()
    stage.write({ body: 'a' })
    stage.write({ ...fromBilal, body: 'b' })
    const mine = stage.write({ ...own, ...{ chat: toJid(BILAL) }, body: 'c' })
    stage.app.archive.take({ type: 'ack', chat: mine.chat, bareId: mine.bareId, ack: 3 })
    stage.app.archive.flush()
    const kinds = async (query: string) =>
      (await list(`?after=0&${query}`)).json.events.map(({ kind, message }: Event) => [kind, message?.body])
    expect(await kinds('kind=message.received')).toEqual([
      ['message.received', 'a'],
      ['message.received', 'b'],
    ])
    expect(await kinds('kind=message.sent,message.ack')).toEqual([
      ['message.sent', 'c'],
      ['message.ack', 'c'],
    ])
    expect(await kinds(`chat_id=${BILAL}&kind=message.received`)).toEqual([['message.received', 'b']])
    expect((await list(`?after=0&chat_id=15559999999`)).json.code).toBe('chat_not_found')
  })

  it('returns each event in the documented shape, with addresses of people and earlier texts', async () => {
    stage = await openEventStage()
    const { archive } = stage.app
    const first = stage.write({ body: 'helo' })
    const told = stage.write({ ...own, body: 'mine' })
    archive.take({
      type: 'reaction',
      chat: first.chat,
      bareId: first.bareId,
      messageSender: first.sender,
      reaction: { sender: first.sender, emoji: '👍', at: 1_750_000_001_000 },
    })
    archive.take({ type: 'message', message: { ...first, body: 'hello', editedAt: 1_750_000_002_000 } })
    archive.take({ type: 'message', message: { ...first, type: 'revoked', body: '' } })
    archive.take({ type: 'ack', chat: told.chat, bareId: told.bareId, ack: 3 })
    archive.take({
      type: 'contacts',
      contacts: [
        {
          phone: toJid(AMARA),
          lid: null,
          name: 'Amara Okafor',
          pushname: 'Amara',
          inAddressBook: true,
          isBusiness: false,
          isBlocked: false,
        },
      ],
    })
    archive.take({ type: 'chat_removed', chat: first.chat })
    archive.flush()
    const { json } = await list('?after=0&limit=100')
    for (const event of json.events) expect(Event.parse(event)).toEqual(event)
    const find = (kind: string) => json.events.find((event: Event) => event.kind === kind)
    const chat = { id: AMARA, name: 'Amara Okafor' }
    // Told as it is now: it was deleted meanwhile.
    expect(find('message.received')).toMatchObject({
      v: 1,
      at: expect.stringMatching(/Z$/),
      chat,
      message: { id: `false_${AMARA}_${first.bareId}`, type: 'revoked', body: '' },
      data: { late: false },
    })
    expect(find('message.edited').data).toEqual({
      before: { what: 'edited', type: 'chat', body: 'helo', until_at: '2025-06-15T15:06:42.000Z' },
    })
    expect(find('message.revoked').data.before).toMatchObject({ what: 'revoked', body: 'hello' })
    expect(find('message.reaction').data).toEqual({ emoji: '👍', from: AMARA, from_me: false })
    expect(find('message.ack').data).toEqual({ ack: 3 })
    expect(find('contact.changed')).toMatchObject({
      chat,
      message: null,
      data: { contact: { id: AMARA, name: 'Amara Okafor' } },
    })
    expect(find('chat.removed')).toMatchObject({ chat, message: null, data: {} })
  })

  it.each([
    ['?after=nonsense', 400, 'invalid_input'],
    ['?after=1', 400, 'invalid_input'],
    ['?after=00000000-1-0', 400, 'cursor_foreign'],
    ['?after=0&kind=message.lost', 400, 'invalid_input'],
    ['?after=0&wait=61', 400, 'invalid_input'],
    ['?after=0&since=1', 400, 'invalid_input'],
    ['?after=0&chat_id=nobody', 400, 'invalid_input'],
  ])('refuses %s', async (query, status, code) => {
    stage = await openEventStage()
    const answer = await list(query)
    expect([answer.status, answer.json.code]).toEqual([status, code])
    if (query.includes('wait')) return
    expect((await stage.get(`/api/events/stream${query}`)).json.code).toBe(code)
  })

  it('takes no cursor from before an older copy of the archive was put in its place', async () => {
    stage = await openEventStage()
    stage.write()
    const early = await now()
    await stage.app.close()
    copyFileSync(stage.archive, `${stage.archive}.copy`)
    await stage.restart()
    stage.write()
    const lost = await now()
    await stage.app.close()
    copyFileSync(`${stage.archive}.copy`, stage.archive)
    await stage.restart()
    expect((await list(`?after=${lost}`)).json.code).toBe('cursor_foreign')
    stage.clock.advance(1_000)
    stage.write({ ...fromBilal })
    expect((await list(`?after=${lost}`)).json.code).toBe('cursor_foreign')
    expect(bodies((await list(`?after=${early}`)).json.events)).toEqual(['text 3'])
  })
})

describe('what is too old', () => {
  it('is deleted, and the error for an older cursor says where to continue', async () => {
    stage = await openEventStage({ WHATSAPP_EVENTS_DAYS: '7' })
    stage.write()
    const old = (await list('?after=0')).json.events[0].cursor
    const begin = old.replace(/-1-.*/, '-0-0')
    for (let n = 0; n < 1_200; n += 1) stage.write()
    expect((await list(`?after=${begin}`)).json.events).toHaveLength(50)
    const behind = await openStream(stage.url, { query: `?after=${begin}` })
    await expect.poll(() => behind.frames.length).toBe(1_201)
    behind.close()
    stage.clock.advance(8 * 86_400_000)
    stage.write()
    const kept = async () => bodies((await list('?after=0')).json.events)
    await expect
      .poll(async () => {
        stage.clock.advance(100)
        return kept()
      })
      .toEqual(['text 1202'])
    const expired = await list(`?after=${old}`)
    expect([expired.status, expired.json.code]).toEqual([410, 'cursor_expired'])
    expect(bodies((await list(`?after=${expired.json.oldest_after}`)).json.events)).toEqual(['text 1202'])
    await expect(openStream(stage.url, { headers: { 'last-event-id': old } })).rejects.toMatchObject({
      status: 410,
      body: expect.stringContaining(expired.json.oldest_after),
    })
  })

  it('leaves cursors that were newer as they were, and numbers are never used again', async () => {
    stage = await openEventStage({ WHATSAPP_EVENTS_DAYS: '1' })
    stage.write()
    const last = await now()
    stage.clock.advance(2 * 86_400_000)
    await expect.poll(async () => (await list('?after=0')).json.events).toEqual([])
    expect((await list(`?after=${last}`)).json).toMatchObject({ events: [], next_after: expect.any(String) })
    stage.write()
    const { json } = await list(`?after=${last}`)
    expect(bodies(json.events)).toEqual(['text 2'])
    expect(json.next_after).not.toBe(last)
  })
})

describe('the stream', () => {
  it('sends each event as it happens, in frames', async () => {
    stage = await openEventStage()
    stage.write()
    const stream = await openStream(stage.url)
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    })
    await expect.poll(stream.lastId).toBe(await now())
    stage.write({ body: 'two\nlines, \u009b31m\u202e and \u2028' })
    await expect.poll(() => stream.frames.length).toBe(1)
    const [frame] = stream.frames
    const [event] = stream.events()
    expect(frame).toMatchObject({ event: 'message.received', id: event?.cursor })
    expect(frame?.data).not.toMatch(/[\u0080-\u009f\u202a-\u202e]/)
    expect(event?.message?.body).toBe('two\nlines, \u009b31m\u202e and \u2028')
    expect(event).toEqual((await list('?after=0')).json.events.at(-1))
    stream.close()
  })

  it('goes on behind Last-Event-ID, which goes before after', async () => {
    stage = await openEventStage()
    for (let n = 0; n < 3; n += 1) stage.write()
    const cursors = (await list('?after=0')).json.events.map((event: Event) => event.cursor)
    const byHeader = await openStream(stage.url, {
      query: '?after=0',
      headers: { 'last-event-id': cursors[1] },
    })
    const byQuery = await openStream(stage.url, { query: `?after=${cursors[0]}` })
    await expect.poll(() => bodies(byHeader.events())).toEqual(['text 3'])
    await expect.poll(() => bodies(byQuery.events())).toEqual(['text 2', 'text 3'])
    byHeader.close()
    byQuery.close()
  })

  it.each(['undefined', 'null', ''])(
    'begins now after Last-Event-ID: %j, as polyfills send it',
    async (id) => {
      stage = await openEventStage()
      stage.write()
      const [{ cursor }] = (await list('?after=0')).json.events
      const byHeader = await openStream(stage.url, { headers: { 'last-event-id': id } })
      const byQuery = await openStream(stage.url, { query: `?lastEventId=${id}` })
      for (const stream of [byHeader, byQuery]) {
        await expect.poll(() => stream.lastId()).toBe(cursor)
        expect(stream.frames).toEqual([])
        stream.close()
      }
    },
  )

  it.each([undefined, '', 'null', 'undefined'])(
    'goes on behind lastEventId in the query, also with Last-Event-ID: %j',
    async (id) => {
      stage = await openEventStage()
      for (let n = 0; n < 2; n += 1) stage.write()
      const cursors = (await list('?after=0')).json.events.map((event: Event) => event.cursor)
      const stream = await openStream(stage.url, {
        query: `?after=0&lastEventId=${cursors[0]}`,
        headers: id === undefined ? {} : { 'last-event-id': id },
      })
      await expect.poll(() => bodies(stream.events())).toEqual(['text 2'])
      stream.close()
    },
  )

  it('is filtered, and its id moves on past what was filtered out', async () => {
    stage = await openEventStage()
    const stream = await openStream(stage.url, {
      query: `?kind=message.sent&chat_id=${AMARA}&after=0`,
    }).catch((error) => error)
    // Nobody has written yet.
    expect(stream).toMatchObject({ status: 404 })
    stage.write()
    const filtered = await openStream(stage.url, { query: `?kind=message.sent&chat_id=${AMARA}` })
    stage.write()
    stage.write({ ...own, body: 'mine' })
    stage.write({ ...fromBilal, ...own, body: 'to Bilal' })
    await expect.poll(() => bodies(filtered.events())).toEqual(['mine'])
    expect(filtered.lastId()).not.toBe(await now())
    stage.clock.advance(15_000)
    await expect.poll(filtered.lastId).toBe(await now())
    expect(filtered.comments()).toBe(1)
    filtered.close()
  })

  it('sends a comment every 15 seconds, and stays', async () => {
    stage = await openEventStage()
    const stream = await openStream(stage.url)
    for (let n = 1; n <= 3; n += 1) {
      stage.clock.advance(15_000)
      await expect.poll(stream.comments).toBe(n)
    }
    stage.write()
    await expect.poll(() => stream.frames.length).toBe(1)
    stream.close()
  })

  it.each([
    ['another origin', { origin: 'https://example.com' }, 'forbidden_origin'],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'forbidden_origin'],
    ['another host', { host: 'example.com' }, 'forbidden_host'],
  ])('is not for %s', async (_, headers, code) => {
    stage = await openEventStage()
    await expect(openStream(stage.url, { headers })).rejects.toMatchObject({
      status: 403,
      body: expect.stringContaining(code),
    })
  })

  it('has no HEAD, and room for a hundred', async () => {
    stage = await openEventStage()
    const head = await fetch(`${stage.url}/api/events/stream`, { method: 'HEAD' })
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET'])
    const open = await Promise.all(Array.from({ length: 100 }, () => openStream(stage.url)))
    await expect(openStream(stage.url)).rejects.toMatchObject({ status: 429 })
    expect((await list()).json.code).toBe('too_many_readers')
    open[0]?.close()
    await expect.poll(async () => (await list()).status).toBe(200)
    stage.write()
    await expect.poll(() => open.slice(1).every(({ frames }) => frames.length === 1)).toBe(true)
    for (const stream of open) stream.close()
  })
})

it('the readers of all accounts share the room, so that requests are served', async () => {
  stage = await openEventStage()
  await stage.addAccount('work', '15550002000')
  const open = (account: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => openStream(stage.url, { account })))
  const streams = [...(await open('default', 60)), ...(await open('work', 40))]
  for (const account of ['default', 'work'])
    await expect(openStream(stage.url, { account })).rejects.toMatchObject({ status: 429 })
  expect((await stage.get('/api/status')).status).toBe(200)
  streams[0]?.close()
  const last = async () => streams.push(await openStream(stage.url, { account: 'work' }))
  await expect.poll(() => last().catch(() => null)).toBe(101)
  // An account that is removed gives its places back.
  await stage.app.accounts.remove('work', { archive: true })
  streams.push(...(await open('default', 41)))
  await expect(openStream(stage.url)).rejects.toMatchObject({ status: 429 })
  for (const stream of streams) stream.close()
})

describe('a slow reader', () => {
  it('delays no other reader, holds nothing in memory, and receives everything when it reads', async () => {
    stage = await openEventStage()
    const slow = await openStream(stage.url)
    slow.pause()
    const fast = await openStream(stage.url)
    const body = 'x'.repeat(20_000)
    for (let n = 0; n < 400; n += 1) stage.write({ body: `${n} ${body}` })
    await expect.poll(() => fast.frames.length).toBe(400)
    // 8 MB were told; the fast one has them all, of the slow one a page waits in the server at most.
    const waiting = stage.unsent()
    expect(waiting).toBeLessThan(1_000_000)
    expect(slow.frames.length).toBeLessThan(400)
    slow.resume()
    await expect.poll(() => slow.frames.length).toBe(400)
    expect(slow.events().map(({ cursor }) => cursor)).toEqual(fast.events().map(({ cursor }) => cursor))
    slow.close()
    fast.close()
  })

  it('that reads nothing for a minute is disconnected, and continues where it was', async () => {
    stage = await openEventStage()
    const slow = await openStream(stage.url)
    slow.pause()
    for (let n = 0; n < 400; n += 1) stage.write({ body: `${n} ${'x'.repeat(20_000)}` })
    await expect.poll(stage.unsent).toBeGreaterThan(0)
    stage.clock.advance(61_000)
    slow.resume()
    expect(await slow.ended).toBe(false)
    expect(slow.frames.length).toBeLessThan(400)
    const again = await openStream(stage.url, { headers: { 'last-event-id': slow.lastId() ?? '' } })
    await expect.poll(() => slow.frames.length + again.frames.length).toBe(400)
    expect(new Set([...slow.events(), ...again.events()].map(({ cursor }) => cursor)).size).toBe(400)
    again.close()
  })

  it('that falls behind the kept events receives an error, and its stream ends', async () => {
    stage = await openEventStage({ WHATSAPP_EVENTS_DAYS: '1' })
    const slow = await openStream(stage.url)
    slow.pause()
    for (let n = 0; n < 400; n += 1) stage.write({ body: `${n} ${'x'.repeat(20_000)}` })
    await expect.poll(stage.unsent).toBeGreaterThan(0)
    // Not through the clock, which would also cut off a reader that takes nothing.
    readArchive(stage.archive, ({ transaction, events }) =>
      transaction(() =>
        events.dropOldest({ beforeMs: stage.clock.now() + 1_000, nowMs: stage.clock.now() }, 10_000),
      ),
    )
    slow.resume()
    expect(await slow.ended).toBe(true)
    const last = slow.frames.at(-1)
    expect(last?.event).toBe('error')
    expect(JSON.parse(last?.data ?? '')).toMatchObject({
      code: 'cursor_expired',
      oldest_after: expect.any(String),
    })
  })
})

describe('the end', () => {
  it('of the server ends streams cleanly and answers waiting requests at once', async () => {
    stage = await openEventStage()
    const after = await now()
    const stream = await openStream(stage.url)
    const waiting = list(`?after=${after}&wait=60`)
    await list()
    const startedAt = performance.now()
    await stage.app.close()
    // What is under way is waited for, for 8 s.
    expect(performance.now() - startedAt).toBeLessThan(7_000)
    expect(await stream.ended).toBe(true)
    expect((await waiting).json).toMatchObject({ events: [], next_after: after })
    await stage.restart()
    stage.write()
    const again = await openStream(stage.url, { headers: { 'last-event-id': stream.lastId() ?? '' } })
    await expect.poll(() => again.frames.length).toBe(1)
    again.close()
  })

  it('of an account ends them too: its cursors are foreign to the next one', async () => {
    stage = await openEventStage()
    const beginning = await now()
    stage.write()
    const after = await now()
    const stream = await openStream(stage.url)
    const waiting = list(`?after=${after}&wait=60`)
    await list()
    stage.switchAccount('15550002000')
    expect(await stream.ended).toBe(true)
    expect((await waiting).json).toMatchObject({ events: [], next_after: after })
    for (const cursor of [beginning, after]) {
      const foreign = await list(`?after=${cursor}`)
      expect([foreign.status, foreign.json.code]).toEqual([400, 'cursor_foreign'])
    }
    const refused = openStream(stage.url, { headers: { 'last-event-id': stream.lastId() ?? '' } })
    await expect(refused).rejects.toMatchObject({ status: 400 })
    expect((await list('?after=0')).json.events).toEqual([])
  })
})

it('knows every kind of event that is written', () => {
  expect(Event.options.map(({ shape }) => shape.kind.value)).toEqual([...EVENT_KINDS])
})
