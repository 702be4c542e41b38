/** Who was in a group when: the phone's side changes, and the archive remembers. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Harness, openLinked } from './harness.ts'

const [AMARA, JURGEN, MING] = ['15550001101', '15550001102', '15550001103']
const jid = (phone: string) => `${phone}@c.us`

type Stay = { id: string; name: string; since_at: string | null; until_at: string | null }
let harness: Harness
let group: string
const members = async (query = ''): Promise<Stay[]> =>
  (await harness.get(`/api/groups/${group}/members${query}`)).json.members
const idsAt = async (at: string) =>
  (await members(`?at=${encodeURIComponent(at)}`)).map(({ id }) => id).sort()

beforeAll(async () => {
  harness = await openLinked()
  group = harness.world.state().groups[0]?.id ?? ''
})
afterAll(() => harness.close())

it('keeps who came and who went, and who comes again', async () => {
  const first = await members()
  expect(first.every(({ since_at, until_at }) => since_at === null && until_at === null)).toBe(true)
  expect(first.map(({ id }) => id)).toContain(jid(AMARA))
  const before = new Date().toISOString()
  await harness.world.addMembers({ group, members: [MING] })
  await expect.poll(async () => (await members()).length).toBe(first.length + 1)
  await harness.world.removeMembers({ group, members: [JURGEN] })
  const gone = async () => (await members()).find(({ until_at }) => until_at !== null)
  await expect.poll(async () => (await gone())?.id).toBe(jid(JURGEN))
  const between = new Date().toISOString()
  const ming = (await members()).find(({ id }) => id === jid(MING))
  expect(Date.parse(ming?.since_at ?? '')).toBeGreaterThanOrEqual(Date.parse(before))
  await harness.world.addMembers({ group, members: [JURGEN] })
  await expect
    .poll(async () =>
      (await members()).filter(({ id }) => id === jid(JURGEN)).map(({ until_at }) => until_at === null),
    )
    .toEqual([true, false])
  expect(await idsAt(before)).toEqual(first.map(({ id }) => id).sort())
  expect(await idsAt(between)).not.toContain(jid(JURGEN))
  expect(await idsAt(between)).toContain(jid(MING))
  expect(await idsAt(new Date().toISOString())).toEqual([...first.map(({ id }) => id), jid(MING)].sort())
})

it('shows as many as were asked for, says how many more there are, and has them on the next pages', async () => {
  const all = await members()
  const { json } = await harness.get(`/api/groups/${group}/members?limit=1`)
  expect(json).toMatchObject({ count: 1, chat: { id: group }, more: all.length - 1 })
  const paged: Stay[] = []
  for (let page = '?limit=2'; page !== ''; ) {
    const { members, next_cursor: next } = (await harness.get(`/api/groups/${group}/members${page}`)).json
    paged.push(...members)
    page = next === undefined ? '' : `?limit=2&cursor=${next}`
  }
  expect(paged).toEqual(all)
  expect((await harness.get(`/api/groups/${group}/members?cursor=nonsense`)).status).toBe(400)
})

it.each([
  ['a person', jid(AMARA), 400],
  ['an unknown group', '120363000000000000@g.us', 404],
])('rejects %s', async (_, id, status) => {
  expect((await harness.get(`/api/groups/${id}/members`)).status).toBe(status)
})
