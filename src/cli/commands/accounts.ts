/** The commands that manage the accounts of the running server. */
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { CLIENT_SETTINGS, json, server, switchFlag, text, yes } from './flags.ts'

export const accountsList = defineCommand({
  name: 'accounts list',
  summary: 'List the accounts of the running server',
  about: '',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, ...server },
  examples: [['accounts list', 'Shows a line for each account: its id, state, number and label']],
  exits: ['notRunning'],
  run: async (given) => (await import('../accounts.ts')).listAccounts(serverOf(given), given.flags),
})

const label = text('TEXT', 'Name of the account for people.')

const proxyFile = text(
  'FILE',
  'File whose first line is the URL of a proxy for the browser of the account; - reads standard input.',
)

export const accountsAdd = defineCommand({
  name: 'accounts add',
  summary: 'Add an account to the running server',
  about: 'ID has 1 to 32 of a-z, 0-9, _ and -. Then link the account: auth --account ID.',
  operands: ['ID'],
  fields: { id: 'ID', label: '--label', proxy: '--proxy-file' },
  settings: CLIENT_SETTINGS,
  flags: { label, 'proxy-file': proxyFile, json, ...server },
  examples: [["accounts add work --label 'Work phone'", 'Adds the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../accounts.ts')).addAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const accountsChange = defineCommand({
  name: 'accounts change',
  summary: 'Change the label or the proxy of an account',
  about: 'A running account restarts with a new proxy.',
  operands: ['ID'],
  fields: { id: 'ID', label: '--label', proxy: '--proxy-file' },
  settings: CLIENT_SETTINGS,
  flags: {
    label,
    'no-label': switchFlag('Removes the label.'),
    'proxy-file': proxyFile,
    'no-proxy': switchFlag('Removes the proxy.'),
    json,
    ...server,
  },
  examples: [["accounts change work --label 'Shop'", 'Gives the account work another label']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../accounts.ts')).changeAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const accountsStop = defineCommand({
  name: 'accounts stop',
  summary: 'Stop an account until it is started again',
  about: 'Closes the browser of the account. The device stays linked.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: { json, ...server },
  examples: [['accounts stop work', 'Stops the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../accounts.ts')).stopAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const accountsRestart = defineCommand({
  name: 'accounts restart',
  summary: 'Restart an account, or start a stopped one',
  about: 'Closes the browser of the account and starts it again, without logging out.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: { json, ...server },
  examples: [['accounts restart work', 'Restarts the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../accounts.ts')).restartAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

export const accountsRemove = defineCommand({
  name: 'accounts remove',
  summary: 'Log an account out and remove it',
  about:
    'Deletes the profile of the account. Its archive stays, unless --delete-archive is given. Asks for confirmation.\nWithout a terminal, --yes is required.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: {
    'delete-archive': switchFlag('Delete the archive of the account too.'),
    yes,
    json,
    ...server,
  },
  examples: [['accounts remove work', 'Asks for confirmation, then removes the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('../accounts.ts')).removeAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})
