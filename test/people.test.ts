/** The own profile, who is online, who is blocked: over HTTP, the real library, the double's world as the witness. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Harness, openLinked } from './harness.ts'

const AMARA = '15550001101'
/** Their chat is addressed by LID. */
const MING = '15550001103'
const NOBODY = '15559990001'
const jid = (phone: string) => `${phone}@c.us`

let harness: Harness
const code = ({ status, json }: Answer) => [status, json.code]
const own = () => harness.world.state().account
const profile = async () => (await harness.get('/api/profile')).json.profile
const change = (body: object): Promise<Answer> =>
  harness.call({ method: 'PATCH', path: '/api/profile', body })
const show = (available: boolean): Promise<Answer> =>
  harness.call({ method: 'PUT', path: '/api/profile/presence', body: { available } })
const presence = async (phone: string) => (await harness.get(`/api/contacts/${phone}/presence`)).json

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    harness = await openLinked({ build })
  })
  afterAll(() => harness.close())

  it('reads and changes its own name and about text', async () => {
    expect(await profile()).toEqual({ name: 'Robin Example', about: 'Available' })
    const changed = await change({ name: 'Robin', about: 'Away until Monday' })
    expect(changed.json).toEqual({ ok: true, changed: ['name', 'about'] })
    expect(own()).toMatchObject({ pushname: 'Robin', about: 'Away until Monday' })
    expect(await profile()).toEqual({ name: 'Robin', about: 'Away until Monday' })
    expect((await change({ about: '' })).json).toEqual({ ok: true, changed: ['about'] })
    expect((await profile()).about).toBeNull()
  })

  it('reads what the phone made of it', async () => {
    harness.world.setProfile({ pushname: 'Robin E.', about: 'Back' })
    await expect.poll(profile).toEqual({ name: 'Robin E.', about: 'Back' })
  })

  it.each([
    ['nothing', {}],
    ['an empty name', { name: ' ' }],
    ['a long name', { name: 'x'.repeat(26) }],
    ['a long about text', { about: 'x'.repeat(140) }],
  ])('rejects %s', async (_, body) => {
    expect(code(await change(body))).toEqual([400, 'invalid_input'])
  })

  it('says so if WhatsApp refuses, and what was changed before', async () => {
    await harness.world.setFault({ name: 'profile_limited', value: true })
    const before = await profile()
    expect(code(await change({ about: 'x' }))).toEqual([422, 'change_refused'])
    await harness.world.setFault({ name: 'profile_limited', value: false })
    expect(await profile()).toEqual(before)
  })

  it('knows who is online only while it is shown as online itself', async () => {
    const lastSeen = Math.floor(Date.now() / 1_000) - 600
    await harness.world.setContact({ phone: AMARA, online: true })
    await harness.world.setContact({ phone: MING, lastSeen })
    const unknown = { ok: true, contact_id: jid(AMARA), online: null, last_seen_at: null }
    expect(await presence(AMARA)).toEqual(unknown)
    expect((await show(true)).json).toEqual({ ok: true, available: true })
    expect(harness.world.state().presences.at(-1)).toMatchObject({ chat: null, state: 'available' })
    expect(await presence(AMARA)).toEqual({ ...unknown, online: true })
    expect(await presence(MING)).toEqual({
      ok: true,
      contact_id: jid(MING),
      online: false,
      last_seen_at: new Date(lastSeen * 1_000).toISOString(),
    })
    // Reading a chat does not end it.
    const shown = () => harness.world.state().presences.findLast(({ chat }) => chat === null)?.state
    await harness.world.write({ from: AMARA, text: 'read me' })
    await harness.synced()
    expect((await harness.post(`/api/chats/${jid(AMARA)}/read`)).status).toBe(200)
    expect(shown()).toBe('available')
    expect((await show(false)).json.available).toBe(false)
    expect(shown()).toBe('unavailable')
    expect(code(await harness.get(`/api/contacts/${NOBODY}/presence`))).toEqual([404, 'chat_not_found'])
  })

  it('lists who is blocked, each person once', async () => {
    const listed = async () => (await harness.get('/api/blocked')).json
    expect(await listed()).toEqual({ ok: true, count: 0, blocked: [], next_cursor: null })
    for (const phone of [AMARA, MING]) await harness.world.setContact({ phone, blocked: true })
    await expect.poll(async () => (await listed()).count).toBe(2)
    const { blocked } = await listed()
    expect(blocked).toEqual(
      expect.arrayContaining([
        { id: jid(AMARA), name: 'Amara Okafor' },
        { id: jid(MING), name: '王小明' },
      ]),
    )
  })
})
