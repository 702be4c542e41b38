/** The commands of the archive: of the running server, and on its files while no server runs. */
import { oneOf } from '../../config.ts'
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { ownConfig } from '../own-config.ts'
import { account, CLIENT_SETTINGS, json, server, text } from './flags.ts'

/** The settings of a command that opens the archives of a directory itself, without the server. */
const ARCHIVE_SETTINGS = [
  'WHATSAPP_AUTH_DIR',
  'WHATSAPP_ARCHIVE_KEY',
  'WHATSAPP_ARCHIVE_KEY_FILE',
  'WHATSAPP_ARCHIVE_KEY_COMMAND',
] as const

const KEY_ABOUT =
  'Stop the server first. The command copies the archive, compares the copy row by row, replaces the archive with it, and\noverwrites the old file. It needs as much free disk space as the archive. If it is interrupted, the archive still\nopens: run the command again.'

const KEEP_SETTINGS = [
  'WHATSAPP_KEEP_DAYS',
  'WHATSAPP_KEEP_DAYS_PER_CHAT',
  'WHATSAPP_NEVER_STORE',
  'WHATSAPP_KEEP_DISAPPEARING',
] as const

export const archiveStats = defineCommand({
  name: 'archive stats',
  summary: 'Show the size and contents of the archive of the running server',
  about: '',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, ...server, account },
  examples: [['archive stats', 'Shows the numbers of messages, chats and people, the period and the size']],
  exits: ['notRunning'],
  run: async (given) => (await import('../archive-export.ts')).archiveStats(serverOf(given), given.flags),
})

export const archiveExport = defineCommand({
  name: 'archive export',
  summary: 'Write the archive of the running server, or one chat, to a file',
  about:
    'jsonl contains everything, for backups and moves. text is for people. The file appears when it is complete, and only\nyou can read it. The file is not encrypted, even if the archive is.',
  operands: [],
  fields: { chat_id: '--chat' },
  settings: CLIENT_SETTINGS,
  flags: {
    chat: text('CHAT', 'Export only this chat: its id, phone number with country code, or whole name.'),
    format: {
      takes: 'FORMAT',
      schema: oneOf(['jsonl', 'text']),
      fallback: 'jsonl',
      help: 'Format of the export: jsonl or text.',
    },
    out: text('FILE', 'File to write. Default: standard output.'),
    ...server,
    account,
  },
  examples: [
    ['archive export --out whatsapp.jsonl', 'Exports the whole archive'],
    ['archive export --chat 15551234567@c.us --format text', 'Prints one chat as text'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('../archive-export.ts')).exportArchive(serverOf(given), given.flags),
})

export const archiveImport = defineCommand({
  name: 'archive import',
  summary: 'Import an exported archive into an empty archive',
  about:
    'Stop the server first. The command imports the whole file or nothing. It skips messages that the settings exclude.\nFILE is a jsonl file of "archive export".',
  operands: ['FILE'],
  settings: [...ARCHIVE_SETTINGS, ...KEEP_SETTINGS],
  flags: { json, account },
  examples: [['archive import whatsapp.jsonl', 'Imports into the directory of the settings']],
  exits: ['directory'],
  run: async ({ settings, flags, operands: [file = ''] }) =>
    (await import('../archive-file.ts')).importFile(ownConfig(settings), file, flags),
})

export const archiveVerify = defineCommand({
  name: 'archive verify',
  summary: 'Check the archive for errors',
  about:
    'Stop the server first. Prints a line for each error found. The exit code is 1 if there is an error.',
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json, account },
  examples: [['archive verify', 'Checks the archive of the directory of the settings']],
  exits: ['directory'],
  run: async ({ settings, flags }) =>
    (await import('../archive-file.ts')).verifyArchive(ownConfig(settings), flags),
})

export const archiveEncrypt = defineCommand({
  name: 'archive encrypt',
  summary: 'Encrypt the archive with the key of the settings',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json },
  examples: [
    ['archive encrypt --archive-key-file ~/.whatsapp-archive.key', 'Afterwards, the server needs this key'],
  ],
  exits: ['directory'],
  run: async ({ settings, flags }) => (await import('../archive-key.ts')).encrypt(ownConfig(settings), flags),
})

export const archiveChangeKey = defineCommand({
  name: 'archive change-key',
  summary: 'Encrypt the archive with a new key',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: {
    'new-key-file': text(
      'FILE',
      'File that contains the new key as its only line; - reads it from standard input.',
    ),
    'new-key-command': text(
      'COMMAND',
      'Command that prints the new key as its first line. It runs like the key command of the settings.',
    ),
    json,
  },
  examples: [
    [
      'archive change-key --archive-key-file old.key --new-key-file new.key',
      'Afterwards, name new.key in the settings',
    ],
  ],
  exits: ['directory'],
  run: async ({ settings, flags }) =>
    (await import('../archive-key.ts')).changeKey(ownConfig(settings), flags),
})

export const archiveDecrypt = defineCommand({
  name: 'archive decrypt',
  summary: 'Remove the encryption of the archive',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json },
  examples: [['archive decrypt', 'Afterwards, remove the key from the settings']],
  exits: ['directory'],
  run: async ({ settings, flags }) => (await import('../archive-key.ts')).decrypt(ownConfig(settings), flags),
})
