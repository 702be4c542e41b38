/** Groups while WhatsApp is slow, and for keys that do not see everything. */
import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { fail } from '../errors.ts'
import { changeGroupMembers } from './group-members.ts'
import { createGroup, listGroups } from './groups.ts'

const GROUP = '120363000000000001@g.us'
const FIVE = [1, 2, 3, 4, 5].map((n) => `1555000110${n}`)
const LIMIT_MS = 30_000

let clock: TestClock
/** The tasks that the engine was given, with the time for each. */
let asked: [kind: string, limitMs: number][]
beforeEach(() => {
  clock = createTestClock()
  asked = []
})

/** `lookupMs`, `tookMs`: how long one lookup and one task takes. `isRefused`: the archive cannot be read. */
function grant({ lookupMs = 0, tookMs = 0, seesNew = true, isRefused = false }) {
  const granted = {
    clock,
    seesNew,
    demandVisible: async () => clock.advance(lookupMs),
    reader: () => (isRefused ? fail('archive_newer') : { recipientAt: async () => null }),
    engine: {
      async perform(kind: string, _: object, { limitMs }: { limitMs: number }) {
        asked.push([kind, limitMs])
        clock.advance(tookMs)
        return { result: { group: GROUP, codes: [], changed: ['description'], invite: null }, chat: null }
      },
    },
  }
  // Only what the rows use of it.
  return granted as never
}
const create = (members: string[], granted: never, more = {}) =>
  createGroup.run(createGroup.input.parse({ name: 'Book club', members, ...more }), granted)
const add = (members: string[], granted: never) =>
  changeGroupMembers.run(changeGroupMembers.input.parse({ group_id: GROUP, action: 'add', members }), granted)

describe('looking people up', () => {
  it.each([
    ['creating a group', create],
    ['adding members', add],
  ])('takes its time from %s', async (_, act) => {
    await act(FIVE.slice(0, 1), grant({ lookupMs: 5_000, tookMs: 1_000 }))
    expect(asked.map(([, limitMs]) => limitMs).at(-1)).toBeLessThanOrEqual(LIMIT_MS - 6_000)
  })

  it.each([
    ['creating a group', create],
    ['adding members', add],
  ])('that is slow ends %s in time, before anything is changed', async (_, act) => {
    const began = clock.now()
    const error = await Promise.resolve(act(FIVE, grant({ lookupMs: 9_500 }))).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'whatsapp_timeout', message: expect.stringMatching(/Nothing was/) })
    expect(clock.now() - began).toBeLessThan(LIMIT_MS)
    expect(asked).toEqual([])
  })
})

it.each([
  ['is created', create],
  ['gets members', add],
])('a group %s while the archive cannot be read', async (_, act) => {
  await act(FIVE, grant({ isRefused: true }))
  expect(asked).toHaveLength(1)
})

describe('a new group', () => {
  it.each([
    [25_000, 4_000, undefined],
    [29_000, 0, 'whatsapp_timeout'],
  ])('that took %i ms is named, its settings have the rest', async (tookMs, restMs, code) => {
    const answer = await create(FIVE, grant({ tookMs }), { description: 'Mondays' })
    expect(answer).toMatchObject({ ok: true, group_id: GROUP })
    expect(answer.settings_error?.code).toBe(code)
    const [, limitMs = 0] = asked.find(([kind]) => kind === 'change_group') ?? []
    expect(limitMs).toBeLessThanOrEqual(restMs)
  })

  it('is not created for a key that would not see it', async () => {
    await expect(create(FIVE, grant({ seesNew: false }))).rejects.toMatchObject({
      code: 'recipient_not_allowed',
      hint: expect.stringContaining('`chats`'),
    })
    expect(asked).toEqual([])
  })
})

describe('the list of groups', () => {
  /** `late`: groups whose members the page has only once it is asked for that group; `left`: nobody answers for it. */
  async function list({
    late = [] as string[],
    left = [] as string[],
    tookMs = 0,
    name = GROUP,
    query = '',
  }) {
    const facts = (group: string, members: number) => ({
      ...{
        group,
        name: group === GROUP ? name : group,
        description: null,
        members,
        role: members > 0 ? 'member' : 'none',
        createdAt: null,
      },
      ...{ onlyAdminsSend: false, onlyAdminsEdit: false, onlyAdminsAdd: false, approveMembers: false },
      disappearingS: 0,
    })
    const granted = {
      clock,
      demandVisible: async () => {},
      demandSeen() {},
      engine: {
        async perform(kind: string, { group }: { group: string | null }, { limitMs }: { limitMs: number }) {
          asked.push([`${kind} ${group}`, limitMs])
          clock.advance(tookMs)
          if (group !== null && left.includes(group)) fail('not_admin')
          const all = [GROUP, ...late, ...left].map((one) => facts(one, one === GROUP ? 3 : 0))
          return { result: group === null ? all : [facts(group, 5)], chat: null }
        },
      },
    }
    // Only what the row uses of it.
    const { groups } = await listGroups.run(
      listGroups.input.parse(query === '' ? {} : { query }),
      granted as never,
    )
    return groups.map(({ id, members, role }) => [id, members, role])
  }
  const LATE = '120363000000000002@g.us'
  const LEFT = '120363000000000003@g.us'

  it('asks for members that have not arrived, and for no others', async () => {
    expect(await list({ late: [LATE], left: [LEFT] })).toEqual([
      [GROUP, 3, 'member'],
      [LATE, 5, 'member'],
      [LEFT, 0, 'none'],
    ])
    expect(asked.map(([what]) => what)).toEqual(['null', LATE, LEFT].map((one) => `read_groups ${one}`))
  })

  it.each([
    ['Mum’s 60th', "mum's"],
    ["D'Angelo’s", 'd‘angelo'],
    ['Straße 12', 'strasse'],
    ['Łódź', 'lodz'],
    ['Weekend hike', 'hike WEEKEND'],
    ['Jean‐Luc’s choir', 'nobody, jean-luc'],
    ['A\u200bnna\u3164', 'anna'],
  ])('has %j by the query %j, as other names', async (name, query) => {
    expect(await list({ name, query })).toEqual([[GROUP, 3, 'member']])
    expect(await list({ name, query: `${query} not` })).toEqual([])
  })

  it('comes in time, however slow WhatsApp is', async () => {
    const began = clock.now()
    expect(await list({ late: [LATE], left: [LEFT], tookMs: 29_000 })).toHaveLength(3)
    expect(clock.now() - began).toBeLessThan(LIMIT_MS)
  })
})
