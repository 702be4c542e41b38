/** Status updates: over HTTP, the real library, the double's world as the witness. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import { type Answer, type Harness, openLinked } from './harness.ts'

const AMARA = '15550001101'
const STATUS = 'status@broadcast'
const picture = sampleBytes('image', 230, 'status').toString('base64')

let harness: Harness
/** A test that fails leaves no fault to the next one. */
afterEach(() => harness.world.clearFaults())
const code = ({ status, json }: Answer) => [status, json.code]
const post = (body: object): Promise<Answer> => harness.post('/api/status-updates', body)
const remove = (id: string): Promise<Answer> =>
  harness.call({ method: 'DELETE', path: `/api/status-updates/${id}` })
const listed = async () =>
  (await harness.get('/api/status-updates')).json.status_updates.map(({ body }: { body: string }) => body)
/** Ids of own posts, as the event log has them. */
const posted = async () =>
  (await harness.get('/api/events?after=0&kind=status_update.posted&limit=100')).json.events.map(
    ({ message }: { message: { id: string } }) => message.id,
  )
const inWorld = () => harness.world.messages({ chat: STATUS })

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    harness = await openLinked({
      build,
      env: { WHATSAPP_MCP_SENDS: 'known', WHATSAPP_MCP_TOOLSETS: 'all' },
    })
  })
  afterAll(() => harness.close())

  it('lists what came within a day, and reads nothing of it in WhatsApp Web', async () => {
    expect(await listed()).toEqual([])
    await harness.world.writeStatus({ from: AMARA, content: { type: 'chat', text: 'At the lake' } })
    await expect.poll(listed).toEqual(['At the lake'])
    expect(harness.world.state().devices).toHaveLength(1)
  })

  it('posts a text with colour and font, and deletes it', async () => {
    const answer = await post({ message: 'Back on Monday', background: '#1f7a5c', font: 2 })
    expect([answer.status, answer.json]).toEqual([
      201,
      {
        ok: true,
        message_id: expect.stringMatching(/^true_status@broadcast_3EB0\w+_\d+@c\.us$/),
        posted_at: expect.stringMatching(/Z$/),
      },
    ])
    expect(inWorld().at(-1)).toMatchObject({
      body: 'Back on Monday',
      fromMe: true,
      status: { color: 0xff_1f_7a_5c, font: 2 },
    })
    await expect.poll(listed).toContain('Back on Monday')
    const { message_id } = answer.json
    expect(message_id).toContain(inWorld().at(-1)?.id)
    await expect.poll(posted).toContain(message_id)
    expect((await harness.get(`/api/messages/${message_id}`)).json.message.id).toBe(message_id)
    expect((await remove(message_id)).json).toEqual({ ok: true, message_id })
    expect(inWorld().at(-1)?.type).toBe('revoked')
    await expect.poll(listed).not.toContain('Back on Monday')
  })

  it('lists the newest first, in pages', async () => {
    for (const text of ['First', 'Second', 'Third']) {
      await harness.world.writeStatus({ from: AMARA, content: { type: 'chat', text } })
      await expect.poll(listed).toContain(text)
    }
    const all = await listed()
    expect(all.slice(0, 3)).toEqual(['Third', 'Second', 'First'])
    const first = (await harness.get('/api/status-updates?limit=2')).json
    expect(first).toMatchObject({ count: 2, next_cursor: expect.any(String) })
    const next = (await harness.get(`/api/status-updates?limit=100&cursor=${first.next_cursor}`)).json
    expect([...first.status_updates, ...next.status_updates].map(({ body }) => body)).toEqual(all)
    expect(next.next_cursor).toBeUndefined()
  })

  it('does not count its own posts for the owner to whom an agent may post', async () => {
    const client = await harness.mcp('plain')
    const ask = async () =>
      (await client.callTool({ name: 'whatsapp_post_status_update', arguments: { message: 'Agent' } }))
        .isError
    await post({ message: 'By a script of the owner' })
    expect(await ask()).toBe(true)
    await harness.world.writeStatus({ from: 'me', content: { type: 'chat', text: 'From the phone' } })
    await expect.poll(listed).toContain('From the phone')
    expect(await ask()).toBeFalsy()
  })

  it('deletes what the phone posted before this link', async () => {
    const { id, from } = await harness.world.writeStatus({
      from: 'me',
      content: { type: 'chat', text: 'Hi' },
    })
    await expect.poll(listed).toContain('Hi')
    await expect.poll(posted).toContain(`true_${STATUS}_${id}_${from}`)
    expect((await remove(`true_${STATUS}_${id}_${from}`)).status).toBe(200)
    await expect.poll(listed).not.toContain('Hi')
  })

  it('posts a picture with its caption, and a sound as a voice note, which phones open', async () => {
    const answer = await post({ media: { data: picture }, caption: 'From the top' })
    expect(answer.status, answer.text).toBe(201)
    const { id = '', ...seen } = inWorld().at(-1) ?? {}
    expect(seen).toMatchObject({ type: 'image', caption: 'From the top', fromMe: true })
    expect(harness.world.openMedia({ id })).toEqual({ data: expect.any(String), problem: null })
    expect(answer.json.message_id).toMatch(new RegExp(`^true_${STATUS}_${id}_\\d+@c\\.us$`))
    await expect.poll(posted).toContain(answer.json.message_id)
    const { message } = (await harness.get(`/api/messages/${answer.json.message_id}`)).json
    expect(message).toMatchObject({ type: 'image', body: 'From the top', has_media: true })
    const voice = await post({ media: { data: sampleBytes('ptt', 200, 'status').toString('base64') } })
    expect(voice.status, voice.text).toBe(201)
    expect(inWorld().at(-1)?.type).toBe('ptt')
    expect((await remove(answer.json.message_id)).status).toBe(200)
    expect(inWorld().find((one) => one.id === id)?.type).toBe('revoked')
    expect(harness.world.state().devices).toHaveLength(1)
  })

  it('is an error if WhatsApp does not take the picture', async () => {
    const before = inWorld().length
    await harness.world.setFault({ name: 'send_fails', value: true })
    expect(code(await post({ media: { data: picture } }))).toEqual([422, 'send_refused'])
    await harness.world.setFault({ name: 'send_fails', value: false })
    if (build.startsWith('2.3000.1049')) {
      await harness.world.setFault({ name: 'status_upload_fails', value: true })
      expect(code(await post({ media: { data: picture } }))).toEqual([422, 'send_refused'])
      await harness.world.setFault({ name: 'status_upload_fails', value: false })
    }
    expect(inWorld()).toHaveLength(before)
  })

  it('is an error if WhatsApp does not take the post', async () => {
    const before = inWorld().length
    await harness.world.setFault({ name: 'send_fails', value: true })
    expect(code(await post({ message: 'Lost' }))).toEqual([422, 'send_refused'])
    await harness.world.setFault({ name: 'send_fails', value: false })
    expect(inWorld()).toHaveLength(before)
  })

  it('holds a post as it holds a message, and posts it once it is approved', async () => {
    const { secret } = (
      await harness.post('/api/keys', { name: 'Careful', scopes: ['send'], sends: 'confirm' })
    ).json
    const headers = { authorization: `Bearer ${secret}` }
    const path = '/api/status-updates'
    const count = inWorld().length
    const held = await harness.call({ method: 'POST', path, body: { message: 'May I?', font: 1 }, headers })
    expect(held.status).toBe(202)
    const { id, digest, preview, chat } = held.json.item
    expect([chat.id, preview]).toEqual([STATUS, 'Status update (#7acca5, font 1): May I?'])
    expect(inWorld()).toHaveLength(count)
    expect((await harness.get('/api/outbox?state=held')).json.items[0].id).toBe(id)
    const changed = await harness.call({
      method: 'PATCH',
      path: `/api/outbox/${id}`,
      body: { message: 'I may' },
    })
    expect((await harness.post(`/api/outbox/${id}/approve`, { digest })).json.code).toBe('outbox_changed')
    const approved = await harness.post(`/api/outbox/${id}/approve`, { digest: changed.json.item.digest })
    expect(approved.json.item).toMatchObject({
      state: 'sent',
      message_id: expect.stringMatching(/^true_status@broadcast_3EB0\w+_\d+@c\.us$/),
    })
    expect(inWorld().at(-1)).toMatchObject({ body: 'I may', status: { font: 1 } })
  })

  it('posts and deletes nothing for a key that does not see the status, or may not send', async () => {
    const secretOf = async (limits: object) =>
      (await harness.post('/api/keys', { name: 'Limited', scopes: ['read', 'send', 'manage'], ...limits }))
        .json.secret
    const { id, from } = await harness.world.writeStatus({
      from: 'me',
      content: { type: 'chat', text: 'Mine' },
    })
    const count = inWorld().length
    for (const [limits, expected] of [
      [{ chats: { only: [`${AMARA}@c.us`] } }, 'chat_not_found'],
      [{ chats: { hide: [STATUS] } }, 'chat_not_found'],
      [{ sends: 'off' }, 'recipient_not_allowed'],
    ] as const) {
      const headers = { authorization: `Bearer ${await secretOf(limits)}` }
      const path = '/api/status-updates'
      const posted = await harness.call({ method: 'POST', path, body: { message: 'x' }, headers })
      const gone = await harness.call({
        method: 'DELETE',
        path: `${path}/true_${STATUS}_${id}_${from}`,
        headers,
      })
      expect([posted.json.code, gone.json.code]).toEqual([expected, expected])
    }
    const off = { authorization: `Bearer ${await secretOf({ sends: 'off' })}` }
    const profile = { method: 'PATCH', path: '/api/profile', body: { about: 'x' }, headers: off } as const
    expect((await harness.call(profile)).json.code).toBe('recipient_not_allowed')
    expect(inWorld()).toHaveLength(count)
    expect(inWorld().at(-1)?.type).toBe('chat')
  })

  it.each<[what: string, call: () => Promise<Answer>, answer: unknown[]]>([
    ['no text', () => post({ message: ' ' }), [400, 'invalid_input']],
    ['nothing', () => post({}), [400, 'invalid_input']],
    ['both', () => post({ message: 'x', media: { data: picture } }), [400, 'invalid_input']],
    ['a caption of a text', () => post({ message: 'x', caption: 'y' }), [400, 'invalid_input']],
    ...[{ background: '#1f7a5c' }, { font: 0 }].map((look): [string, () => Promise<Answer>, unknown[]] => [
      `${Object.keys(look)} of media`,
      () => post({ media: { data: picture }, ...look }),
      [400, 'invalid_input'],
    ]),
    [
      'a document',
      () => post({ media: { data: Buffer.from('%PDF-1.4 a document').toString('base64') } }),
      [422, 'media_refused'],
    ],
    ['another colour', () => post({ message: 'x', background: 'green' }), [400, 'invalid_input']],
    ['another font', () => post({ message: 'x', font: 10 }), [400, 'invalid_input']],
    [
      'to delete what another person posted',
      () => remove(`false_${STATUS}_3EB0AA_${AMARA}@c.us`),
      [404, 'message_not_found'],
    ],
    ['to delete another message', () => remove(`true_${AMARA}@c.us_3EB0AA`), [404, 'message_not_found']],
    [
      'to delete what is not there',
      () => remove(`true_${STATUS}_3EB0AA_15550001000@c.us`),
      [404, 'chat_not_found'],
    ],
  ])('rejects %s', async (_, call, answer) => {
    expect(code(await call())).toEqual(answer)
  })
})
