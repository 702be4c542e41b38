import { expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import type { AuditRow } from '../control.ts'
import { AppError } from '../errors.ts'
import { createAuditLog } from './audit-log.ts'
import { OPERATIONS } from './index.ts'
import { isAudited } from './operation.ts'

const [ANNA, BEN] = ['15551234567@c.us', '15550000009@c.us']
const GROUP = '120363000000000000@g.us'
const CALL = { caller: { id: 'owner' }, face: 'rest', client: null, account: 'default' }

/** The rows that a call with this input and output leaves; of one that fails, with the facts of its error. */
async function rowsOf(name: string, input: unknown, output: unknown = {}) {
  const rows: AuditRow[] = []
  const control = { add: async (more: readonly AuditRow[]) => void rows.push(...more), prune: async () => {} }
  const log = createAuditLog({
    control: control as never,
    days: 1,
    clock: createTestClock(),
    onFailure: () => {},
  })
  await log
    .record({ name, scope: 'manage' }, CALL as never, async (about) => {
      about(input)
      if (output instanceof AppError) throw output
      return output
    })
    .catch(() => {})
  await log.close()
  return rows
}

/** The chats of the rows that a call with this input and output leaves. */
async function chatsOf(name: string, input: unknown, output: unknown = {}) {
  const rows = await rowsOf(name, input, output)
  expect(rows.map(({ operation, outcome }) => [operation, outcome])).toEqual(rows.map(() => [name, 'ok']))
  return rows.map(({ chat }) => chat)
}

it.each<[what: string, input: object, output: object, chats: (string | null)[]]>([
  ['one chat', { chat_id: ANNA }, {}, [ANNA]],
  ['no chat', { query: ANNA }, { chats: [{ id: ANNA }] }, [null]],
  [
    'several chats',
    { chat_ids: [ANNA, ' +1 555-000-0009', ANNA] },
    { failed: [{ chat_id: ANNA }] },
    [ANNA, BEN],
  ],
  [
    'a message and chats, some by name',
    { message_id: `false_${ANNA}_3EB0`, chats: [BEN, 'Weekend hike', 'nobody'] },
    { results: [{ chat: BEN, id: BEN }, { chat: 'Weekend hike', id: GROUP }, { chat: 'nobody' }] },
    [ANNA, BEN, GROUP],
  ],
  ['a picture', { id: ANNA }, { id: ANNA }, [ANNA]],
  ['the own picture', { id: 'me' }, { id: 'me' }, [null]],
  ['what is no list', { chat_ids: ANNA.length, chats: { 0: ANNA } }, {}, [null]],
])('a call about %s leaves a row for each', async (_, input, output, chats) => {
  expect(await chatsOf('any', input, output)).toEqual(chats)
})

const held = { ok: false, code: 'held_for_approval' }
const denied = { ok: false, code: 'recipient_not_allowed' }
const unknown = { ok: false, code: 'send_outcome_unknown' }
it.each<[what: string, input: object, output: object, rows: (string | null)[][]]>([
  [
    'chats that get a message, and chats that do not',
    { chats: [ANNA, BEN, 'Weekend hike'] },
    {
      results: [
        { chat: ANNA, id: ANNA, ok: true },
        { chat: BEN, ...denied },
        { chat: 'x', id: GROUP, ...held },
      ],
    },
    [
      [ANNA, 'allowed', 'ok'],
      [BEN, 'denied', 'recipient_not_allowed'],
      [GROUP, 'held', 'ok'],
    ],
  ],
  [
    'files for a chat by its name',
    { chat: 'Weekend hike' },
    { chat: { id: GROUP, name: 'Weekend hike' }, results: [{ ok: true }, unknown, unknown] },
    [
      [GROUP, 'allowed', 'ok'],
      [GROUP, 'allowed', 'send_outcome_unknown'],
    ],
  ],
  [
    'files that all wait',
    { chat: 'Weekend hike' },
    new AppError('held_for_approval', { facts: { chat: { id: GROUP }, results: [held, held] } }),
    [[GROUP, 'held', 'ok']],
  ],
  [
    'members',
    { group_id: GROUP, members: [ANNA] },
    { results: [{ member: ANNA, ok: false, code: 'not_on_whatsapp' }] },
    [[GROUP, 'allowed', 'ok']],
  ],
  [
    'results that the caller makes up',
    {
      chat_id: ANNA,
      results: [{ ok: true }, { chat: 'x', id: BEN, ...denied }, { ok: 1, code: { toString: 1 } }],
    },
    new AppError('invalid_input'),
    [[ANNA, 'allowed', 'invalid_input']],
  ],
  [
    'codes that the table does not have',
    { chat_id: ANNA },
    {
      results: [
        { ok: false, code: 'constructor' },
        { ok: false, code: { toString: 1 } },
      ],
    },
    [[ANNA, 'allowed', 'ok']],
  ],
])('a call about %s says what became of each', async (_, input, output, expected) => {
  const rows = await rowsOf('any', input, output)
  expect(rows.map(({ chat, decision, outcome }) => [chat, decision, outcome])).toEqual(expected)
})

it('a list of any length leaves no more rows than a call can have chats', async () => {
  const all = Array.from({ length: 5_000 }, (_, index) => `1555${String(index).padStart(7, '0')}@c.us`)
  expect(await chatsOf('change_chats', { chat_ids: all })).toHaveLength(100)
})

it('each tool that shows pictures is noted', () => {
  const showing = OPERATIONS.filter((row) => row.images !== undefined)
  expect(showing.map(({ name }) => name)).toContain('get_picture')
  expect(showing.filter((row) => !isAudited(row))).toEqual([])
})
