/** What tasks ask WhatsApp for after their time, on a slow line: by our in-page code on a window of the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import type { TaskInput, TaskKind } from '../../../model/task.ts'
import { installPageTasks } from '../page-tasks.ts'
import { blockPerson } from './block-person.ts'
import { changeGroup } from './change-group.ts'
import { changeMembers } from './change-members.ts'
import { followChannel } from './channels.ts'
import { createGroup } from './create-group.ts'
import { groupInvite, joinGroup } from './invites.ts'
import { answerRequests } from './join-requests.ts'
import { leaveGroup } from './leave-group.ts'
import { setPicture } from './pictures.ts'
import { changeProfile } from './profile.ts'
import type { PageTask } from './task.ts'

const LIMIT_MS = 29_000
const ME = '15550001000@c.us'
const AMARA = toJid('15551110000@c.us')
const JURGEN = toJid('15551110001@c.us')
const GROUP = toJid('120363000000000001@g.us')
const CHANNEL = toJid('120363000000000002@newsletter')
const QUESTION = /^(query|requestProfile|load|get|can)/

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Calls of the page that change something, each with the time from the start. */
type Changes = [name: string, atMs: number][]

/** A page whose every answer takes `answerMs`. `members`: whether the group's are in memory. */
function openPage({ answerMs, members }: { answerMs: number; members: boolean }): Changes {
  const startedAt = Date.now()
  const changes: Changes = []
  const widOf = (id: string) => ({ server: id.split('@')[1], toString: () => id })
  const everybody = new Map<string, object>()
  const participants = {
    get: (id: string) => everybody.get(id),
    getModelsArray: () => [...everybody.values()],
  }
  const enter = () => void everybody.set(ME, { id: ME, isAdmin: true })
  if (members) enter()
  const chat = { id: widOf(GROUP), groupMetadata: { participants } }
  const channels = new Map<string, object>()
  const own = { pushname: '', canSetMyPushname: () => true }
  const sync: Record<string, object> = {
    WAWebWidFactory: { createWid: widOf },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ME, getMaybeMeLidUser: () => null },
    WAWebWidToJid: { widToUserJid: String, widToGroupJid: String },
    WAWebCollections: {
      Contact: { get: () => undefined, gadd: (wid: object) => wid },
      Blocklist: { get: () => undefined },
      WAWebNewsletterCollection: channels,
    },
    WAWebConnModel: { Conn: own },
  }
  const answers: Record<string, () => unknown> = {
    queryWidExists: () => ({ wid: widOf(AMARA) }),
    queryGroupInvite: () => ({ id: widOf('120363000000000003@g.us') }),
    queryAndUpdateGroupMetadataById: enter,
    requestProfilePicFromServer: () => ({ tag: 'before' }),
    loadNewsletterPreviewChat: () => void channels.set(CHANNEL, {}),
    setPushname: () => Object.assign(own, { pushname: 'Me' }),
    getMembershipApprovalRequests: () => [{ id: AMARA }],
    setGroupProperty: () => ({ name: 'SetPropertyResponseSuccess' }),
  }
  const module = (name: string): object =>
    sync[name] ??
    new Proxy(
      {},
      {
        get(_, call) {
          // Modules are awaited.
          if (call === 'then') return undefined
          return async () => {
            if (!QUESTION.test(String(call))) changes.push([String(call), Date.now() - startedAt])
            await new Promise((resolve) => setTimeout(resolve, answerMs))
            return answers[String(call)]?.()
          }
        },
      },
    )
  vi.stubGlobal('window', {
    require: module,
    whatsappMcpModules: { ensure: async (name: string) => module(name) },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      others: () => [],
      me: () => [ME],
      findChat: (id: string) => (id === GROUP ? chat : undefined),
      chats: () => [],
    },
  })
  installPageTasks()
  return changes
}

const asked = <K extends TaskKind>(task: PageTask<K>, takes: TaskInput<K>) => ({
  run: () => task.run(takes, Date.now() + LIMIT_MS) as Promise<object>,
})

const TASKS = {
  'creates a group': asked(createGroup, { name: 'Notes', members: [AMARA, JURGEN] }),
  'adds members': asked(changeMembers, { group: GROUP, action: 'add', members: [AMARA, JURGEN] }),
  'changes a group': asked(changeGroup, {
    group: GROUP,
    changes: { onlyAdminsSend: true, onlyAdminsEdit: true },
  }),
  'leaves a group': asked(leaveGroup, { group: GROUP }),
  'resets an invite': asked(groupInvite, { group: GROUP, reset: true }),
  'answers requests to join': asked(answerRequests, { group: GROUP, approve: true, members: [AMARA] }),
  'joins a group': asked(joinGroup, { invite: 'AbCd' }),
  'blocks somebody': asked(blockPerson, { person: AMARA, blocked: true }),
  'follows a channel': asked(followChannel, { chat: CHANNEL, follow: true }),
  'removes a picture': asked(setPicture, { group: null, picture: null }),
  'changes the profile': asked(changeProfile, { name: 'Me', about: 'here' }),
}

describe.each(Object.entries(TASKS))('a task that %s', (_, { run }) => {
  it.each([true, false])('changes nothing after its time (members in memory: %s)', async (members) => {
    const changes = openPage({ answerMs: LIMIT_MS + 11_000, members })
    void run().catch(() => {})
    await vi.advanceTimersByTimeAsync(10 * LIMIT_MS)
    expect(changes.filter(([, atMs]) => atMs >= LIMIT_MS)).toEqual([])
  })

  it('changes something in time', async () => {
    const changes = openPage({ answerMs: 100, members: true })
    void run().catch(() => {})
    await vi.advanceTimersByTimeAsync(10 * LIMIT_MS)
    expect(changes).not.toEqual([])
  })
})
