import { expect, it } from 'vitest'
import { openArchiveStage } from '../../test/archive-stage.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { AppError, ERRORS, fail } from '../errors.ts'
import { toJid } from '../model/ids.ts'
import { type Policy, sendsBy } from '../model/policy.ts'
import type { TaskInput, TaskKind } from '../model/task.ts'
import { sendMessage } from './messages.ts'
import { seenOf } from './seen.ts'
import { createSending, holdsNow, listedBy, stillAllows } from './sending.ts'

const PERSON = toJid('15551234567@c.us')
const GROUP = toJid('120363000000000000@g.us')
const members = [PERSON]

/** `said`: others get something to read or see. `done`: others only notice it. `own`: what no policy of sending is about. */
type Reach = 'said' | 'done' | 'own'
/** What each task is, by an input of it. The compiler asks for each new kind. */
const TASKS: { [K in TaskKind]: [Reach, TaskInput<K>][] } = {
  create_group: [['said', { name: 'PIN 4711', members }]],
  change_group: [
    ['said', { group: GROUP, changes: { name: 'PIN 4711' } }],
    ['said', { group: GROUP, changes: { description: 'PIN 4711' } }],
    ['own', { group: GROUP, changes: { onlyAdminsSend: true } }],
  ],
  change_members: [
    ['said', { group: GROUP, action: 'add', members }],
    ['own', { group: GROUP, action: 'remove', members }],
  ],
  set_picture: [
    ['said', { group: GROUP, picture: { mimetype: 'image/png', data: '' } }],
    ['said', { group: null, picture: { mimetype: 'image/png', data: '' } }],
    ['said', { group: GROUP, picture: null }],
  ],
  change_profile: [['said', { about: 'PIN 4711' }]],
  post_status: [['said', { text: 'PIN 4711', color: 0, font: 0, bareId: 'X' }]],
  delete_status: [['done', { keys: [] }]],
  show_state: [['done', { chat: PERSON, state: 'typing', seconds: 1, by: 'X' }]],
  read_groups: [['own', { group: GROUP }]],
  leave_group: [['own', { group: GROUP }]],
  group_invite: [['own', { group: GROUP, reset: true }]],
  read_invite: [['own', { invite: 'X' }]],
  join_group: [['own', { invite: 'X' }]],
  join_requests: [['own', { group: GROUP }]],
  answer_requests: [['own', { group: GROUP, approve: true, members }]],
  change_chat: [['own', { chat: PERSON, changes: { archived: true } }]],
  read_chat: [['own', { chat: PERSON }]],
  delete_chat: [['own', { chat: PERSON }]],
  block_person: [['own', { person: PERSON, blocked: true }]],
  read_blocked: [['own', {}]],
  read_profile: [['own', {}]],
  show_presence: [['own', { available: true }]],
  read_presence: [['own', { person: PERSON }]],
  read_picture: [['own', { chat: PERSON, known: null }]],
  reject_call: [['own', { call: 'X' }]],
  read_channels: [['own', {}]],
  follow_channel: [['own', { chat: PERSON, follow: true }]],
  read_labels: [['own', { chat: null }]],
  set_labels: [['own', { chat: PERSON, labels: [] }]],
}

/** The code with which a policy refuses, and what. The owner knows nobody. */
const REFUSALS = {
  open: ['', []],
  known: ['change_refused', ['said', 'done']],
  confirm: ['change_refused', ['said']],
  only: ['recipient_not_allowed', ['said', 'done']],
  off: ['recipient_not_allowed', ['said', 'done']],
} as const satisfies Record<Policy, [string, Reach[]]>

const reader = { isKnown: () => false }

/** The code with which this policy refuses the task; `sent`: it goes to the engine. */
async function outcome(policy: Policy, kind: TaskKind, takes: unknown): Promise<string> {
  const sending = createSending({
    sends: { policy, chats: [] },
    reader: () => reader as never,
    isListed: () => false,
  })
  const engine = sending.limit({ perform: async () => ({}) } as never)
  return engine.perform(kind, takes as never, { limitMs: 1 }).then(
    () => 'sent',
    (error) => (error instanceof AppError ? error.code : String(error)),
  )
}

const cases = Object.entries(TASKS).flatMap(([kind, inputs]) =>
  inputs.map(([reach, takes]) => [kind as TaskKind, takes, reach] as const),
)

it.each(cases)('each policy decides about %s %j (%s)', async (kind, takes, reach) => {
  for (const [policy, [code, reaches]] of Object.entries(REFUSALS)) {
    const expected = reaches.some((one) => one === reach) ? code : 'sent'
    expect([policy, await outcome(policy as Policy, kind, takes)]).toEqual([policy, expected])
  }
})

/** What becomes of what was scheduled to a person, if the owner knows them and if not. `ends`: at once, without waiting. */
const AT_ITS_TIME: Record<Policy, [known: string | null, stranger: string | null]> = {
  open: [null, null],
  known: [null, 'stranger'],
  confirm: ['confirm', 'confirm'],
  only: ['ends', 'ends'],
  off: ['ends', 'ends'],
}

it.each(Object.entries(AT_ITS_TIME))(
  'what was scheduled before a key was given %s follows it',
  async (policy, expected) => {
    const caller = { sends: sendsBy(policy as Policy), sees: null }
    const becomes = async (isKnown: () => Promise<boolean>) => {
      const archive = { reader: () => ({ isKnown }), sees: () => false } as never
      if (!stillAllows(caller, PERSON, () => false)) return 'ends'
      return holdsNow(caller, PERSON, archive)
    }
    expect([await becomes(async () => true), await becomes(async () => false)]).toEqual(expected)
    // Whom an archive that cannot be read would know is not known.
    expect(await becomes(async () => fail('archive_unavailable'))).toBe(expected[1])
    // An archive that is busy knows it soon: the item is due again in a moment.
    const later = becomes(async () => fail('server_busy')).catch((error) => error.code)
    expect(await later).toBe(policy === 'known' ? 'server_busy' : expected[1])
  },
)

/** What becomes of a message now: as at its time, but that what may not go is refused. */
const NOW: Record<Policy, string | null> = {
  ...{ open: null, known: 'stranger', confirm: 'confirm' },
  ...{ only: 'archive_damaged', off: 'recipient_not_allowed' },
}

it.each(Object.entries(NOW))(
  'under %s, while the archive is damaged, a message has an outcome that its row names',
  async (policy, expected) => {
    const clock = createTestClock()
    const { archive, close } = await openArchiveStage(clock, { isDamaged: true })
    const sends = { policy: policy as Policy, chats: policy === 'only' ? [PERSON] : [] }
    const { reader } = seenOf(archive, null, new AbortController().signal, clock)
    const outcome = await createSending({ sends, reader, isListed: listedBy(archive) })
      .hold(PERSON)
      .catch((error) => error.code)
    await close()
    expect(outcome).toBe(expected)
    const codes: string[] = [...sendMessage.errors]
    if (outcome !== null && Object.hasOwn(ERRORS, outcome)) expect(codes).toContain(outcome)
  },
)
