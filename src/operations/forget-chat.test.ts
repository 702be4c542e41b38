/** Forgetting a chat, on a real archive and a real control database: for a caller that does not see the chat, nothing happens. */
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type ArchiveStage, ME, openArchiveStage } from '../../test/archive-stage.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import type { Account } from '../accounts/account.ts'
import type { ControlStore, OutboxRow } from '../control.ts'
import { AppError } from '../errors.ts'
import type { Caller } from '../model/caller.ts'
import { DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import { problemOf, viewOf } from '../outbox/item.ts'
import { openControl } from '../store/open-control.ts'
import { type Call, OWNER } from './call.ts'
import { createDoor, type DoorOptions } from './door.ts'

const BOSS = toJid('15551234567@c.us')
const OTHER = toJid('15551234568@c.us')
const clock = createTestClock()

let stage: ArchiveStage
let control: ControlStore
let account: Account
beforeEach(async () => {
  stage = await openArchiveStage(clock)
  const { authDir, archive } = stage
  control = openControl({ file: authDir.control, archives: authDir.archives, secret: null, clock })
  archive.take({ type: 'message', message: seenMessage({ chat: BOSS, bareId: '3EB0AA', body: 'hello' }) })
  archive.flush()
  await control.accounts.change(DEFAULT_ACCOUNT, { number: ME })
  await control.outbox.add(SENT)
  account = { ...Object.create(null), id: DEFAULT_ACCOUNT, session: {}, archive }
})
afterEach(async () => {
  await control.close()
  await stage.close()
})

const SENT: OutboxRow = {
  ...{ id: 'ob_1', account: DEFAULT_ACCOUNT, number: ME, state: 'sent', operation: 'send_to_chat' },
  ...{ caller: 'owner', request: null, reason: null, digest: 'd', chat: BOSS, chatName: 'The boss' },
  ...{ preview: 'Hi', replyTo: null, content: '{}', bareId: '3EB0BB', createdAtMs: 0, releaseAtMs: null },
  ...{ expiresAtMs: null, sentAtMs: null, messageId: null, error: null },
}

const openDoor = (hideChats: DoorOptions['hideChats'] = []) =>
  createDoor({
    ...Object.create(null),
    ...{ accounts: { get: () => account }, uploads: { of: () => null }, control, hideChats, clock },
    ...{ mcpSends: 'open', mcpUrl: () => '', onAdmit() {} },
  })
const callBy = (caller: Partial<Caller>): Call => ({
  caller: { ...OWNER, id: 'key_1', scopes: new Set(['manage']), ...caller },
  ...{ face: 'rest', client: null, account: DEFAULT_ACCOUNT, requestId: 'r', canAsk: false },
  signal: new AbortController().signal,
})

/** What the call returns, or its code; and what is left. */
async function forget(caller: Partial<Caller>, hideChats: DoorOptions['hideChats'] = [], chat = BOSS) {
  const way = { name: 'forget_chat', scope: 'manage', needs: 'nothing' } as const
  const granted = openDoor(hideChats).admit(way, callBy(caller))
  const answer = await granted.forget(chat).catch((error) => error.code)
  const items = await control.outbox.list({ limit: 9 })
  return { answer, messages: stage.archive.view().archive?.messages, items: items.length }
}

it('deletes its messages and its sends', async () => {
  expect(await forget({})).toEqual({ answer: 1, messages: 0, items: 0 })
})

it.each<[string, Partial<Caller>, DoorOptions['hideChats']]>([
  ['a key from which it is hidden', { sees: { only: null, hide: [BOSS] } }, []],
  ['a key that sees only others', { sees: { only: [OTHER], hide: [] } }, []],
  ['a key without admin where the settings hide it', {}, [BOSS]],
])('changes nothing for %s', async (_, caller, hidden) => {
  expect(await forget(caller, hidden)).toEqual({ answer: 'chat_not_found', messages: 1, items: 1 })
})

it.each(['15559999999@c.us', '120363000000000001@g.us', '99000000000009@lid'])(
  'changes nothing for %s, which the archive does not have',
  async (chat) => {
    await control.outbox.add({ ...SENT, id: 'ob_2', chat: toJid(chat), bareId: '3EB0CC' })
    expect(await forget({}, [], toJid(chat))).toEqual({ answer: 'chat_not_found', messages: 1, items: 2 })
  },
)

it('leaves no text of a message that waited with the idempotency keys, and repeats no answer about it', async () => {
  const content = JSON.stringify({ outgoing: { kind: 'text', text: 'SECRET' } })
  const held: OutboxRow = {
    ...{ ...SENT, id: 'ob_2', state: 'held', caller: 'key_1', request: 'k1', reason: 'confirm' },
    ...{ content, preview: 'SECRET', bareId: '3EB0CC' },
  }
  await control.outbox.add(held)
  const row = { scope: 'manage', needs: 'nothing', effect: 'send', output: z.unknown() } as const
  const call = { ...callBy({}), idempotencyKey: 'k1' }
  const door = openDoor()
  const repeat = {
    send: () =>
      door.once({ ...row, name: 'send_to_chat', answer: () => ({}) }, {}, call, async () => {
        throw problemOf(held)
      }),
    forward: () =>
      door.once({ ...row, name: 'forward_message' }, {}, call, async () => {
        const results = [{ ok: false, code: 'held_for_approval', outbox_id: held.id }]
        throw new AppError('held_for_approval', { facts: { item: viewOf(held), results } })
      }),
    change: () =>
      door.once({ ...row, name: 'change_outbox_item' }, {}, call, async () => ({ item: viewOf(held) })),
  }
  const outcomes = () =>
    Promise.all(Object.values(repeat).map((one) => one().catch(({ code, facts }) => ({ code, ...facts }))))
  const waits = { item: { preview: 'SECRET' } }
  for (let times = 0; times < 2; times += 1) expect(await outcomes()).toMatchObject([waits, waits, waits])
  await control.outbox.change(held.id, ['held'], { state: 'sent', content: null })
  await forget({})
  const files = ['', '-wal'].map((end) => stage.authDir.control + end).filter(existsSync)
  expect(files.filter((file) => readFileSync(file).includes('SECRET'))).toEqual([])
  expect(await outcomes()).toMatchObject(Object.keys(repeat).map(() => ({ code: 'outcome_unknown' })))
})
