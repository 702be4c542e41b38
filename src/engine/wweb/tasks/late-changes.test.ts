/** What tasks ask WhatsApp for after their time, on a slow line: by our in-page code on a window of the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import type { TaskInput, TaskKind } from '../../../model/task.ts'
import { installPageTasks } from '../page-tasks.ts'
import { blockPerson } from './block-person.ts'
import { changeGroup } from './change-group.ts'
import { changeMembers } from './change-members.ts'
import { followChannel } from './channels.ts'
import { changeChat, deleteChat, readChat } from './chats.ts'
import { createGroup } from './create-group.ts'
import { groupInvite, joinGroup } from './invites.ts'
import { answerRequests } from './join-requests.ts'
import { setLabels } from './labels.ts'
import { leaveGroup } from './leave-group.ts'
import { setPicture } from './pictures.ts'
import { changeProfile } from './profile.ts'
import { deleteStatus, postStatus } from './status.ts'
import type { PageTask } from './task.ts'

const LIMIT_MS = 29_000
const ME = '15550001000@c.us'
const AMARA = toJid('15551110000@c.us')
const JURGEN = toJid('15551110001@c.us')
const AMARAS_LID = '99955500001@lid'
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

/** `others`: further addresses of everybody. `failing`: calls that the page itself rejects. */
type Kind = { others?: string[]; failing?: string }

/** A page whose every answer takes `answerMs`. `members`: whether the group's are in memory. */
function openPage({
  answerMs,
  members,
  others = [],
  failing,
}: Kind & { answerMs: number; members: boolean }): Changes {
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
  const mute = {
    expiration: 0,
    mute: ({ expiration }: { expiration: number }) =>
      answer('mute').then(() => Object.assign(mute, { expiration })),
  }
  const chats = new Map<string, object>([
    [GROUP, { id: widOf(GROUP), groupMetadata: { participants } }],
    [JURGEN, { id: widOf(JURGEN), mute }],
  ])
  const channels = new Map<string, object>()
  const own = { pushname: '', platform: 'smba', canSetMyPushname: () => true }
  const sync: Record<string, object> = {
    WAWebWidFactory: { createWid: widOf },
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ME, getMaybeMeLidUser: () => null },
    WAWebWidToJid: { widToUserJid: String, widToGroupJid: String },
    WAWebCollections: {
      Contact: { get: () => undefined, gadd: (wid: object) => wid },
      Blocklist: { get: () => undefined },
      WAWebNewsletterCollection: channels,
      Msg: { on() {}, off() {} },
      Status: { getMyStatus: () => ({}) },
      Label: {
        getModelsArray: () => [{ id: '1', name: 'New' }],
        addOrRemoveLabels: () => answer('addOrRemoveLabels'),
      },
    },
    WAWebConnModel: { Conn: own },
    WAWebCmd: { Cmd: { markChatUnread: () => answer('markChatUnread') } },
    WAWebStreamModel: { Stream: { markAvailable() {}, markUnavailable() {} } },
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
  async function answer(call: string): Promise<unknown> {
    if (!QUESTION.test(call)) changes.push([call, Date.now() - startedAt])
    await new Promise((resolve) => setTimeout(resolve, answerMs))
    if (call === failing) throw new TypeError('it does not know the address')
    return answers[call]?.()
  }
  const module = (name: string): object =>
    // Modules are awaited.
    sync[name] ??
    new Proxy({}, { get: (_, call) => (call === 'then' ? undefined : () => answer(String(call))) })
  vi.stubGlobal('window', {
    require: module,
    whatsappMcpModules: { ensure: async (name: string) => module(name) },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      others: () => others.map(widOf),
      me: () => [ME],
      findChat: (id: string) => chats.get(id),
      chats: () => [],
      isStatus: () => true,
    },
    whatsappMcpFind: () => answer('getStatus').then(() => ({ id: { fromMe: true } })),
    whatsappMcpActs: { until: async () => 'done' },
  })
  installPageTasks()
  return changes
}

const asked = <K extends TaskKind>(task: PageTask<K>, takes: TaskInput<K>, kind: Kind = {}) => ({
  run: () => task.run(takes, Date.now() + LIMIT_MS) as Promise<object>,
  kind,
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
  'blocks somebody whose first address fails': asked(
    blockPerson,
    { person: AMARA, blocked: true },
    { others: [AMARAS_LID], failing: 'blockContact' },
  ),
  'follows a channel': asked(followChannel, { chat: CHANNEL, follow: true }),
  'removes a picture': asked(setPicture, { group: null, picture: null }),
  'changes the profile': asked(changeProfile, { name: 'Me', about: 'here' }),
  'changes a chat': asked(changeChat, { chat: JURGEN, changes: { mutedUntil: -1, unread: true } }),
  'reads a chat': asked(readChat, { chat: JURGEN }),
  'deletes a chat': asked(deleteChat, { chat: JURGEN }),
  'labels a chat': asked(setLabels, { chat: JURGEN, labels: ['1'] }),
  'posts a status': asked(postStatus, { text: 'Hello', color: 0, font: 0, bareId: 'AB' }),
  'deletes a status': asked(deleteStatus, { keys: ['true_status@broadcast_AB'] }),
}

describe.each(Object.entries(TASKS))('a task that %s', (_, { run, kind }) => {
  it.each([true, false])('changes nothing after its time (members in memory: %s)', async (members) => {
    const changes = openPage({ ...kind, answerMs: LIMIT_MS + 11_000, members })
    void run().catch(() => {})
    await vi.advanceTimersByTimeAsync(10 * LIMIT_MS)
    expect(changes.filter(([, atMs]) => atMs >= LIMIT_MS)).toEqual([])
  })

  it('changes something in time', async () => {
    const changes = openPage({ ...kind, answerMs: 100, members: true })
    void run().catch(() => {})
    await vi.advanceTimersByTimeAsync(10 * LIMIT_MS)
    expect(changes).not.toEqual([])
  })
})
