/** Calls with a key while the control database does not take how they ended. */
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { ControlStore, OutboxRow, RequestRow } from '../control.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import { DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import type { Call } from './call.ts'
import { createOnce } from './once.ts'
import type { Operation } from './operation.ts'

const CALL = { idempotencyKey: 'key', caller: { id: 'owner' }, account: 'default' } as unknown as Call
const OPERATION = { name: 'create_group', effect: 'write', output: z.number() } as unknown as Operation<
  z.ZodType,
  z.ZodNumber
>

/** The requests of a control database that is full until `free` is called. */
function open() {
  const rows = new Map<string, RequestRow>()
  let isFull = true
  const refuse = () => {
    if (isFull) throw new AppError('control_unavailable')
  }
  const requests = {
    async begin({ key }: { key: string }, input: string) {
      const known = rows.get(key) ?? null
      if (known === null) rows.set(key, { input, isOurs: true, outcome: null })
      return known
    },
    async finish({ key }: { key: string }, outcome: string) {
      refuse()
      rows.set(key, { input: '', isOurs: true, ...rows.get(key), outcome })
    },
    async release({ key }: { key: string }) {
      refuse()
      rows.delete(key)
    },
  } as unknown as ControlStore['requests']
  const once = createOnce({ requests, outbox: {} as ControlStore['outbox'] }, () =>
    expect.fail('nothing is read'),
  )
  let runs = 0
  const call = (work: () => number) =>
    once(OPERATION, {}, CALL, async () => {
      runs += 1
      return work()
    })
  const free = () => {
    isFull = false
  }
  return { call, free, runs: () => runs, row: () => rows.get('key') }
}

it('a repetition returns what the call returned, and stores it once there is room', async () => {
  const { call, free, runs, row } = open()
  expect(await call(() => 1)).toBe(1)
  expect([await call(() => 2), runs()]).toEqual([1, 1])
  free()
  expect([await call(() => 3), runs()]).toEqual([1, 1])
  expect(row()?.outcome).toBe('{"output":1}')
})

it('a call that did nothing runs again, once', async () => {
  const { call, runs } = open()
  const failing = () => {
    throw new AppError('not_connected')
  }
  await expect(call(failing)).rejects.toMatchObject({ code: 'not_connected' })
  const both = await Promise.allSettled([call(() => 1), call(() => 2)])
  expect(both).toMatchObject([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: { code: 'idempotency_in_progress' } },
  ])
  expect(runs()).toBe(2)
})

it.each<[ErrorCode, string]>([
  ['whatsapp_timeout', 'it runs'],
  ['not_on_whatsapp', 'not_on_whatsapp'],
])(
  'the server ended during an attempt, and the item of an earlier one failed as %s: %s',
  async (code, ends) => {
    const number = toJid('15550001000@c.us')
    const failed: OutboxRow = {
      ...{ id: 'ob_1', account: DEFAULT_ACCOUNT, number, state: 'failed', operation: 'send_message' },
      ...{ caller: 'owner', request: 'key', reason: null, digest: 'd', chat: number, chatName: '' },
      ...{ preview: '', replyTo: null, content: null, bareId: '3EB0AA', createdAtMs: 0, releaseAtMs: null },
      ...{ expiresAtMs: null, sentAtMs: null, messageId: null, error: { code, detail: 'It failed.' } },
    }
    const requests = {
      begin: async (_: unknown, input: string) => ({ input, isOurs: false, outcome: null }),
      takeOver: async () => true,
      finish: async () => {},
    } as unknown as ControlStore['requests']
    const outbox = { byRequest: async () => failed } as unknown as ControlStore['outbox']
    const once = createOnce({ requests, outbox }, () => expect.fail('nothing is read'))
    const answer = () => 'sent'
    const row = { ...OPERATION, effect: 'send', answer, output: z.string() } as const
    expect(await once(row, {}, CALL, async () => 'it runs').catch((error) => error.code)).toBe(ends)
  },
)
