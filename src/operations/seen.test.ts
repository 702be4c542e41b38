/** What a caller with limits sees, on a real archive. */
import { afterEach, describe, expect, it } from 'vitest'
import { type ArchiveStage, openArchiveStage } from '../../test/archive-stage.ts'
import { createTestClock } from '../../test/test-clock.ts'
import type { Caller, Scope } from '../model/caller.ts'
import { DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import { callerOf } from '../rules/caller.ts'
import type { Rule } from '../rules/rule.ts'
import { type Call, OWNER } from './call.ts'
import { listChannels } from './channels.ts'
import { listGroups } from './groups.ts'
import { isVisibleTo, seenOf, sightOf } from './seen.ts'

const GROUPS = ['120363000000000001@g.us', '120363000000000002@g.us'].map(toJid)
const CHANNELS = ['120363000000000003@newsletter', '120363000000000004@newsletter'].map(toJid)
const HIDDEN = [GROUPS[0], CHANNELS[0]].filter((one) => one !== undefined)
const clock = createTestClock()

let stage: ArchiveStage
afterEach(() => stage.close())

/** What the engine reports of the account. */
const REPORTS: Record<string, object[]> = {
  read_groups: GROUPS.map((group) => ({
    ...{ group, name: group, description: null, members: 3, role: 'member', createdAt: null },
    ...{ onlyAdminsSend: false, onlyAdminsEdit: false, onlyAdminsAdd: false, approveMembers: false },
    disappearingS: 0,
  })),
  read_channels: CHANNELS.map((channel) => ({
    ...{ channel, name: channel, description: null, role: 'follower', followers: null },
  })),
}

/** The ids in the list, or its code. */
async function list(row: typeof listGroups | typeof listChannels, isDamaged: boolean) {
  stage = await openArchiveStage(clock, { isDamaged })
  const { signal } = new AbortController()
  const { demandSeen } = seenOf(stage.archive, { only: null, hide: HIDDEN }, signal, clock)
  const engine = { perform: async (kind: string) => ({ result: REPORTS[kind], chat: null }) }
  // Only what the rows use of it.
  const granted = { clock, engine, demandSeen, demandVisible: async () => {} } as never
  const answer: Promise<object> = Promise.resolve(row.run(row.input.parse({}) as never, granted))
  return answer.then(
    (found) => Object.values(found).flatMap((part) => (Array.isArray(part) ? part.map(({ id }) => id) : [])),
    (error) => error.code,
  )
}

describe.each([
  ['groups', listGroups, GROUPS[1]],
  ['channels', listChannels, CHANNELS[1]],
] as const)('the list of %s', (_, row, seen) => {
  it('has those that the caller sees', async () => {
    expect(await list(row, false)).toEqual([seen])
  })

  it('says why the archive cannot tell which those are', async () => {
    const code = await list(row, true)
    expect(code).toBe('archive_damaged')
    expect(row.errors).toContain(code)
  })
})

const RULE: Rule = {
  name: 'away',
  account: DEFAULT_ACCOUNT,
  filter: { kinds: ['message.received'], chats: null, fromMe: null, mentionsMe: false },
  action: { does: 'reply', text: 'Away.', quotes: false, policy: 'known', everyMs: 0 },
}
const keyWith = (...scopes: Scope[]) => ({ ...OWNER, id: 'key_1', scopes: new Set(scopes) })

it.each<[string, Caller, Call['face'], boolean]>([
  ['the owner over MCP', OWNER, 'mcp', false],
  ['a key with admin over MCP', keyWith('admin'), 'mcp', false],
  ['a key without admin', keyWith('read', 'send', 'manage'), 'rest', false],
  ['a key with admin', keyWith('admin'), 'rest', true],
  ['the owner', OWNER, 'rest', true],
  ['a rule', callerOf(RULE), 'rule', true],
])('of a chat that the settings hide from clients: what %s sees', async (_, caller, face, sees) => {
  stage = await openArchiveStage(clock)
  const { signal } = new AbortController()
  const seen = seenOf(stage.archive, sightOf({ caller, face }, HIDDEN), signal, clock)
  expect(HIDDEN.map((chat) => isVisibleTo(chat, seen))).toEqual([sees, sees])
})
