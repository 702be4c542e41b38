/** Operations on the outbox. None of them has a tool: an agent must not decide about its own messages. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import { fail } from '../errors.ts'
import { accountIdInput } from '../model/ids.ts'
import { OUTBOX_STATES, OutboxItem } from '../model/outbox.ts'
import { FILE_MS, fileOf, viewOf } from '../outbox/item.ts'
import { limit } from './inputs.ts'
import { CONTROL_ERRORS, defineOperation } from './operation.ts'
import { demandFuture, sendAt, textInput } from './send.ts'
import { demandSome } from './tasks.ts'

const Answer = z.object({ ok: z.literal(true), item: OutboxItem })

const answerWith = (item: OutboxRow) => ({ ok: true as const, item: viewOf(item) })

/** The id of an item, in a path. */
const itemId = z.string().max(64).describe('Id of the item, from the list of the outbox.')
const example = { item_id: 'ob_0mgk2x1a0q8z5r3w7' }

const row = {
  tool: null,
  tag: 'outbox',
  toolset: 'core',
  scope: 'admin',
  needs: 'nothing',
  isGlobal: true,
} as const

export const listOutbox = defineOperation({
  ...row,
  name: 'list_outbox',
  title: 'Messages of the outbox',
  description:
    'Returns the messages that this server sends, has sent or holds, newest first, of all accounts and of the numbers that are linked to them now, and of removed accounts. Settled and unknown ones are kept for 7 days. Of a message that never waited, the text is deleted as soon as it is settled.',
  effect: 'read',
  routes: ['GET /api/outbox'],
  input: z.strictObject({
    account: accountIdInput.optional(),
    state: z.enum(OUTBOX_STATES).optional().describe('Only items in this state.'),
    before: itemId
      .regex(/^ob_[0-9a-z]+$/, 'must be `next_cursor` of the previous page')
      .optional()
      .describe('`next_cursor` of the previous page. Leave it out for the first page.'),
    limit: limit(50),
  }),
  output: z.object({
    ok: z.literal(true),
    count: z.int().min(0),
    items: z.array(OutboxItem),
    next_cursor: z
      .string()
      .nullable()
      .describe('Pass it as `before` for the next page; null on the last one.'),
  }),
  errors: [...CONTROL_ERRORS],
  example: { input: { state: 'held' } },
  async run({ limit: most, ...which }, { outbox }) {
    const rows = await outbox.list({ ...which, limit: most + 1 })
    const items = rows.slice(0, most).map(viewOf)
    const next_cursor = rows.length > most ? (items.at(-1)?.id ?? null) : null
    return { ok: true as const, count: items.length, items, next_cursor }
  },
})

export const getOutboxItem = defineOperation({
  ...row,
  name: 'get_outbox_item',
  title: 'One message of the outbox',
  description:
    'Returns one item of the outbox: its recipient, its text while it waits, its state and its outcome.',
  effect: 'read',
  routes: ['GET /api/outbox/{item_id}'],
  input: z.strictObject({ item_id: itemId }),
  output: Answer,
  errors: [...CONTROL_ERRORS, 'outbox_item_not_found'],
  example: { input: example },
  run: async ({ item_id }, { outbox }) =>
    answerWith((await outbox.get(item_id)) ?? fail('outbox_item_not_found')),
})

/** The error codes of every decision. */
const DECISION_ERRORS = [
  ...CONTROL_ERRORS,
  'account_unavailable',
  'outbox_item_not_found',
  'outbox_not_held',
  'own_send',
] as const
const decision = {
  ...row,
  effect: 'write',
  output: Answer,
} as const

export const approveOutboxItem = defineOperation({
  ...decision,
  name: 'approve_outbox_item',
  title: 'Approve a message',
  description:
    'Sends a held message. `digest` is the one that was read with the item: if the item has changed since, nothing is sent. Returns the item after it was sent or failed. If it has a time, WhatsApp is not connected or does not respond, or other messages to the chat take long, its state is `scheduled`. If its own send takes longer than this call can wait, it is `sending`. An item is approved once, unless it is changed afterwards.',
  routes: ['POST /api/outbox/{item_id}/approve'],
  input: z.strictObject({
    item_id: itemId,
    digest: z.string().max(64).describe('The `digest` of the item that was read.'),
  }),
  errors: [...DECISION_ERRORS, 'outbox_changed'],
  limitMs: FILE_MS + 1_000,
  example: { input: { ...example, digest: '0f2d4c6b8a9e1d3c5b7a9f8e6d4c2b1a' } },
  run: async ({ item_id, digest }, { deciding }) =>
    answerWith(await (await deciding(item_id)).approve(item_id, digest)),
})

export const rejectOutboxItem = defineOperation({
  ...decision,
  name: 'reject_outbox_item',
  title: 'Reject a message',
  description: 'Ends a held message: it is never sent. `reason` is stored with the item.',
  routes: ['POST /api/outbox/{item_id}/reject'],
  input: z.strictObject({
    item_id: itemId,
    reason: z.string().trim().min(1).max(500).optional().describe('Why, for the caller.'),
  }),
  errors: [...DECISION_ERRORS],
  example: { input: example },
  run: async ({ item_id, reason = null }, { deciding }) =>
    answerWith(await (await deciding(item_id)).reject(item_id, reason)),
})

export const cancelOutboxItem = defineOperation({
  ...decision,
  name: 'cancel_outbox_item',
  title: 'Cancel a message',
  description: 'Ends a held or scheduled message: it is never sent.',
  routes: ['POST /api/outbox/{item_id}/cancel'],
  input: z.strictObject({ item_id: itemId }),
  errors: [...DECISION_ERRORS],
  example: { input: example },
  run: async ({ item_id }, { deciding }) => answerWith(await (await deciding(item_id)).cancel(item_id)),
})

export const changeOutboxItem = defineOperation({
  ...decision,
  name: 'change_outbox_item',
  title: 'Change a message',
  description:
    'Changes the text, the caption or the time of a held or scheduled message. Its digest changes too. A held message still waits for its approval, and an approved one is held again.',
  routes: ['PATCH /api/outbox/{item_id}'],
  input: z.strictObject({
    item_id: itemId,
    message: textInput.optional(),
    caption: textInput.optional().describe('The new caption of a file. `message` does the same.'),
    send_at: sendAt.optional(),
  }),
  errors: [...DECISION_ERRORS],
  example: { input: { ...example, message: 'Hello from whatsapp-mcp-api' } },
  async run({ item_id, message, caption, send_at }, { deciding, outbox, clock }) {
    demandSome({ message, caption, send_at }, 'message, caption, send_at')
    if (message !== undefined && caption !== undefined)
      fail('invalid_input', { detail: '"caption": a message has one text. Leave out `message`.' })
    const item = caption === undefined ? null : await outbox.get(item_id)
    if (item?.content && fileOf(item) === null)
      fail('invalid_input', { detail: '"caption": this message has no file. Its text is `message`.' })
    const releaseAtMs = demandFuture(send_at, clock.now())
    return answerWith(
      await (await deciding(item_id)).change(item_id, { text: message ?? caption, releaseAtMs }),
    )
  },
})
