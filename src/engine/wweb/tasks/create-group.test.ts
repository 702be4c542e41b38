/** Whom a new group is created with, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { installPageTasks } from '../page-tasks.ts'
import { createGroup } from './create-group.ts'

const ME = '15550001000@c.us'
const MY_LID = '99000@lid'
const AMARA = '15551110000@c.us'
const HER_LID = '99001@lid'

afterEach(() => vi.unstubAllGlobals())

/** Returns the people of each group that the page is asked to create. `lookupMs`: how long the server says nothing of a number. */
function openPage(lookupMs = 0): string[][] {
  const created: string[][] = []
  const widOf = (id: string) => ({ server: id.split('@')[1], toString: () => id })
  const modules: Record<string, object> = {
    WAWebWidFactory: { createWid: widOf },
    WAWebQueryExistsJob: {
      async queryWidExists(wid: object) {
        await new Promise((resolve) => setTimeout(resolve, lookupMs))
        return { wid }
      },
    },
    WAWebGroupCreateJob: {
      async createGroup(_: object, people: { phoneNumber: object }[]) {
        const wids = people.map(({ phoneNumber }) => phoneNumber)
        created.push(wids.map(String))
        return { wid: widOf('120363000000000001@g.us'), participants: wids.map((wid) => ({ wid })) }
      },
    },
  }
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      others: (wid: object) => (String(wid) === HER_LID ? [widOf(AMARA)] : []),
      me: () => [ME, MY_LID],
      findChat: () => ({}),
      chats: () => [],
    },
  })
  installPageTasks()
  return created
}

const create = (members: string[], ms = 10_000) =>
  createGroup.run({ name: 'Notes', members: members.map(toJid) }, Date.now() + ms)

it.each([
  ['this account alone', [ME], [[]], ['already']],
  ['this account by LID, and another person', [MY_LID, AMARA], [[AMARA]], ['already', 'done']],
  ['one person by two addresses', [AMARA, HER_LID], [[AMARA]], ['done', 'done']],
])('a group of %s: the server is asked for each other person once', async (_, members, people, codes) => {
  const created = openPage()
  expect(await create(members)).toMatchObject({ gives: { codes } })
  expect(created).toEqual(people)
})

it('no group comes into being after the answer, however late the server knows the people', async () => {
  const created = openPage(60)
  expect(await create([AMARA], 30)).toEqual({ problem: 'not_begun' })
  expect(created).toEqual([])
})
