/** Operations on webhooks. None of them has a tool: an agent must not send the owner's messages elsewhere. */
import { z } from 'zod'
import { fromCursor, toCursor } from '../cursor.ts'
import { EVENT_KINDS } from '../model/events.ts'
import { accountIdInput } from '../model/ids.ts'
import { toIsoMs } from '../model/times.ts'
import { DELIVERY_ERRORS, PAUSE_REASONS, type WebhookFilter } from '../model/webhook.ts'
import {
  DELIVERY_STATES,
  type Delivery,
  type DeliveryPlace,
  type DeliveryState,
} from '../webhooks/deliveries.ts'
import { readSecret, SECRET_PREFIX } from '../webhooks/signature.ts'
import type { WebhookView } from '../webhooks/webhooks.ts'
import { ACCOUNT_ERRORS } from './accounts.ts'
import {
  chatIdInput,
  limit,
  momentInput,
  oneOrMore,
  cursor as pageCursor,
  whole,
  wordList,
  yesNo,
} from './inputs.ts'
import { CONTROL_ERRORS, defineOperation } from './operation.ts'
import { onePage, READING_ERRORS } from './reading.ts'

const MOST_OVERLAP_S = 7 * 24 * 3_600
/** Time to look up the address of the host. */
const ADDRESS_MS = 8_000
/** An attempt takes 10 s at most, and may wait for others of the webhook. */
const ATTEMPT_MS = 25_000

const url = z
  .string()
  .max(2_000)
  .transform((text, context) => {
    const parsed = URL.canParse(text) ? new URL(text) : null
    const isPlain = parsed !== null && parsed.username === '' && parsed.password === ''
    if (isPlain && /^https?:$/.test(parsed.protocol)) return parsed
    context.addIssue('must be an http or https URL without a user name and a password')
    return z.NEVER
  })
  .describe('Where events are sent, for example "https://receiver.example/whatsapp".')
const secret = z
  .string()
  .transform((text, context) => {
    const base64 = readSecret(text)
    if (base64 !== null) return base64
    context.addIssue(`must be "${SECRET_PREFIX}" and the Base64 of 24 to 64 bytes`)
    return z.NEVER
  })
  .describe(
    'The secret that signs deliveries: "whsec_" and the Base64 of 24 to 64 bytes. Default: a new one.',
  )
const filter = {
  kinds: oneOrMore(EVENT_KINDS).describe('Only these kinds of events. Default: all.'),
  chats: wordList(chatIdInput).describe('Only events of these chats, by id. Default: all.'),
  from_me: yesNo.describe(
    'True: only messages of this account. False: only those of others. Events without a message pass. Default: both.',
  ),
  mentions_me: yesNo.describe('True: only messages that mention this account. Default: false.'),
}
const webhookId = z.string().max(64).describe('Id of the webhook, for example "wh_0a1b2c3d4e5f".')
const cursor = z.string().min(1).max(64)
const eventCursor = cursor.describe('Cursor of the event, from the list of deliveries.')

const Attempt = {
  status: z.int().nullable().describe('HTTP status of the answer; null if there was none.'),
  error: z.enum(DELIVERY_ERRORS).nullable().describe('Why it failed; null if it was delivered.'),
}
const Webhook = z.object({
  id: z.string(),
  account: z.string(),
  url: z.string(),
  kinds: z.array(z.enum(EVENT_KINDS)).nullable().describe('Null: all.'),
  chats: z.array(z.string()).nullable().describe('Null: all.'),
  from_me: z.boolean().nullable().describe('Null: both.'),
  mentions_me: z.boolean(),
  paused: z.boolean(),
  paused_reason: z
    .enum(PAUSE_REASONS)
    .nullable()
    .describe(
      'owner: by a request. logged_out, account_removed: its account was. other_archive: the account has another event log now.',
    ),
  failing_chats: z.int().min(0).describe('Chats in which a delivery fails and is tried again.'),
  dead_deliveries: z.int().min(0).describe('Deliveries that failed for 3 days.'),
  last_attempt: z
    .object({ at: z.string(), ...Attempt, duration_ms: z.int() })
    .nullable()
    .describe('The newest attempt since the server started.'),
  lost_events_at: z
    .string()
    .nullable()
    .describe('When events were found to be deleted before they were delivered; null if never.'),
  created_at: z.string(),
  old_secret_until: z
    .string()
    .nullable()
    .describe('The secret before the last rotation signs too until then.'),
})
const Ok = z.object({ ok: z.literal(true) })
const One = Ok.extend(Webhook.shape)
const WithSecret = One.extend({
  secret: z.string().describe('The secret that signs deliveries. It is returned only in this response.'),
})
const Outcome = Ok.extend({
  delivered: z.boolean().describe('True if the receiver answered with a status from 200 to 299.'),
  ...Attempt,
  duration_ms: z.int(),
})
const OneDelivery = z.object({
  event: z.string().describe('Cursor of the event: the header webhook-id.'),
  kind: z.enum(EVENT_KINDS),
  chat: z.string().nullable().describe('Id of its chat; null if it has none.'),
  state: z.enum(DELIVERY_STATES),
  attempts: z.int().min(0),
  first_attempt_at: z.string().nullable(),
  next_attempt_at: z.string().nullable(),
  dead_at: z.string().nullable(),
  status: Attempt.status,
  error: z.string().nullable().describe('Why the newest attempt failed; null before the first one.'),
})

const Place = z.object({ atMs: z.int(), key: z.string() }) satisfies z.ZodType<DeliveryPlace>

/** The next step of a client that missed a secret. */
const SHOWN_ONCE =
  'GET /api/webhooks lists the webhooks. To get a new secret: POST /api/webhooks/{webhook_id}/rotate.'
const row = {
  tool: null,
  tag: 'webhooks',
  toolset: 'core',
  scope: 'admin',
  needs: 'nothing',
  isGlobal: true,
} as const
const ONE_ERRORS = ['webhook_not_found', ...CONTROL_ERRORS] as const
const LOG_ERRORS = [
  ...ONE_ERRORS,
  ...ACCOUNT_ERRORS,
  ...READING_ERRORS,
  'cursor_foreign',
  'cursor_expired',
] as const
const example = { webhook_id: 'wh_0a1b2c3d4e5f' }

export const listWebhooks = defineOperation({
  ...row,
  name: 'list_webhooks',
  title: 'List webhooks',
  description: 'Returns every webhook without its secret, oldest first.',
  effect: 'read',
  routes: ['GET /api/webhooks'],
  input: z.strictObject({ account: accountIdInput.optional().describe('Only those of this account.') }),
  output: Ok.extend({ count: z.int().min(0), webhooks: z.array(Webhook), next_cursor: onePage }),
  errors: [...CONTROL_ERRORS],
  example: { input: {} },
  async run({ account }, { webhooks }) {
    const all = (await webhooks.list()).filter((one) => account === undefined || one.row.account === account)
    return { ok: true as const, count: all.length, webhooks: all.map(toWebhook), next_cursor: null }
  },
})

export const addWebhook = defineOperation({
  ...row,
  name: 'add_webhook',
  title: 'Create a webhook',
  description:
    'Sends the events of an account to a URL from now on, and returns the secret that signs them, once. Each event is one POST request with the headers of Standard Webhooks and the event as JSON.',
  effect: 'write',
  status: 201,
  limitMs: ADDRESS_MS,
  routes: ['POST /api/webhooks'],
  input: z.strictObject({
    url,
    account: accountIdInput.optional().describe('The account whose events are sent. Default: "default".'),
    kinds: filter.kinds.optional(),
    chats: filter.chats.optional(),
    from_me: filter.from_me.optional(),
    mentions_me: filter.mentions_me.optional(),
    paused: yesNo.default(false).describe('Create it paused. Default: false.'),
    secret: secret.optional(),
  }),
  output: WithSecret,
  shownOnce: SHOWN_ONCE,
  errors: ['webhook_url_forbidden', 'too_many_webhooks', ...ACCOUNT_ERRORS, ...CONTROL_ERRORS],
  example: {
    input: { url: 'https://receiver.example/whatsapp', kinds: ['message.received'], from_me: false },
  },
  async run({ url: to, account = 'default', paused, secret: chosen, ...which }, { webhooks }) {
    const facts = { url: to, filter: { ...ALL, ...toFilter(which) }, isPaused: paused }
    return withSecret(await webhooks.add(account, facts, chosen))
  },
})

export const getWebhook = defineOperation({
  ...row,
  name: 'get_webhook',
  title: 'One webhook',
  description: 'Returns one webhook without its secret: what it receives, and whether its deliveries fail.',
  effect: 'read',
  routes: ['GET /api/webhooks/{webhook_id}'],
  input: z.strictObject({ webhook_id: webhookId }),
  output: One,
  errors: [...ONE_ERRORS],
  example: { input: example },
  run: async ({ webhook_id }, { webhooks }) => one(await webhooks.get(webhook_id)),
})

export const changeWebhook = defineOperation({
  ...row,
  name: 'change_webhook',
  title: 'Change or pause a webhook',
  description:
    'Changes the given fields of a webhook; null removes a filter. While it is paused, events wait in the event log; after it, they are sent in order.',
  effect: 'write',
  limitMs: ADDRESS_MS,
  routes: ['PATCH /api/webhooks/{webhook_id}'],
  input: z.strictObject({
    webhook_id: webhookId,
    url: url.optional(),
    kinds: filter.kinds.nullable().optional(),
    chats: filter.chats.nullable().optional(),
    from_me: filter.from_me.nullable().optional(),
    mentions_me: filter.mentions_me.optional(),
    paused: yesNo.optional().describe('True: pause it. False: continue where it was paused.'),
  }),
  output: One,
  errors: ['webhook_url_forbidden', ...LOG_ERRORS],
  example: { input: { ...example, paused: true } },
  async run({ webhook_id, url: to, paused, ...which }, { webhooks }) {
    return one(
      await webhooks.change(webhook_id, {
        ...(to === undefined ? {} : { url: to }),
        ...(paused === undefined ? {} : { isPaused: paused }),
        filter: toFilter(which),
      }),
    )
  },
})

export const rotateWebhookSecret = defineOperation({
  ...row,
  name: 'rotate_webhook_secret',
  title: 'Rotate the secret of a webhook',
  description:
    'Replaces the secret of a webhook and returns the new one, once. For `overlap_s` more seconds, each delivery has a signature of both.',
  effect: 'write',
  routes: ['POST /api/webhooks/{webhook_id}/rotate'],
  input: z.strictObject({
    webhook_id: webhookId,
    overlap_s: whole(0, MOST_OVERLAP_S)
      .default(86_400)
      .describe('Seconds for which the previous secret signs too, 0 to 604800. Default 86400.'),
  }),
  output: WithSecret,
  shownOnce: SHOWN_ONCE,
  errors: [...ONE_ERRORS],
  example: { input: { ...example, overlap_s: 3600 } },
  run: async ({ webhook_id, overlap_s }, { webhooks }) =>
    withSecret(await webhooks.rotate(webhook_id, overlap_s)),
})

export const removeWebhook = defineOperation({
  ...row,
  name: 'remove_webhook',
  title: 'Remove a webhook',
  description: 'Removes a webhook and its deliveries. Nothing more is sent.',
  effect: 'destroy',
  routes: ['DELETE /api/webhooks/{webhook_id}'],
  input: z.strictObject({ webhook_id: webhookId }),
  output: Ok,
  errors: [...ONE_ERRORS],
  example: { input: example },
  async run({ webhook_id }, { webhooks }) {
    await webhooks.remove(webhook_id)
    return { ok: true as const }
  },
})

export const testWebhook = defineOperation({
  ...row,
  name: 'test_webhook',
  title: 'Test a webhook',
  description:
    'Sends a signed event of the kind "webhook.test" now, also while the webhook is paused, and returns the outcome. It is not repeated.',
  effect: 'write',
  limitMs: ATTEMPT_MS,
  routes: ['POST /api/webhooks/{webhook_id}/test'],
  input: z.strictObject({ webhook_id: webhookId }),
  output: Outcome,
  errors: ['shutting_down', ...ONE_ERRORS],
  example: { input: example },
  run: async ({ webhook_id }, { webhooks }) => outcome(await webhooks.test(webhook_id)),
})

export const listDeliveries = defineOperation({
  ...row,
  name: 'list_deliveries',
  title: 'Deliveries of a webhook',
  description:
    'Returns the deliveries of a webhook that are not done. `pending`: before their first attempt, oldest first; `failed`: tried again at `next_attempt_at`, the next ones first; `dead`: failed for 3 days and not tried again, newest first, kept for 30 days.',
  effect: 'read',
  routes: ['GET /api/webhooks/{webhook_id}/deliveries'],
  input: z.strictObject({
    webhook_id: webhookId,
    state: z.enum(DELIVERY_STATES).default('failed').describe('Default: failed.'),
    limit: limit(50),
    cursor: pageCursor,
  }),
  output: Ok.extend({
    count: z.int().min(0),
    deliveries: z.array(OneDelivery),
    next_cursor: z
      .string()
      .nullable()
      .describe('Pass it as `cursor` for the next page, with the same `state`; null on the last one.'),
  }),
  errors: [...LOG_ERRORS],
  example: { input: { ...example, state: 'dead' } },
  async run({ webhook_id, state, limit: most, cursor: page }, { webhooks }) {
    const list = `deliveries ${state}`
    const after = fromCursor(list, page, Place)
    const { deliveries, next } = await webhooks.deliveries(webhook_id, state, most, after)
    return {
      ok: true as const,
      count: deliveries.length,
      deliveries: deliveries.map((each) => toDelivery(each, state)),
      next_cursor: next === null ? null : toCursor(list, next),
    }
  },
})

export const replayWebhook = defineOperation({
  ...row,
  name: 'replay_webhook',
  title: 'Deliver events again',
  description:
    'Delivers again what the event log has after a cursor, or since a time, in the present state of its messages. What was not delivered before stays to be delivered. A delivery has the same webhook-id as before.',
  effect: 'write',
  routes: ['POST /api/webhooks/{webhook_id}/replay'],
  input: z
    .strictObject({
      webhook_id: webhookId,
      after: cursor.optional().describe('Cursor of an event. "0": from the oldest stored event.'),
      since: momentInput.optional().describe('Time, ISO 8601 with offset.'),
    })
    .refine(({ after, since }) => (after === undefined) !== (since === undefined), {
      path: ['after'],
      message: 'exactly one of `after` and `since` is required',
    }),
  output: One,
  errors: [...LOG_ERRORS],
  example: { input: { ...example, after: '0' } },
  async run({ webhook_id, after, since = 0 }, { webhooks }) {
    const from = after === undefined ? { sinceMs: since } : { after }
    return one(await webhooks.replay(webhook_id, from))
  },
})

export const retryDelivery = defineOperation({
  ...row,
  name: 'retry_delivery',
  title: 'Try a delivery again',
  description:
    'Tries a failed or dead delivery now and returns the outcome. A failed one is sent as before; a dead one in the present state of its message.',
  effect: 'write',
  limitMs: ATTEMPT_MS,
  routes: ['POST /api/webhooks/{webhook_id}/deliveries/{event}/retry'],
  input: z.strictObject({ webhook_id: webhookId, event: eventCursor }),
  output: Outcome,
  errors: ['delivery_not_found', 'shutting_down', ...LOG_ERRORS],
  example: { input: { ...example, event: '1f2e3d4c-42-lx2k9f3s' } },
  run: async ({ webhook_id, event }, { webhooks }) => outcome(await webhooks.retry(webhook_id, event)),
})

type GivenFilter = {
  kinds?: WebhookFilter['kinds'] | undefined
  chats?: WebhookFilter['chats'] | undefined
  from_me?: boolean | null | undefined
  mentions_me?: boolean | undefined
}
const ALL: WebhookFilter = { kinds: null, chats: null, fromMe: null, mentionsMe: false }

/** Returns the part of the filter that is given. */
function toFilter({ kinds, chats, from_me, mentions_me }: GivenFilter): Partial<WebhookFilter> {
  return {
    ...(kinds === undefined ? {} : { kinds }),
    ...(chats === undefined ? {} : { chats }),
    ...(from_me === undefined ? {} : { fromMe: from_me }),
    ...(mentions_me === undefined ? {} : { mentionsMe: mentions_me }),
  }
}

function toWebhook({ row: stored, last, failing, dead }: WebhookView): z.input<typeof Webhook> {
  const { id, account, url: to, filter: which, paused, old, lostAtMs, createdAtMs } = stored
  return {
    id,
    account,
    url: to,
    kinds: which.kinds && [...which.kinds],
    chats: which.chats && [...which.chats],
    from_me: which.fromMe,
    mentions_me: which.mentionsMe,
    paused: paused !== null,
    paused_reason: paused,
    failing_chats: failing,
    dead_deliveries: dead,
    last_attempt: last && {
      at: toIsoMs(last.atMs),
      status: last.status,
      error: last.error,
      duration_ms: last.ms,
    },
    lost_events_at: toIsoMs(lostAtMs),
    created_at: toIsoMs(createdAtMs),
    old_secret_until: toIsoMs(old?.untilMs ?? null),
  }
}

const one = (view: WebhookView) => ({ ok: true as const, ...toWebhook(view) })
const withSecret = (view: WebhookView) => ({ ...one(view), secret: SECRET_PREFIX + view.row.secret })
const outcome = ({
  status,
  error,
  ms,
}: Pick<NonNullable<WebhookView['last']>, 'status' | 'error' | 'ms'>) => ({
  ok: true as const,
  delivered: error === null,
  status,
  error,
  duration_ms: ms,
})

function toDelivery(
  { event, kind, chat, tried, nextAtMs, diedAtMs }: Delivery,
  state: DeliveryState,
): z.input<typeof OneDelivery> {
  return {
    event,
    kind,
    chat,
    state,
    attempts: tried?.attempts ?? 0,
    first_attempt_at: toIsoMs(tried?.firstAtMs ?? null),
    next_attempt_at: toIsoMs(nextAtMs),
    dead_at: toIsoMs(diedAtMs),
    status: tried?.status ?? null,
    error: tried?.error ?? null,
  }
}
