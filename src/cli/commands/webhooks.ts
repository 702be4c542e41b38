/** The commands that manage the webhooks of a server. */
import { whole } from '../../config.ts'
import { EVENT_KINDS } from '../../model/events.ts'
import { defineOperationCommand } from '../operation-command.ts'
import { switchFlag, text } from './flags.ts'

/** The flags for what a webhook receives. */
const filter = {
  kinds: text(
    'KINDS',
    `Only these kinds of events, separated by commas, such as ${EVENT_KINDS[0]}. Default: all.`,
  ),
  chats: text('IDS', 'Only events of these chats: ids or phone numbers, separated by commas. Default: all.'),
  'from-me': text('BOOL', 'true: only own messages. false: only messages of others. Default: both.'),
  'mentions-me': text('BOOL', 'true: only messages that mention the account. Default: false.'),
} as const
const FILTER_FIELDS = {
  kinds: '--kinds',
  chats: '--chats',
  from_me: '--from-me',
  mentions_me: '--mentions-me',
} as const
const oneWebhook = { operands: ['ID'], fields: { webhook_id: 'ID' }, about: '', flags: {} }
const ID = 'wh_0a1b2c3d4e5f'

export const webhooksList = defineOperationCommand({
  operation: 'list_webhooks',
  shows: 'webhooks',
  name: 'webhooks list',
  summary: 'List the webhooks of the running server',
  about: 'Shows what each receives, and whether its deliveries fail.',
  operands: [],
  fields: { account: '--account' },
  flags: { account: text('ID', 'Only those of this account. Default: all.') },
  examples: [['webhooks list', 'Shows a block for each webhook']],
})

export const webhooksCreate = defineOperationCommand({
  operation: 'add_webhook',
  shows: 'webhook',
  secret: 'new',
  name: 'webhooks create',
  summary: 'Send events to a URL from now on',
  about:
    'Each event is one POST request, signed as Standard Webhooks define it. The secret is written to the file of --out, or is\nthe only line of standard output.',
  operands: ['URL'],
  fields: { url: 'URL', account: '--account', ...FILTER_FIELDS, paused: '--paused' },
  flags: {
    account: text('ID', 'The account whose events are sent. Default: default.'),
    ...filter,
    paused: switchFlag('Create it paused.'),
  },
  examples: [
    [
      'webhooks create https://receiver.example/whatsapp --kinds message.received --out ~/webhook.secret',
      'Sends received messages, and stores the secret',
    ],
  ],
})

export const webhooksChange = defineOperationCommand({
  operation: 'change_webhook',
  shows: 'webhook',
  name: 'webhooks change',
  summary: 'Change the URL or the filter of a webhook',
  about: 'The value null removes a filter.',
  operands: ['ID'],
  fields: { webhook_id: 'ID', url: '--to', ...FILTER_FIELDS },
  flags: { to: text('URL', 'Where events are sent.'), ...filter },
  examples: [
    [`webhooks change ${ID} --kinds message.received,message.edited`, 'Sends two kinds of events'],
    [`webhooks change ${ID} --chats null`, 'Sends the events of every chat'],
  ],
})

export const webhooksPause = defineOperationCommand({
  ...oneWebhook,
  operation: 'change_webhook',
  always: { paused: 'true' },
  shows: 'webhook',
  name: 'webhooks pause',
  summary: 'Pause a webhook',
  about: 'Events wait in the event log.',
  examples: [[`webhooks pause ${ID}`, 'Sends nothing until it is resumed']],
})

export const webhooksResume = defineOperationCommand({
  ...oneWebhook,
  operation: 'change_webhook',
  always: { paused: 'false' },
  shows: 'webhook',
  name: 'webhooks resume',
  summary: 'Resume a paused webhook',
  about: 'The events that waited are sent in order.',
  examples: [[`webhooks resume ${ID}`, 'Continues where it was paused']],
})

export const webhooksRotate = defineOperationCommand({
  operation: 'rotate_webhook_secret',
  shows: 'webhook',
  secret: 'replaced',
  name: 'webhooks rotate',
  summary: 'Replace the secret of a webhook',
  about: 'For some time each delivery has a signature of both secrets.',
  operands: ['ID'],
  fields: { webhook_id: 'ID', overlap_s: '--overlap-s' },
  flags: {
    'overlap-s': {
      takes: 'N',
      schema: whole(0, 604_800),
      fallback: '86400',
      help: 'Seconds for which the previous secret signs too.',
    },
  },
  examples: [[`webhooks rotate ${ID} --out ~/webhook.secret`, 'Stores the new secret']],
})

export const webhooksTest = defineOperationCommand({
  ...oneWebhook,
  operation: 'test_webhook',
  shows: 'outcome',
  name: 'webhooks test',
  summary: 'Send a test event to a webhook now, and show the outcome',
  examples: [[`webhooks test ${ID}`, 'Shows what the receiver answers']],
})

export const webhooksDeliveries = defineOperationCommand({
  operation: 'list_deliveries',
  shows: 'deliveries',
  name: 'webhooks deliveries',
  summary: 'List what a webhook has not received',
  about:
    'failed: tried again. dead: failed for 3 days, and not tried again. pending: before the first attempt.',
  operands: ['ID'],
  fields: { webhook_id: 'ID', state: '--state', limit: '--limit' },
  flags: {
    state: text('STATE', 'failed, dead or pending. Default: failed.'),
    limit: text('N', 'Number of deliveries, 1 to 100. Default: 50.'),
  },
  examples: [[`webhooks deliveries ${ID} --state dead`, 'Shows the dead letters']],
})

export const webhooksRetry = defineOperationCommand({
  operation: 'retry_delivery',
  shows: 'outcome',
  name: 'webhooks retry',
  summary: 'Try a failed or dead delivery now, and show the outcome',
  about: 'EVENT is the cursor of the event, as webhooks deliveries shows it.',
  operands: ['ID', 'EVENT'],
  fields: { webhook_id: 'ID', event: 'EVENT' },
  flags: {},
  examples: [[`webhooks retry ${ID} 1f2e3d4c-42-lx2k9f3s`, 'Delivers one event']],
})

export const webhooksReplay = defineOperationCommand({
  operation: 'replay_webhook',
  shows: 'webhook',
  name: 'webhooks replay',
  summary: 'Deliver events of the event log again',
  about: 'Requires --after or --since. Each event is sent in its present state, with the same id as before.',
  operands: ['ID'],
  fields: { webhook_id: 'ID', after: '--after', since: '--since' },
  flags: {
    after: text('CURSOR', 'Cursor of an event. 0: from the oldest stored event.'),
    since: text('TIME', 'Time, ISO 8601 with offset, YYYY-MM-DDThh:mm:ss+hh:mm.'),
  },
  examples: [[`webhooks replay ${ID} --after 0`, 'Delivers everything that the event log has']],
})

export const webhooksDelete = defineOperationCommand({
  ...oneWebhook,
  operation: 'remove_webhook',
  asks: 'Delete the webhook ID and its deliveries?',
  name: 'webhooks delete',
  summary: 'Delete a webhook',
  about: 'Asks for confirmation. Without a terminal, --yes is required. Nothing more is sent.',
  examples: [[`webhooks delete ${ID}`, 'Asks for confirmation, then deletes the webhook']],
})
