/** The command that shows the audit log. */
import { whole } from '../../config.ts'
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { CLIENT_SETTINGS, json, server, text } from './flags.ts'

export const audit = defineCommand({
  name: 'audit',
  summary: 'Show which calls changed something or read messages',
  about:
    'Prints a line for each call, the newest first: when, which operation, in which chat, how it ended, and with which key.\nThe log has no texts and no search terms. It is kept for WHATSAPP_AUDIT_DAYS.',
  operands: [],
  fields: {
    caller: '--caller',
    operation: '--operation',
    account: '--account',
    chat: '--chat',
    decision: '--decision',
    outcome: '--outcome',
    since: '--since',
    until: '--until',
    limit: '--limit',
  },
  settings: CLIENT_SETTINGS,
  flags: {
    caller: text('ID', 'Only calls with this key: an id of "keys list", or owner.'),
    operation: text('NAME', 'Only calls of this operation, such as send_message.'),
    account: text('ID', 'Only calls on this account.'),
    chat: text('ID', 'Only calls that name this chat, by its id or phone number.'),
    decision: text('WORD', 'Only calls that were allowed, held or denied.'),
    outcome: text('CODE', 'Only calls with this outcome: ok, or the code of an error.'),
    since: text('TIME', 'Only calls from this time on, ISO 8601.'),
    until: text('TIME', 'Only calls before this time.'),
    limit: { takes: 'N', schema: whole(1, 100), fallback: '50', help: 'Number of calls, 1 to 100.' },
    json,
    ...server,
  },
  examples: [
    ['audit --decision denied', 'Shows what callers were not allowed to do'],
    ['audit --caller key_0a1b2c3d4e5f --since 2026-01-31', 'Shows what one key did from that day on'],
  ],
  exits: ['notRunning'],
  run: async (given) => {
    // The log is the server's: the account is a filter here, and no part of the path.
    const { account: _, ...flags } = given.flags
    return (await import('../audit.ts')).showAudit(serverOf({ ...given, flags }), given.flags)
  },
})
