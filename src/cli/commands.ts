/** The table of commands, in the order of the documentation. A command imports its code only when it runs. */
import { z } from 'zod'
import { builds } from '../../simulator/builds.ts'
import { oneOf, onOff, type Row, SETTINGS, type SettingName, whole } from '../config.ts'
import { accountIdInput, DEFAULT_ACCOUNT, phoneNumberInput } from '../model/ids.ts'
import { serverOf } from './client.ts'
import { type Command, defineCommand } from './command.ts'
import { CLIENTS } from './mcp-config-clients.ts'
import { ownConfig } from './own-config.ts'
import { toServerUrl } from './server-url.ts'

const ALL_SETTINGS = Object.keys(SETTINGS) as SettingName[]

const aSwitch = (help: string) => ({ takes: null, schema: onOff, fallback: 'false', help }) satisfies Row

const json = aSwitch('Print JSON, for programs.')
const url = {
  takes: 'URL',
  schema: z
    .string()
    .transform((text) => (text === '' ? '' : toServerUrl(text)))
    .refine((url) => url !== null, 'a URL such as http://127.0.0.1:8790')
    .transform((url) => url ?? ''),
  fallback: '',
  help: 'URL of the server or of its MCP endpoint. Default: WHATSAPP_MCP_URL of the environment, else the host and port of the settings.',
} satisfies Row

const account = {
  takes: 'ID',
  schema: z.string().pipe(accountIdInput),
  fallback: DEFAULT_ACCOUNT,
  help: 'Account of the server.',
} satisfies Row

/** A flag with a number of minutes. Tests use fractions. */
const minutes = (fallback: string, help: string) =>
  ({
    takes: 'N',
    schema: z
      .string()
      .refine((text) => /^\d{1,6}(\.\d{1,4})?$/.test(text), 'a number of minutes, such as 10')
      .transform(Number),
    fallback,
    help,
  }) satisfies Row

/** The settings of every command that calls the running server. */
const CLIENT_SETTINGS = ['WHATSAPP_MCP_HOST', 'WHATSAPP_MCP_PORT'] as const

const serve = defineCommand({
  name: 'serve',
  summary: 'Run the server (the default command)',
  about: '',
  operands: [],
  settings: ALL_SETTINGS,
  flags: {
    'idle-minutes': minutes(
      '0',
      'Stop the server after this number of minutes without a request or an open stream. 0: never.',
    ),
  },
  examples: [
    ['serve', 'Uses the default port and session directory'],
    ['serve --port 9000 --auth-dir ~/second-account', 'Runs a second account'],
    ['serve --no-headless', 'Shows the browser window, for linking with a passkey'],
  ],
  exits: ['directory', 'port', 'browser'],
  run: async ({ settings, flags }) =>
    (await import('./serve.ts')).serve(ownConfig(settings), flags['idle-minutes']),
})

const sandbox = defineCommand({
  name: 'sandbox',
  summary: 'Run the server with a simulated WhatsApp and a phone on a web page',
  about:
    'Server, library and browser are the real ones; only WhatsApp is simulated. The sandbox needs no account, and no data\nleaves this computer. It does not use the session and settings of the real server.',
  operands: [],
  settings: ['WHATSAPP_CHROME_EXECUTABLE', 'WHATSAPP_HEADLESS', 'WHATSAPP_MCP_LOG_LEVEL'],
  flags: {
    linked: aSwitch('Link a sample account at the start, and print requests to try.'),
    accounts: {
      takes: 'N',
      schema: whole(1, 2),
      fallback: '1',
      help: 'With --linked: number of linked accounts, 1 or 2. The second is `second`. Two accounts can write to each other.',
    },
    port: {
      ...SETTINGS.WHATSAPP_MCP_PORT,
      fallback: '8890',
      help: 'Port of the server. 0 selects a free port.',
    },
    'phone-port': {
      ...SETTINGS.WHATSAPP_MCP_PORT,
      fallback: '8891',
      help: "Port of the phone page and the simulator's control API. 0 selects a free port.",
    },
    dir: {
      takes: 'DIR',
      schema: z.string(),
      fallback: '',
      help: 'Directory of the session and the simulated data. Default: .sandbox under the project root (for an installed package: in your data directory).',
    },
    build: {
      takes: 'NAME',
      schema: oneOf(builds.map(({ name }) => name)),
      fallback: builds[0]?.name ?? '',
      help: `Build of WhatsApp Web to simulate: ${builds.map(({ name }) => name).join(', ')}.`,
    },
    pace: {
      takes: 'PACE',
      schema: oneOf(['none', 'realistic']),
      fallback: 'realistic',
      help: 'Delays of the simulated WhatsApp: none or realistic.',
    },
    seed: {
      takes: 'N',
      schema: whole(0, 2 ** 31),
      fallback: '1',
      help: 'Number that determines the sample data.',
    },
  },
  examples: [
    ['sandbox', 'Starts unlinked; link it on the phone page'],
    ['sandbox --linked', 'Starts linked, and prints requests to try'],
    ['sandbox --linked --accounts 2', 'Starts with two linked accounts that can write to each other'],
  ],
  exits: ['directory', 'port', 'browser'],
  run: async ({ settings, flags }) => (await import('./sandbox.ts')).sandbox(settings, flags),
})

const stdio = defineCommand({
  name: 'stdio',
  summary: 'Serve MCP on standard input and output, for clients that start their servers themselves',
  about:
    'Forwards MCP to the running server. Several clients share that server and its WhatsApp session. If no server runs,\nstdio starts one in the background with the same settings; its log is .whatsapp-mcp-api/server.log in the session\ndirectory. With --url (or WHATSAPP_MCP_URL) stdio never starts a server. --toolsets is for this\nclient, not for a server that it starts. To set up a client, use "mcp-config".',
  operands: [],
  settings: ALL_SETTINGS,
  settingsFrom:
    'A name in capitals is the environment variable of the same setting. A flag takes precedence. MCP clients start this\ncommand in any folder, so it reads the .env of the project root (for an installed package: of your data directory) and\nresolves relative paths there. A server that it starts runs there too.',
  flags: {
    url,
    account,
    'idle-minutes': minutes('10', 'A server started here stops this many minutes after its last client.'),
    stay: aSwitch('A server started here runs until it is stopped.'),
  },
  examples: [
    ['stdio', 'Connects to the server at the default port, and starts it if needed'],
    ['stdio --url http://127.0.0.1:8890', 'Connects to the sandbox'],
  ],
  exits: [],
  run: async (given) => {
    const { openServer } = await import('./stdio-open.ts')
    return (await import('./stdio.ts')).stdio(openServer(given))
  },
})

const mcpConfig = defineCommand({
  name: 'mcp-config',
  summary: 'Print the configuration that an MCP client needs, or write it into the client’s file',
  about: `CLIENT is one of: ${Object.keys(CLIENTS).join(', ')}.\nStandard output contains only the line or the entry. The\nentry includes your settings that differ from the defaults. --install keeps the style and comments of the file and\nwrites a backup beside it. It does not change a file that it cannot edit safely. An existing entry of this program\nkeeps your additions; an entry of another program is replaced.`,
  operands: ['CLIENT'],
  settings: ALL_SETTINGS,
  flags: {
    transport: {
      takes: 'KIND',
      schema: z.union([z.literal(''), oneOf(['stdio', 'http'])], 'stdio or http'),
      fallback: '',
      help: 'stdio or http. stdio: the client starts the command "stdio", which starts the server if needed. http: the server must run already. Default: stdio (n8n: http).',
    },
    name: {
      takes: 'NAME',
      schema: z.string().regex(/^[\w-]{0,40}$/, 'up to 40 letters, digits, - and _'),
      fallback: '',
      help: 'Name of the server in the client. Default: whatsapp, or whatsapp-ID for the account ID.',
    },
    install: aSwitch("Write the entry into the client's file."),
    url,
    account,
  },
  examples: [
    ['mcp-config claude-code', 'Prints a command to run'],
    ['mcp-config claude-desktop --install', 'Writes the entry into the file of Claude Desktop'],
    ['mcp-config cursor --transport http --port 9000', 'Prints an entry with the URL of the server'],
  ],
  exits: [],
  run: async (given) => {
    const [client = ''] = given.operands
    return (await import('./mcp-config.ts')).mcpConfig(client, given)
  },
})

const status = defineCommand({
  name: 'status',
  summary: 'Show the status of the running server and its session',
  about: 'Starts nothing. The exit code is 0 if a server responds, in every state of the session.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: {
    json,
    url,
    account: { ...account, help: 'Only this account. Default: every account; with --json: `default`.' },
  },
  examples: [
    ['status', 'Shows the state, the account and the next step'],
    ['status --json', 'Prints the status object of the API'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('./status.ts')).status(serverOf(given), given.flags),
})

const auth = defineCommand({
  name: 'auth',
  summary: 'Link an account: show the QR code or pairing code, and wait until the session is ready',
  about:
    'Redraws the QR code when it changes. A saved session connects without a code. With --json, standard error gets the\nprogress and standard output the final status as JSON.',
  operands: [],
  fields: { phone_number: '--phone' },
  settings: CLIENT_SETTINGS,
  flags: {
    phone: {
      takes: 'NUMBER',
      schema: z.union(
        [z.literal(''), phoneNumberInput],
        'a phone number of 8 to 15 digits, country code included',
      ),
      fallback: '',
      help: 'Phone number of the account. Requests a pairing code to type on the phone, instead of a QR code.',
    },
    json,
    url,
    account,
  },
  examples: [
    ['auth', 'Shows a QR code. On the phone: WhatsApp > Linked devices > Link a device'],
    ['auth --phone +15550001000', 'Shows a pairing code. On the phone: Link with phone number instead'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('./auth.ts')).auth(serverOf(given), given.flags),
})

const send = defineCommand({
  name: 'send',
  summary: 'Send a text message',
  about:
    'NUMBER is a phone number with country code. MESSAGE is one argument; - reads it from standard input. Put -- before a\nmessage that begins with a dash.',
  operands: ['NUMBER', 'MESSAGE'],
  fields: { phone_number: 'NUMBER', message: 'MESSAGE' },
  settings: CLIENT_SETTINGS,
  flags: { json, url, account },
  examples: [
    ["send +15551234567 'Hello from my own machine'", 'Sends a text'],
    ['send +15551234567 - < letter.txt', 'Sends the text of a file'],
  ],
  exits: ['notRunning'],
  run: async (given) => {
    const [number = '', message = ''] = given.operands
    return (await import('./send.ts')).send(serverOf(given), { number, message, ...given.flags })
  },
})

const logout = defineCommand({
  name: 'logout',
  summary: 'Unlink this device from the account, and delete the session',
  about: 'Asks for confirmation. Without a terminal, --yes is required. To link again you need the phone.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { yes: aSwitch('Do not ask for confirmation.'), json, url, account },
  examples: [['logout', 'Asks for confirmation, then logs out']],
  exits: ['notRunning'],
  run: async (given) => (await import('./logout.ts')).logout(serverOf(given), given.flags),
})

const stop = defineCommand({
  name: 'stop',
  summary: 'Stop the running server of a session directory, even if an MCP client started it',
  about:
    'Waits until the server and its browser have ended. The session stays linked. If no server runs, the command does\nnothing. An MCP client that uses stdio starts the server again with its next request.',
  operands: [],
  settings: ['WHATSAPP_AUTH_DIR'],
  flags: { json },
  examples: [
    ['stop', 'Stops the server of the default directory'],
    ['stop --auth-dir ~/second-account', 'Stops the server of another directory'],
  ],
  exits: [],
  run: async ({ settings, flags }) => (await import('./stop.ts')).stop(ownConfig(settings), flags),
})

const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check browser, directories, disk, port and network, and print a fix for each problem',
  about:
    'Changes nothing, and can run while a server runs. Takes the flags of serve and checks what serve would use. With --url\nit checks what that server uses.',
  operands: [],
  settings: ALL_SETTINGS,
  flags: {
    json,
    url: {
      ...url,
      help: 'URL of a running server on this computer, such as a sandbox. Checks its directory, browser and port.',
    },
  },
  examples: [
    ['doctor', 'Prints a line for each check, and a next step for each problem'],
    ['doctor --port 9000 --json', 'Checks another port, and prints JSON'],
    ['doctor --url http://127.0.0.1:8890', 'Checks the sandbox'],
  ],
  exits: ['notRunning'],
  run: async ({ settings, flags }) =>
    (await import('./doctor.ts')).doctor((more) => ownConfig({ ...settings, ...more }), flags),
})

const accountsList = defineCommand({
  name: 'accounts list',
  summary: 'List the accounts of the running server',
  about: '',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [['accounts list', 'Shows a line for each account: its id, state, number and label']],
  exits: ['notRunning'],
  run: async (given) => (await import('./accounts.ts')).listAccounts(serverOf(given), given.flags),
})

const label = {
  takes: 'TEXT',
  schema: z.string(),
  fallback: '',
  help: 'Name of the account for people.',
} satisfies Row
const proxyFile = {
  takes: 'FILE',
  schema: z.string(),
  fallback: '',
  help: 'File whose first line is the URL of a proxy for the browser of the account; - reads standard input.',
} satisfies Row

const accountsAdd = defineCommand({
  name: 'accounts add',
  summary: 'Add an account to the running server',
  about: 'ID has 1 to 32 of a-z, 0-9, _ and -. Then link the account: auth --account ID.',
  operands: ['ID'],
  fields: { id: 'ID', label: '--label', proxy: '--proxy-file' },
  settings: CLIENT_SETTINGS,
  flags: { label, 'proxy-file': proxyFile, json, url },
  examples: [["accounts add work --label 'Work phone'", 'Adds the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('./accounts.ts')).addAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

const accountsChange = defineCommand({
  name: 'accounts change',
  summary: 'Change the label or the proxy of an account',
  about: 'A running account restarts with a new proxy.',
  operands: ['ID'],
  fields: { id: 'ID', label: '--label', proxy: '--proxy-file' },
  settings: CLIENT_SETTINGS,
  flags: {
    label,
    'no-label': aSwitch('Removes the label.'),
    'proxy-file': proxyFile,
    'no-proxy': aSwitch('Removes the proxy.'),
    json,
    url,
  },
  examples: [["accounts change work --label 'Shop'", 'Gives the account work another label']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('./accounts.ts')).changeAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

const accountsStop = defineCommand({
  name: 'accounts stop',
  summary: 'Stop an account until it is started again',
  about: 'Closes the browser of the account. The device stays linked.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [['accounts stop work', 'Stops the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('./accounts.ts')).stopAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

const accountsRestart = defineCommand({
  name: 'accounts restart',
  summary: 'Restart an account, or start a stopped one',
  about: 'Closes the browser of the account and starts it again, without logging out.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [['accounts restart work', 'Restarts the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('./accounts.ts')).restartAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

const accountsRemove = defineCommand({
  name: 'accounts remove',
  summary: 'Log an account out and remove it',
  about:
    'Deletes the profile of the account. Its archive stays, unless --delete-archive is given. Asks for confirmation.\nWithout a terminal, --yes is required.',
  operands: ['ID'],
  settings: CLIENT_SETTINGS,
  flags: {
    'delete-archive': aSwitch('Delete the archive of the account too.'),
    yes: aSwitch('Do not ask for confirmation.'),
    json,
    url,
  },
  examples: [['accounts remove work', 'Asks for confirmation, then removes the account work']],
  exits: ['notRunning'],
  run: async (given) =>
    (await import('./accounts.ts')).removeAccount(serverOf(given), given.operands[0] ?? '', given.flags),
})

const outboxItem = { operands: ['ID'], settings: CLIENT_SETTINGS, exits: ['notRunning'] } as const

const outboxList = defineCommand({
  name: 'outbox list',
  summary: 'List the messages that wait in the running server',
  about: 'Shows held and scheduled messages with their whole text, and those whose outcome is unknown.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [['outbox list', 'Shows what waits, for whom, and the command that approves it']],
  exits: ['notRunning'],
  run: async (given) => (await import('./outbox.ts')).listOutbox(serverOf(given), given.flags),
})

const outboxHistory = defineCommand({
  name: 'outbox history',
  summary: 'List the newest messages of the outbox in every state',
  about: 'Settled messages are kept for 7 days. The text of a message that never waited is not kept.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [['outbox history', 'Shows the last 100 messages that this server sent, held or dropped']],
  exits: ['notRunning'],
  run: async (given) => (await import('./outbox.ts')).showHistory(serverOf(given), given.flags),
})

const outboxApprove = defineCommand({
  ...outboxItem,
  name: 'outbox approve',
  summary: 'Send a message that waits for approval',
  about:
    'With --digest, the message is sent only if it is still exactly the one that was shown. Without it, the message is sent\nas it is now.',
  flags: {
    digest: {
      takes: 'DIGEST',
      schema: z.string(),
      fallback: '',
      help: 'Digest of the message that was read.',
    },
    json,
    url,
  },
  examples: [['outbox approve ob_0mgk2x1a0q8z5r3w7', 'Sends this message']],
  run: async (given) =>
    (await import('./outbox.ts')).approveItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

const outboxReject = defineCommand({
  ...outboxItem,
  name: 'outbox reject',
  summary: 'End a message that waits for approval without sending it',
  about: '',
  flags: {
    reason: { takes: 'TEXT', schema: z.string(), fallback: '', help: 'Why, for the client that wrote it.' },
    json,
    url,
  },
  examples: [["outbox reject ob_0mgk2x1a0q8z5r3w7 --reason 'Wrong person'", 'Never sends this message']],
  run: async (given) =>
    (await import('./outbox.ts')).rejectItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

const outboxCancel = defineCommand({
  ...outboxItem,
  name: 'outbox cancel',
  summary: 'End a held or scheduled message without sending it',
  about: '',
  flags: { json, url },
  examples: [['outbox cancel ob_0mgk2x1a0q8z5r3w7', 'Never sends this message']],
  run: async (given) =>
    (await import('./outbox.ts')).cancelItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

const outboxEdit = defineCommand({
  ...outboxItem,
  name: 'outbox edit',
  summary: 'Change the text or the time of a message that waits',
  about: 'A held message still waits for its approval.',
  fields: { item_id: 'ID', message: '--message', send_at: '--send-at' },
  flags: {
    message: { takes: 'TEXT', schema: z.string(), fallback: '', help: 'The new text or caption.' },
    'send-at': {
      takes: 'TIME',
      schema: z.string(),
      fallback: '',
      help: 'When to send, ISO 8601 with offset, YYYY-MM-DDThh:mm:ss+hh:mm.',
    },
    json,
    url,
  },
  examples: [["outbox edit ob_0mgk2x1a0q8z5r3w7 --message 'See you at 8'", 'Replaces the text']],
  run: async (given) =>
    (await import('./outbox.ts')).editItem(serverOf(given), given.operands[0] ?? '', given.flags),
})

/** The settings of a command that opens the archives of a directory itself, without the server. */
const ARCHIVE_SETTINGS = [
  'WHATSAPP_AUTH_DIR',
  'WHATSAPP_ARCHIVE_KEY',
  'WHATSAPP_ARCHIVE_KEY_FILE',
  'WHATSAPP_ARCHIVE_KEY_COMMAND',
] as const

const KEY_ABOUT =
  'Stop the server first. The command copies the archive, compares the copy row by row, replaces the archive with it, and\noverwrites the old file. It needs as much free disk space as the archive. If it is interrupted, the archive still\nopens: run the command again.'

const archiveEncrypt = defineCommand({
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
  run: async ({ settings, flags }) => (await import('./archive-key.ts')).encrypt(ownConfig(settings), flags),
})

const archiveChangeKey = defineCommand({
  name: 'archive change-key',
  summary: 'Encrypt the archive with a new key',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: {
    'new-key-file': {
      takes: 'FILE',
      schema: z.string(),
      fallback: '',
      help: 'File that contains the new key as its only line; - reads it from standard input.',
    },
    'new-key-command': {
      takes: 'COMMAND',
      schema: z.string(),
      fallback: '',
      help: 'Command that prints the new key as its first line. It runs like the key command of the settings.',
    },
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
    (await import('./archive-key.ts')).changeKey(ownConfig(settings), flags),
})

const archiveDecrypt = defineCommand({
  name: 'archive decrypt',
  summary: 'Remove the encryption of the archive',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json },
  examples: [['archive decrypt', 'Afterwards, remove the key from the settings']],
  exits: ['directory'],
  run: async ({ settings, flags }) => (await import('./archive-key.ts')).decrypt(ownConfig(settings), flags),
})

const archiveExport = defineCommand({
  name: 'archive export',
  summary: 'Write the archive of the running server, or one chat, to a file',
  about:
    'jsonl contains everything, for backups and moves. text is for people. The file appears when it is complete, and only\nyou can read it. The file is not encrypted, even if the archive is.',
  operands: [],
  fields: { chat_id: '--chat' },
  settings: CLIENT_SETTINGS,
  flags: {
    chat: {
      takes: 'ID',
      schema: z.string(),
      fallback: '',
      help: 'Export only this chat: its id, or the phone number of the contact.',
    },
    format: {
      takes: 'FORMAT',
      schema: oneOf(['jsonl', 'text']),
      fallback: 'jsonl',
      help: 'Format of the export: jsonl or text.',
    },
    out: {
      takes: 'FILE',
      schema: z.string(),
      fallback: '',
      help: 'File to write. Default: standard output.',
    },
    url,
    account,
  },
  examples: [
    ['archive export --out whatsapp.jsonl', 'Exports the whole archive'],
    ['archive export --chat 15551234567@c.us --format text', 'Prints one chat as text'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('./archive-export.ts')).exportArchive(serverOf(given), given.flags),
})

const KEEP_SETTINGS = [
  'WHATSAPP_KEEP_DAYS',
  'WHATSAPP_KEEP_DAYS_PER_CHAT',
  'WHATSAPP_NEVER_STORE',
  'WHATSAPP_KEEP_DISAPPEARING',
] as const

const archiveImport = defineCommand({
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
    (await import('./archive-file.ts')).importFile(ownConfig(settings), file, flags),
})

const archiveVerify = defineCommand({
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
    (await import('./archive-file.ts')).verifyArchive(ownConfig(settings), flags),
})

const archiveStats = defineCommand({
  name: 'archive stats',
  summary: 'Show the size and contents of the archive of the running server',
  about: '',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, url, account },
  examples: [['archive stats', 'Shows the numbers of messages, chats and people, the period and the size']],
  exits: ['notRunning'],
  run: async (given) => (await import('./archive-export.ts')).archiveStats(serverOf(given), given.flags),
})

/** Every command. The first is the default. */
export const COMMANDS: readonly Command[] = [
  serve,
  sandbox,
  stdio,
  mcpConfig,
  status,
  auth,
  send,
  logout,
  stop,
  doctor,
  outboxList,
  outboxHistory,
  outboxApprove,
  outboxReject,
  outboxCancel,
  outboxEdit,
  accountsList,
  accountsAdd,
  accountsChange,
  accountsStop,
  accountsRestart,
  accountsRemove,
  archiveStats,
  archiveExport,
  archiveImport,
  archiveVerify,
  archiveEncrypt,
  archiveChangeKey,
  archiveDecrypt,
]

/** Returns the words of a command's name: one, or two as in `archive encrypt`. */
export function wordsOf({ name }: Command): string[] {
  return name.split(' ')
}

/** Returns the command that these arguments begin with, if any. */
export function commandOf(argv: readonly string[]): Command | undefined {
  return COMMANDS.find((command) => wordsOf(command).every((word, index) => argv[index] === word))
}
