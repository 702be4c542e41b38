/** The commands for the owner's decisions about messages that wait. */
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { CLIENT_SETTINGS, json, server, text } from './flags.ts'

const outboxItem = { operands: ['ID'], settings: CLIENT_SETTINGS, exits: ['notRunning'] } as const

export const outboxList = defineCommand({
  name: 'outbox list',
  summary: 'List the messages that wait in the running server',
  about: 'Shows held and scheduled messages with their whole text, and those whose outcome is unknown.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, ...server },
  examples: [['outbox list', 'Shows what waits, for whom, and the command that approves it']],
  exits: ['notRunning'],
  run: async (given) => (await import('../outbox.ts')).listOutbox(serverOf(given), given.flags),
})

export const outboxHistory = defineCommand({
  name: 'outbox history',
  summary: 'List the newest messages of the outbox in every state',
  about:
    'Settled and unknown messages are kept for 7 days. The text of a message that never waited is not kept.',
  operands: [],
  fields: { before: '--before' },
  settings: CLIENT_SETTINGS,
  flags: {
    before: text('ID', 'Only messages older than this one: continues a list where it ended.'),
    json,
    ...server,
  },
  examples: [['outbox history', 'Shows the last 100 messages that this server sent, held or dropped']],
  exits: ['notRunning'],
  run: async (given) => (await import('../outbox.ts')).showHistory(serverOf(given), given.flags),
})

export const outboxApprove = defineCommand({
  ...outboxItem,
  name: 'outbox approve',
  summary: 'Send a message that waits for approval',
  about:
    'With --digest, the message is sent only if it is still exactly the one that was shown. Without it, the message is sent\nas it is now.',
  flags: {
    digest: text('DIGEST', 'Digest of the message that was read.'),
    json,
    ...server,
  },
  examples: [['outbox approve ob_0mgk2x1a0q8z5r3w7', 'Sends this message']],
  run: async (given) =>
    (await import('../outbox.ts')).approveItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const outboxReject = defineCommand({
  ...outboxItem,
  name: 'outbox reject',
  summary: 'End a message that waits for approval without sending it',
  about: '',
  flags: {
    reason: text('TEXT', 'Why, for the client that wrote it.'),
    json,
    ...server,
  },
  examples: [["outbox reject ob_0mgk2x1a0q8z5r3w7 --reason 'Wrong person'", 'Never sends this message']],
  run: async (given) =>
    (await import('../outbox.ts')).rejectItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const outboxCancel = defineCommand({
  ...outboxItem,
  name: 'outbox cancel',
  summary: 'End a held or scheduled message without sending it',
  about: '',
  flags: { json, ...server },
  examples: [['outbox cancel ob_0mgk2x1a0q8z5r3w7', 'Never sends this message']],
  run: async (given) =>
    (await import('../outbox.ts')).cancelItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const outboxEdit = defineCommand({
  ...outboxItem,
  name: 'outbox edit',
  summary: 'Change the text or the time of a message that waits',
  about: 'A held message still waits for its approval.',
  fields: { item_id: 'ID', message: '--message', send_at: '--send-at' },
  flags: {
    message: { ...text('TEXT', 'The new text or caption.'), isVerbatim: true },
    'send-at': text('TIME', 'When to send, ISO 8601 with offset, YYYY-MM-DDThh:mm:ss+hh:mm.'),
    json,
    ...server,
  },
  examples: [["outbox edit ob_0mgk2x1a0q8z5r3w7 --message 'See you at 8'", 'Replaces the text']],
  run: async (given) =>
    (await import('../outbox.ts')).editItem(serverOf(given), given.operands[0] ?? '', given.flags),
})
