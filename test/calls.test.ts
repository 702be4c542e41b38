/** Calls to the account, and what people do to its groups, as events: on an early build and on the newest. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openLinked } from './harness.ts'

const AMARA = '15550001101'
/** Their chat is addressed by LID. */
const MING = '15550001103'
const STRANGER = '15550001888'
const NORA = '15550003004'
const jid = (phone: string) => `${phone}@c.us`

let harness: Harness
type Event = { kind: string; chat: { id: string } | null; data: Record<string, unknown> }
const events = async (...kinds: string[]): Promise<Event[]> =>
  (await harness.get(`/api/events?after=0&kind=${kinds.join(',')}`)).json.events
const calls = () => events('call.incoming', 'call.ended')

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    harness = await openLinked({ build })
  })
  afterAll(() => harness.close())

  it.each([
    ['a person', AMARA, true, 'Amara Okafor'],
    ['a person whose chat is addressed by LID', MING, false, '王小明'],
  ])('reports a call of %s once as it begins, and once as it ends', async (_, phone, video, name) => {
    const before = (await calls()).length
    const { id } = await harness.world.ring({ from: phone, video })
    await expect.poll(async () => (await calls()).length).toBe(before + 1)
    const data = { call_id: id, caller: { id: jid(phone), name }, video, group: false }
    expect((await calls()).at(-1)).toMatchObject({ kind: 'call.incoming', chat: { id: jid(phone) }, data })
    await harness.world.hangUp({ id })
    await expect.poll(async () => (await calls()).length).toBe(before + 2)
    expect((await calls()).at(-1)).toMatchObject({ kind: 'call.ended', chat: { id: jid(phone) }, data })
  })

  it('rejects a call where the page can, and says so where it cannot', async () => {
    const { id } = await harness.world.ring({ from: AMARA })
    await expect.poll(async () => (await calls()).at(-1)?.data.call_id).toBe(id)
    const reject = () => harness.post(`/api/calls/${id}/reject`)
    const state = () => harness.world.state().calls.find((one) => one.id === id)?.state
    if (build === '2.3000.1034728815') {
      expect((await reject()).json.code).toBe('not_supported_by_whatsapp_web')
      expect(state()).toBe('ringing')
      await harness.world.hangUp({ id })
    } else {
      expect((await reject()).json).toEqual({ ok: true, call_id: id })
      expect(state()).toBe('rejected')
    }
    await expect
      .poll(async () => (await calls()).at(-1))
      .toMatchObject({
        kind: 'call.ended',
        data: { call_id: id },
      })
    const late = await reject()
    expect([404, 501, 422, 503]).toContain(late.status)
    expect(['call_not_found', 'not_supported_by_whatsapp_web']).toContain(late.json.code)
  })

  it('reports the call of a group with the group, and the call of a stranger without a chat', async () => {
    const [group] = harness.world.state().groups
    const before = (await calls()).length
    await harness.world.ring({ from: AMARA, group: group?.id ?? '' })
    harness.world.addContact({ phone: STRANGER, name: null, pushname: 'Nobody' })
    await harness.world.ring({ from: STRANGER })
    await expect.poll(async () => (await calls()).length).toBe(before + 2)
    expect((await calls()).slice(before)).toMatchObject([
      { chat: { id: group?.id }, data: { caller: { id: jid(AMARA) }, group: true } },
      { chat: null, data: { group: false } },
    ])
  })

  it('says who changed what in a group', async () => {
    const { id: group } = harness.world.state().groups[0] ?? { id: '' }
    await harness.world.setAdmin({ group, member: 'me', admin: true })
    await harness.world.renameGroup({ group, subject: 'Sunday hike' })
    await harness.world.setGroup({ group, restrict: true })
    await harness.call({ method: 'PATCH', path: `/api/groups/${group}`, body: { description: 'Mondays' } })
    const changed = () => events('group.changed')
    await expect.poll(async () => (await changed()).length).toBe(3)
    expect((await changed()).map(({ chat, data }) => ({ chat: chat?.id, ...data }))).toEqual([
      { chat: group, changed: ['name'], by: jid(AMARA), from_me: false },
      { chat: group, changed: ['only_admins_edit'], by: jid(AMARA), from_me: false },
      { chat: group, changed: ['description'], by: jid(harness.world.state().account.phone), from_me: true },
    ])
    await harness.world.setGroup({ group, approves: true })
    harness.world.addContact({ phone: NORA, name: null, pushname: 'Nora' })
    await harness.world.askToJoin({ group, person: STRANGER })
    const asked = () => events('group.join_requested')
    await expect
      .poll(async () => (await asked()).map(({ data }) => data))
      .toEqual([{ person: jid(STRANGER) }])
    // Amara may not add her: the event names who is to join.
    await harness.world.askToJoin({ group, person: NORA, by: AMARA })
    await expect.poll(async () => (await asked()).at(-1)?.data).toEqual({ person: jid(NORA) })
    expect(await asked()).toHaveLength(2)
  })
})
