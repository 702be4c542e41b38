/** The commands that manage the keys of a server. */
import { whole } from '../../config.ts'
import { SCOPES } from '../../model/caller.ts'
import { POLICIES } from '../../model/policy.ts'
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { CLIENT_SETTINGS, json, secretOut, server, switchFlag, text, yes } from './flags.ts'

/** The flags for what a key may do. */
const limits = {
  scopes: text(
    'NAMES',
    `What the key may do, separated by commas: ${SCOPES.join(', ')}. See docs/security.md.`,
  ),
  accounts: text('IDS', 'The only accounts of the key, separated by commas. Default: all.'),
  toolsets: text(
    'NAMES',
    'The only toolsets of MCP clients, separated by commas. Default: those of the settings.',
  ),
  only: text('CHATS', 'The only chats of the key: ids and phone numbers, separated by commas. Default: all.'),
  hide: text('CHATS', 'Chats that the key does not see, in the same form.'),
  sends: text(
    'POLICY',
    `To whom the key sends without approval: ${POLICIES.join(', ')}. See docs/security.md. Default: as the settings say.`,
  ),
  'sends-to': text('CHATS', 'The only chats to which the key sends: the policy only.'),
  expires: text('TIME', 'When the key becomes invalid, ISO 8601 with offset, YYYY-MM-DDThh:mm:ss+hh:mm.'),
} as const
const KEY_FIELDS = {
  scopes: '--scopes',
  accounts: '--accounts',
  toolsets: '--toolsets',
  'chats.only': '--only',
  'chats.hide': '--hide',
  sends: '--sends',
  'sends.chats': '--sends-to',
  expires_at: '--expires',
}

export const keysList = defineCommand({
  name: 'keys list',
  summary: 'List the keys of the running server',
  about:
    'Shows what each key may do, and when it was last used. Secrets are not stored, so they are not shown.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, ...server },
  examples: [['keys list', 'Shows a line for each key']],
  exits: ['notRunning'],
  run: async (given) => (await import('../keys.ts')).listKeys(serverOf(given), given.flags),
})

export const keysCreate = defineCommand({
  name: 'keys create',
  summary: 'Create a key of the running server',
  about:
    'NAME is for people. The secret is written to the file of --out, or is the only line of standard output. Other commands\nand stdio read it with --key-file.',
  operands: ['NAME'],
  fields: { name: 'NAME', ...KEY_FIELDS },
  settings: CLIENT_SETTINGS,
  flags: { ...limits, scopes: { ...limits.scopes, fallback: 'read' }, out: secretOut, json, ...server },
  examples: [
    ['keys create claude --out ~/claude.key', 'Creates a key that reads, and stores it'],
    ['keys create script --scopes read,send --accounts work', 'Prints a key of one account'],
    [
      'keys create family --hide 120363000000000000@g.us --sends off',
      'Prints a key that does not see one group',
    ],
  ],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../keys.ts')).createKey(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const keysChange = defineCommand({
  name: 'keys change',
  summary: 'Change the name of a key, or what it may do',
  about:
    'ID is the id that "keys list" shows. Its open streams and MCP sessions end, unless only the name changes. A limit that\nyou do not name stays as it is.',
  operands: ['ID'],
  fields: { key_id: 'ID', name: '--name', ...KEY_FIELDS },
  settings: CLIENT_SETTINGS,
  flags: {
    name: text('TEXT', 'The new name.'),
    ...limits,
    'all-chats': switchFlag('Removes the limits of --only and --hide.'),
    json,
    ...server,
  },
  examples: [
    ['keys change key_0a1b2c3d4e5f --scopes read,send', 'Replaces the scopes'],
    ['keys change key_0a1b2c3d4e5f --sends confirm', 'Holds every message of the key for approval'],
  ],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../keys.ts')).changeKey(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const keysRotate = defineCommand({
  name: 'keys rotate',
  summary: 'Replace the secret of a key',
  about: 'The file of --out may be the one of the previous secret: it is replaced.',
  operands: ['ID'],
  fields: { key_id: 'ID', overlap_s: '--overlap-s' },
  settings: CLIENT_SETTINGS,
  flags: {
    'overlap-s': {
      takes: 'SECONDS',
      schema: whole(0, 604_800),
      fallback: '0',
      help: 'The previous secret stays valid for this number of seconds.',
    },
    out: secretOut,
    json,
    ...server,
  },
  examples: [
    [
      'keys rotate key_0a1b2c3d4e5f --out ~/claude.key --overlap-s 3600',
      'Gives its clients an hour to change',
    ],
  ],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../keys.ts')).rotateKey(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const keysRevoke = defineCommand({
  name: 'keys revoke',
  summary: 'Delete a key: its secret is invalid at once',
  about:
    'Ends its open streams and MCP sessions. Asks for confirmation. Without a terminal, --yes is required.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: { yes, json, ...server },
  examples: [['keys revoke key_0a1b2c3d4e5f', 'Asks for confirmation, then revokes the key']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../keys.ts')).revokeKey(serverOf(given), given.operands[0] ?? '', given.flags),
})
