/** The commands that keep and bring back a session directory. */
import { defineCommand } from '../command.ts'
import { ownConfig } from '../own-config.ts'
import { text } from './flags.ts'

const flags = {
  'backup-key-file': text('FILE', 'File that contains the key of the backup as its only line.'),
}

export const backup = defineCommand({
  name: 'backup',
  summary: 'Write the whole session directory to one encrypted file',
  about:
    'Stop the server first. The file has the links, archives, keys, webhooks and the outbox of all accounts, without caches of\nthe browser. A person with the file and its key can use every account.',
  operands: ['FILE'],
  settings: ['WHATSAPP_AUTH_DIR'],
  flags,
  examples: [
    ['backup whatsapp.backup --backup-key-file backup.key', 'Writes a new file, which only you can read'],
  ],
  exits: ['directory'],
  run: async ({ settings, flags: given, operands: [file = ''] }) =>
    (await import('../backup.ts')).backup(ownConfig(settings), file, given),
})

export const restore = defineCommand({
  name: 'restore',
  summary: 'Bring a session directory back from a backup',
  about:
    'The directory must not have a session. The whole file is checked before anything is written. The server then connects\nwithout a QR code. Never run the original and its copy: WhatsApp ends a session that it sees twice.',
  operands: ['FILE'],
  settings: ['WHATSAPP_AUTH_DIR'],
  flags,
  examples: [
    ['restore whatsapp.backup --backup-key-file backup.key', 'Restores into the directory of the settings'],
  ],
  exits: ['directory'],
  run: async ({ settings, flags: given, operands: [file = ''] }) =>
    (await import('../backup.ts')).restore(ownConfig(settings), file, given),
})
