import { expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import type { AuditRow } from '../control.ts'
import { createAuditLog } from './audit-log.ts'
import { OPERATIONS } from './index.ts'
import { isAudited } from './operation.ts'

const [ANNA, BEN] = ['15551234567@c.us', '15550000009@c.us']
const GROUP = '120363000000000000@g.us'
const CALL = { caller: { id: 'owner' }, face: 'rest', client: null, account: 'default' }

/** The chats of the rows that a call with this input and output leaves. */
async function chatsOf(name: string, input: unknown, output: unknown = {}) {
  const rows: AuditRow[] = []
  const control = { add: async (more: readonly AuditRow[]) => void rows.push(...more), prune: async () => {} }
  const log = createAuditLog({
    control: control as never,
    days: 1,
    clock: createTestClock(),
    onFailure: () => {},
  })
  await log.record({ name, scope: 'manage' }, CALL as never, async (about) => {
    about(input)
    return output
  })
  await log.close()
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

it('a list of any length leaves no more rows than a call can have chats', async () => {
  const all = Array.from({ length: 5_000 }, (_, index) => `1555${String(index).padStart(7, '0')}@c.us`)
  expect(await chatsOf('change_chats', { chat_ids: all })).toHaveLength(100)
})

it('each tool that shows pictures is noted', () => {
  const showing = OPERATIONS.filter((row) => row.images !== undefined)
  expect(showing.map(({ name }) => name)).toContain('get_picture')
  expect(showing.filter((row) => !isAudited(row))).toEqual([])
})
