/** Groups that have no members in memory: by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { installPageTasks } from '../page-tasks.ts'
import { changeGroup } from './change-group.ts'
import { deleteChat } from './chats.ts'
import { leaveGroup } from './leave-group.ts'
import { readGroups } from './read-groups.ts'

const ME = '15550001000@c.us'
const GROUP = toJid('120363000000000001@g.us')
const endsAt = () => Date.now() + 10_000

afterEach(() => vi.unstubAllGlobals())

/** A page whose server refuses to say who is in the group, with this status, or says that this account is. */
function openPage({ status }: { status: number | null }) {
  const deleted: unknown[] = []
  const members = new Map<string, object>()
  const participants = { get: (id: string) => members.get(id), getModelsArray: () => [...members.values()] }
  const chat = { id: { toString: () => GROUP }, name: 'Hike', groupMetadata: { participants } }
  const modules: Record<string, object> = {
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ME, getMaybeMeLidUser: () => null },
    WAWebGroupQueryJob: {
      async queryAndUpdateGroupMetadataById() {
        if (status !== null) throw Object.assign(new Error(), { name: 'ServerStatusCodeError', status })
        members.set(ME, { id: ME })
      },
    },
    WAWebDeleteChatAction: { sendDelete: async (one: object) => void deleted.push(one) },
  }
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      findChat: () => (deleted.length === 0 ? chat : undefined),
      chats: () => [],
    },
  })
  installPageTasks()
  return deleted
}

it.each([401, 403, 404])('a group that was left, of which the server says %i, is shown', async (status) => {
  openPage({ status })
  const read = await readGroups.run({ group: GROUP }, endsAt())
  expect(read).toMatchObject({ gives: [{ group: GROUP, name: 'Hike', role: 'none', members: 0 }] })
})

it.each([401, 403, 404])(
  'a group that was left, of which the server says %i, is not changed',
  async (status) => {
    openPage({ status })
    const changes = { name: 'Walk' }
    expect(await changeGroup.run({ group: GROUP, changes }, endsAt())).toEqual({ problem: 'not_member' })
    expect(await leaveGroup.run({ group: GROUP }, endsAt())).toEqual({ problem: 'not_member' })
  },
)

it.each([
  [429, 'too_many'],
  [500, 'failed'],
])('what else the server says is no sign that the group was left: %i', async (status, problem) => {
  const deleted = openPage({ status })
  expect(await readGroups.run({ group: GROUP }, endsAt())).toEqual({ problem })
  expect(await deleteChat.run({ chat: GROUP }, endsAt())).toEqual({ problem })
  expect(deleted).toEqual([])
})

it('the chat of a group whose members arrive late stays', async () => {
  const deleted = openPage({ status: null })
  expect(await deleteChat.run({ chat: GROUP }, endsAt())).toEqual({ problem: 'is_member' })
  expect(deleted).toEqual([])
})

it('the chat of a group that was left is deleted', async () => {
  const deleted = openPage({ status: 403 })
  expect(await deleteChat.run({ chat: GROUP }, endsAt())).toMatchObject({ gives: null })
  expect(deleted).toHaveLength(1)
})
