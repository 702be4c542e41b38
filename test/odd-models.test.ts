/** What the lists of groups, channels and labels return if one model of WhatsApp Web has odd fields: our in-page code on a window of the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { installPageTasks } from '../src/engine/wweb/page-tasks.ts'
import { createPerforming, type Performing } from '../src/engine/wweb/performing.ts'
import { createTranslator } from '../src/engine/wweb/translator.ts'
import { createLog } from '../src/log.ts'
import { listChannels } from '../src/operations/channels.ts'
import { getInvite } from '../src/operations/group-invites.ts'
import { listJoinRequests } from '../src/operations/group-members.ts'
import { listGroups } from '../src/operations/groups.ts'
import { listLabels } from '../src/operations/labels.ts'
import { getPresence, getProfile } from '../src/operations/profile.ts'
import { createTestClock } from './test-clock.ts'

const ME = '15550001000@c.us'
const AMARA = '15550001101@c.us'
const AT = 1_700_000_000
const AT_ISO = '2023-11-14T22:13:20.000Z'
/** The year 5138. */
const FAR = 1e14

/** A model in place of a text. It cannot leave the page. */
const MODEL: Record<string, unknown> = {}
MODEL.self = MODEL

const group = (n: number) => `12036300000000000${n}@g.us`
const channel = (n: number) => `12036300000000000${n}@newsletter`
const widOf = (id: string) => {
  if (!id.includes('@')) throw new TypeError('wid error: invalid wid')
  return { server: id.split('@')[1], toString: () => id }
}

let logged: string[]
let performing: Performing
let modules: Record<string, object>
/** The chats in memory, by id. */
let chats: Map<string, object>

beforeEach(() => {
  logged = []
  chats = new Map()
  modules = {
    WAWebUserPrefsMeUser: { getMaybeMePnUser: () => ME, getMaybeMeLidUser: () => null },
    WAWebWidFactory: { createWid: widOf },
  }
  vi.stubGlobal('window', {
    require: (name: string) => modules[name],
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: {
      attempt(work: () => unknown) {
        try {
          return work()
        } catch {
          return undefined
        }
      },
      chatIds: () => [...chats.keys()],
      findChat: (id: string) => chats.get(id),
      others: () => [],
      chats: () => [],
      isStatus: (id: string) => id === 'status@broadcast',
    },
  })
  installPageTasks()
  const clock = createTestClock()
  const log = createLog({ level: 'warn', write: (line) => logged.push(line) })
  const evaluate = async (run: (...given: unknown[]) => unknown, ...given: unknown[]) =>
    JSON.parse(JSON.stringify(await run(...given)))
  performing = createPerforming({ pupPage: { evaluate } } as never, createTranslator(clock, log), clock)
})
afterEach(() => vi.unstubAllGlobals())

type Row = {
  input: { parse(given: object): unknown }
  output: { parse(answer: unknown): unknown }
  run(input: never, granted: never): unknown
}

/** The answer of an operation, in the form of its output. */
async function ask<T extends Row>(row: T, given: object = {}): Promise<ReturnType<T['output']['parse']>> {
  const granted = {
    clock: createTestClock(),
    engine: {
      perform: (kind: 'read_groups', takes: never, { limitMs }: { limitMs: number }) =>
        performing.perform(kind, takes, limitMs),
    },
    demandSeen() {},
    demandVisible: async () => {},
    reader: () => ({ recipientAt: async () => null }),
  }
  // Only what the rows use of it.
  const answer = await row.run(row.input.parse(given) as never, granted as never)
  return row.output.parse(answer) as ReturnType<T['output']['parse']>
}

/** A group of which this account is an admin. */
function addGroup(n: number, odd: object = {}, oddData: object = {}): object {
  const me = { id: ME, isAdmin: true }
  const participants = { get: (id: string) => (id === ME ? me : undefined), getModelsArray: () => [me] }
  const chat = {
    id: widOf(group(n)),
    name: `Group ${n}`,
    groupMetadata: { subject: `Subject ${n}`, desc: 'About it', creation: AT, participants, ...oddData },
    ...odd,
  }
  chats.set(group(n), chat)
  return chat
}

describe('the list of groups', () => {
  it.each<[what: string, odd: object, oddData: object, shown: object]>([
    ['a number as its name', { name: 42 }, {}, { name: 'Subject 2' }],
    ['models as its names', { name: MODEL }, { subject: MODEL }, { name: group(2) }],
    ['an empty name, as before it is loaded', { name: '' }, {}, { name: 'Subject 2' }],
    ['a name that nobody sees', { name: '\u200b' }, {}, { name: group(2) }],
    ['a number as its description', {}, { desc: 42 }, { description: null }],
    ['a creation in milliseconds', {}, { creation: AT * 1_000 }, { created_at: AT_ISO }],
    ['a creation in the far future', {}, { creation: FAR }, { created_at: null }],
    ['a text as its creation', {}, { creation: 'soon' }, { created_at: null }],
    ['a text as its duration', { ephemeralDuration: 'x' }, {}, { disappearing_s: 0 }],
    ['a fraction as its duration', {}, { ephemeralDuration: 12.5 }, { disappearing_s: 0 }],
  ])('has a group with %s, and the others', async (_, odd, oddData, shown) => {
    addGroup(1)
    addGroup(2, odd, oddData)
    addGroup(3)
    const { groups } = await ask(listGroups)
    expect(groups.map(({ id }) => id).sort()).toEqual([1, 2, 3].map(group))
    expect(groups.find(({ id }) => id === group(2))).toMatchObject(shown)
    expect(groups.find(({ id }) => id === group(3))).toMatchObject({ name: 'Group 3', created_at: AT_ISO })
  })

  it('leaves out a group that cannot be read, and logs it once', async () => {
    const throws = {
      get() {
        throw new TypeError('groupMetadata: not loaded')
      },
    }
    addGroup(1)
    Object.defineProperty(addGroup(2), 'groupMetadata', throws)
    addGroup(3)
    const { groups } = await ask(listGroups)
    expect(groups.map(({ id }) => id)).toEqual([group(1), group(3)])
    expect(logged).toEqual([expect.stringContaining('a group could not be read')])
  })
})

it('the list of channels has one with odd fields', async () => {
  const data = { name: 'Trail', description: 'Paths', membershipType: 'subscriber', size: 1_000 }
  const models = [
    { id: widOf(channel(1)), name: 'Trail', newsletterMetadata: data },
    {
      id: widOf(channel(2)),
      name: 42,
      newsletterMetadata: { ...data, name: MODEL, description: 7, size: 12.5 },
    },
  ]
  modules.WAWebCollections = { WAWebNewsletterCollection: { getModelsArray: () => models } }
  const { channels } = await ask(listChannels)
  expect(channels).toEqual([
    { id: channel(2), name: channel(2), description: null, role: 'follower', followers: null },
    { id: channel(1), name: 'Trail', description: 'Paths', role: 'follower', followers: 1_000 },
  ])
})

it('the list of labels has one with odd fields', async () => {
  const models = [
    { id: '1', name: 'New', hexColor: '#ff9485' },
    { id: 2, name: MODEL, hexColor: 7 },
  ]
  modules.WAWebConnModel = { Conn: { platform: 'smba' } }
  modules.WAWebCollections = { Label: { getModelsArray: () => models } }
  expect((await ask(listLabels)).labels).toEqual([
    { id: '1', name: 'New', color: '#ff9485' },
    { id: '2', name: '2', color: null },
  ])
})

it('an invite with odd fields is shown', async () => {
  const found = { id: widOf(group(1)), subject: MODEL, desc: 7, size: 12.5 }
  modules.WAWebGroupQueryJob = { queryGroupInvite: async () => found }
  const shown = { group_id: group(1), name: group(1), description: null, members: 0 }
  expect(await ask(getInvite, { invite: 'ABCdefGHIjkl12345' })).toMatchObject(shown)
})

it('the list of join requests has one without a valid time, and logs one that cannot be read', async () => {
  addGroup(1)
  const found = [
    { id: AMARA, t: AT },
    { id: 'nonsense', t: AT },
    { id: '15550001102@c.us', t: FAR },
    { id: '15550001103@c.us', t: AT * 1_000 },
  ]
  modules.WAWebApiMembershipApprovalRequestStore = { getMembershipApprovalRequests: async () => found }
  const { requests } = await ask(listJoinRequests, { group_id: group(1) })
  expect(Object.fromEntries(requests.map((one) => [one.id, one.requested_at]))).toEqual({
    [AMARA]: AT_ISO,
    '15550001102@c.us': null,
    '15550001103@c.us': AT_ISO,
  })
  expect(logged).toEqual([expect.stringContaining('a join request could not be read')])
})

it('a profile with odd fields is shown', async () => {
  modules.WAWebConnModel = { Conn: { pushname: 42 } }
  modules.WAWebContactStatusBridge = { getStatus: async () => ({ status: 401 }) }
  expect((await ask(getProfile)).profile).toEqual({ name: '', about: null })
})

it.each([
  [AT, AT_ISO],
  [AT * 1_000, AT_ISO],
  [FAR, null],
  ['soon', null],
])('a person who was last seen at %j was so at %j', async (t, last_seen_at) => {
  const presence = { subscribe: async () => {}, hasData: true, isOnline: false, chatstate: { t } }
  chats.set(AMARA, { id: widOf(AMARA), presence })
  expect(await ask(getPresence, { contact_id: AMARA })).toMatchObject({ online: false, last_seen_at })
})

it('a status update with an odd time was posted when it was seen', async () => {
  const msg = { id: { fromMe: true, remote: 'status@broadcast', id: '3EB0' }, ack: 1, t: FAR }
  modules.WAWebSendStatusMsgAction = {
    sendStatusTextMsgAction: async () => ({ messageSendResult: 'OK', msg }),
  }
  modules.WAWebMsgKey = { newId: async () => '' }
  modules.WAWebCollections = { Msg: { on() {}, off() {} } }
  const post = { text: 'Hello', color: 0xff000000, font: 0, bareId: '3EB0' }
  const { result } = await performing.perform('post_status', post, 5_000)
  expect(result.bareId).toBe('3EB0')
  expect(Math.abs(result.at - Date.now() / 1_000)).toBeLessThan(60)
})
