/** The table of commands, in the order of the documentation. Each imports what it runs only when it runs. */
import { z } from 'zod'
import { builds } from '../../simulator/builds.ts'
import { oneOf, onOff, type Row, SETTINGS, type SettingName, whole } from '../config.ts'
import { phoneNumberInput } from '../model/ids.ts'
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
    .refine((url) => url !== null, 'an address such as http://127.0.0.1:8790')
    .transform((url) => url ?? ''),
  fallback: '',
  help: 'Where the server is, if not at the host and port of the settings; the address of its MCP endpoint is taken too. WHATSAPP_MCP_URL in the environment says the same.',
} satisfies Row

/** Tests use fractions of a minute. */
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

/** What every command takes that asks the running server. */
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
      'End once no client has asked for anything for so many minutes, and none listens. 0: never.',
    ),
  },
  examples: [
    ['serve', 'On the documented port, with the session in the documented directory'],
    ['serve --port 9000 --auth-dir ~/second-account', 'A second account beside the first'],
    ['serve --no-headless', 'With a browser window, where linking asks for a passkey'],
  ],
  exits: ['directory', 'port', 'browser'],
  run: async ({ settings, flags }) =>
    (await import('./serve.ts')).serve(ownConfig(settings), flags['idle-minutes']),
})

const sandbox = defineCommand({
  name: 'sandbox',
  summary: 'Run the server against a simulated WhatsApp, with a phone on a web page',
  about:
    'The same server, library and browser; only WhatsApp itself is simulated. No account is needed or touched, nothing\nleaves this machine, and the session and settings of the real server do not apply.',
  operands: [],
  settings: ['WHATSAPP_CHROME_EXECUTABLE', 'WHATSAPP_HEADLESS', 'WHATSAPP_MCP_LOG_LEVEL'],
  flags: {
    linked: aSwitch('Link a seeded account at once, and print calls to try.'),
    port: {
      ...SETTINGS.WHATSAPP_MCP_PORT,
      fallback: '8890',
      help: 'Port of the server. 0 picks a free one.',
    },
    'phone-port': {
      ...SETTINGS.WHATSAPP_MCP_PORT,
      fallback: '8891',
      help: "Port of the phone page and the simulator's control API. 0 picks a free one.",
    },
    dir: {
      takes: 'DIR',
      schema: z.string(),
      fallback: '',
      help: 'Where session and simulated world are kept, if not in .sandbox under the project root (of an installed package: in your data directory).',
    },
    build: {
      takes: 'NAME',
      schema: oneOf(builds.map(({ name }) => name)),
      fallback: builds[0]?.name ?? '',
      help: `WhatsApp Web build to simulate: ${builds.map(({ name }) => name).join(', ')}.`,
    },
    pace: {
      takes: 'PACE',
      schema: oneOf(['none', 'realistic']),
      fallback: 'realistic',
      help: 'How long the simulated WhatsApp takes: none or realistic.',
    },
    seed: {
      takes: 'N',
      schema: whole(0, 2 ** 31),
      fallback: '1',
      help: 'Another number makes another world.',
    },
  },
  examples: [
    ['sandbox', 'Link it yourself, on the phone page'],
    ['sandbox --linked', 'Ready to use, with calls to try'],
  ],
  exits: ['directory', 'port', 'browser'],
  run: async ({ settings, flags }) => (await import('./sandbox.ts')).sandbox(settings, flags),
})

const stdio = defineCommand({
  name: 'stdio',
  summary: 'Speak MCP on standard input and output, for clients that start their servers themselves',
  about:
    'Leads to the server that runs; several clients share it, and its one WhatsApp session. Where none runs it is started with\nthe same settings, in the background: its log is .whatsapp-mcp-api/server.log in the session directory. With --url (or\nWHATSAPP_MCP_URL) none is ever started. Clients are set up by "mcp-config".',
  operands: [],
  settings: ALL_SETTINGS,
  settingsFrom:
    'A name in capitals is the same setting as a variable of the environment; a flag wins over it. Clients start this in\nfolders that came from elsewhere: the .env that is read, and the folder that relative paths begin at, is the project root\n(of an installed package: your data directory), where a server that is started runs.',
  flags: {
    url,
    'idle-minutes': minutes('10', 'A server that was started here ends so long after its last client.'),
    stay: aSwitch('A server that is started here stays until it is stopped.'),
  },
  examples: [
    ['stdio', 'To the server at the documented port; started where it does not run'],
    ['stdio --url http://127.0.0.1:8890', 'To the sandbox'],
  ],
  exits: [],
  run: async (given) => {
    const { openServer } = await import('./stdio-open.ts')
    return (await import('./stdio.ts')).stdio(openServer(given))
  },
})

const mcpConfig = defineCommand({
  name: 'mcp-config',
  summary: 'Print what an MCP client needs to reach this server, or write it where the client keeps it',
  about: `CLIENT is one of: ${Object.keys(CLIENTS).join(', ')}.\nStandard output has the line or the entry, and nothing\nelse. Settings that are not the default ones are carried over. With --install the file is changed in its own style and\nwith its comments, what it was is kept beside it, and a file that cannot be read safely is left alone. An\nentry of ours keeps what you added to it; of another program's nothing is kept.`,
  operands: ['CLIENT'],
  settings: ALL_SETTINGS,
  flags: {
    transport: {
      takes: 'KIND',
      schema: z.union([z.literal(''), oneOf(['stdio', 'http'])], 'stdio or http'),
      fallback: '',
      help: 'stdio (the client starts the command "stdio", and the server runs when it is needed; the default but for n8n) or http (the server must run).',
    },
    name: {
      takes: 'NAME',
      schema: z.string().regex(/^[\w-]{1,40}$/, 'up to 40 letters, digits, - and _'),
      fallback: 'whatsapp',
      help: 'What the client calls the server: another name for a second account.',
    },
    install: aSwitch("Write it into the client's own file."),
    url,
  },
  examples: [
    ['mcp-config claude-code', 'A line to run'],
    ['mcp-config claude-desktop --install', 'Written into its file, with a backup'],
    ['mcp-config cursor --transport http --port 9000', 'By address'],
  ],
  exits: [],
  run: async (given) => {
    const [client = ''] = given.operands
    return (await import('./mcp-config.ts')).mcpConfig(client, given)
  },
})

const status = defineCommand({
  name: 'status',
  summary: 'Show what the running server says about the link',
  about:
    'Never starts anything. The exit code tells whether a server answers, whatever the state of the link.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [
    ['status', 'State, account, and what to do next'],
    ['status --json', 'The status object of the API'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('./status.ts')).status(serverOf(given), given.flags),
})

const auth = defineCommand({
  name: 'auth',
  summary: 'Link an account: start, show the QR code or pairing code, wait until it is ready',
  about:
    'The code is redrawn as it changes. Where a session is saved already, it is connected without one. With --json the\nprogress goes to standard error, and the last status as JSON to standard output.',
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
      help: "Ask for a pairing code for the account's number, to be typed on the phone, in place of a QR code.",
    },
    json,
    url,
  },
  examples: [
    ['auth', 'Scan the code with the phone: WhatsApp > Linked devices > Link a device'],
    ['auth --phone +15550001000', 'Type a code on the phone: Link with phone number instead'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('./auth.ts')).auth(serverOf(given), given.flags),
})

const send = defineCommand({
  name: 'send',
  summary: 'Send a text message',
  about:
    'NUMBER is a phone number with country code. MESSAGE is one argument; - reads it from standard input. A message that\nbegins with a dash stands after --.',
  operands: ['NUMBER', 'MESSAGE'],
  fields: { phone_number: 'NUMBER', message: 'MESSAGE' },
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [
    ["send +15551234567 'Hello from my own machine'", 'One text'],
    ['send +15551234567 - < letter.txt', 'The text of a file'],
  ],
  exits: ['notRunning'],
  run: async (given) => {
    const [number = '', message = ''] = given.operands
    return (await import('./send.ts')).send(serverOf(given), { number, message, ...given.flags })
  },
})

const logout = defineCommand({
  name: 'logout',
  summary: 'Unlink this device from the account, and delete its session',
  about: 'Asks first; where there is no terminal to ask on, it needs --yes. Linking again needs the phone.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { yes: aSwitch('Do not ask.'), json, url },
  examples: [['logout', 'Asks, then logs out']],
  exits: ['notRunning'],
  run: async (given) => (await import('./logout.ts')).logout(serverOf(given), given.flags),
})

const stop = defineCommand({
  name: 'stop',
  summary: 'Stop the running server of a session directory, also one that an MCP client started',
  about:
    'Waits until the server and its browser have ended; the session stays linked. If no server runs, there is nothing to do.\nAn MCP client that starts its servers itself starts one again with its next request.',
  operands: [],
  settings: ['WHATSAPP_AUTH_DIR'],
  flags: { json },
  examples: [
    ['stop', 'The server of the default directory'],
    ['stop --auth-dir ~/second-account', 'That of another one'],
  ],
  exits: [],
  run: async ({ settings, flags }) => (await import('./stop.ts')).stop(ownConfig(settings), flags),
})

const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check browser, directories, disk, port and network, and say how to mend what is wrong',
  about:
    'Works beside a running server and changes nothing. Takes the flags of serve, so that it looks at what serve would use;\nwith --url it looks at what that server uses.',
  operands: [],
  settings: ALL_SETTINGS,
  flags: {
    json,
    url: {
      ...url,
      help: 'A running server on this computer, such as a sandbox: its directory, browser and port are checked.',
    },
  },
  examples: [
    ['doctor', 'A line for each check; what is wrong has a next step'],
    ['doctor --port 9000 --json', 'The same for another port, for programs'],
    ['doctor --url http://127.0.0.1:8890', 'The sandbox'],
  ],
  exits: ['notRunning'],
  run: async ({ settings, flags }) =>
    (await import('./doctor.ts')).doctor((more) => ownConfig({ ...settings, ...more }), flags),
})

/** What a command on the archives of a directory takes, itself and not by asking the server. */
const ARCHIVE_SETTINGS = [
  'WHATSAPP_AUTH_DIR',
  'WHATSAPP_ARCHIVE_KEY',
  'WHATSAPP_ARCHIVE_KEY_FILE',
  'WHATSAPP_ARCHIVE_KEY_COMMAND',
] as const

const KEY_ABOUT =
  'While no server runs. A copy is made beside the archive, compared with it row by row, and put in its place; then the old\nfile is overwritten. It needs as much free space as the archive takes. Cut short, it leaves an archive that opens: run it again.'

const archiveEncrypt = defineCommand({
  name: 'archive encrypt',
  summary: 'Encrypt the archive with the key of the settings',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json },
  examples: [
    ['archive encrypt --archive-key-file ~/.whatsapp-archive.key', 'From then on the server needs that key'],
  ],
  exits: ['directory'],
  run: async ({ settings, flags }) => (await import('./archive-key.ts')).encrypt(ownConfig(settings), flags),
})

const archiveChangeKey = defineCommand({
  name: 'archive change-key',
  summary: 'Encrypt the archive with another key than that of the settings',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: {
    'new-key-file': {
      takes: 'FILE',
      schema: z.string(),
      fallback: '',
      help: 'File with the new key in its one line; - reads it from standard input.',
    },
    'new-key-command': {
      takes: 'COMMAND',
      schema: z.string(),
      fallback: '',
      help: 'Command that prints the new key in its first line, run as that of the settings.',
    },
    json,
  },
  examples: [
    [
      'archive change-key --archive-key-file old.key --new-key-file new.key',
      'Then name new.key in the settings',
    ],
  ],
  exits: ['directory'],
  run: async ({ settings, flags }) =>
    (await import('./archive-key.ts')).changeKey(ownConfig(settings), flags),
})

const archiveDecrypt = defineCommand({
  name: 'archive decrypt',
  summary: 'Make the archive a plain one again',
  about: KEY_ABOUT,
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json },
  examples: [['archive decrypt', 'Then take the key out of the settings']],
  exits: ['directory'],
  run: async ({ settings, flags }) => (await import('./archive-key.ts')).decrypt(ownConfig(settings), flags),
})

const archiveExport = defineCommand({
  name: 'archive export',
  summary: 'Write the archive of the running server, or one chat, to a file',
  about:
    'jsonl has everything, for backups and moves; text is for people. The file appears once it is whole, readable by you\nalone. It is not encrypted, also where the archive is.',
  operands: [],
  fields: { chat_id: '--chat' },
  settings: CLIENT_SETTINGS,
  flags: {
    chat: {
      takes: 'ID',
      schema: z.string(),
      fallback: '',
      help: 'Only this chat: its id, or the phone number of the person.',
    },
    format: {
      takes: 'FORMAT',
      schema: oneOf(['jsonl', 'text']),
      fallback: 'jsonl',
      help: 'jsonl or text.',
    },
    out: { takes: 'FILE', schema: z.string(), fallback: '', help: 'Where to, if not to standard output.' },
    url,
  },
  examples: [
    ['archive export --out whatsapp.jsonl', 'Everything'],
    ['archive export --chat 15551234567@c.us --format text', 'One chat, to read'],
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
  summary: 'Read an exported archive into an empty one',
  about:
    'While no server runs. All of the file or nothing of it is there afterwards; messages that by the settings are not to be\nkept are left out. FILE is what "archive export" wrote, in jsonl.',
  operands: ['FILE'],
  settings: [...ARCHIVE_SETTINGS, ...KEEP_SETTINGS],
  flags: { json },
  examples: [['archive import whatsapp.jsonl', 'Into the directory of the settings']],
  exits: ['directory'],
  run: async ({ settings, flags, operands: [file = ''] }) =>
    (await import('./archive-file.ts')).importFile(ownConfig(settings), file, flags),
})

const archiveVerify = defineCommand({
  name: 'archive verify',
  summary: 'Look through the archive for anything that is wrong',
  about: 'While no server runs. The exit code is 1 where something is wrong, and each thing has a line.',
  operands: [],
  settings: ARCHIVE_SETTINGS,
  flags: { json },
  examples: [['archive verify', 'The archive of the directory of the settings']],
  exits: ['directory'],
  run: async ({ settings, flags }) =>
    (await import('./archive-file.ts')).verifyArchive(ownConfig(settings), flags),
})

const archiveStats = defineCommand({
  name: 'archive stats',
  summary: 'Show how much the archive of the running server holds',
  about: '',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [['archive stats', 'Messages, chats, people, from when to when, size']],
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
  archiveStats,
  archiveExport,
  archiveImport,
  archiveVerify,
  archiveEncrypt,
  archiveChangeKey,
  archiveDecrypt,
]

/** A command's name as it is typed: one word, or two, as in `archive encrypt`. */
export function wordsOf({ name }: Command): string[] {
  return name.split(' ')
}

/** The command that these arguments begin with. */
export function commandOf(argv: readonly string[]): Command | undefined {
  return COMMANDS.find((command) => wordsOf(command).every((word, index) => argv[index] === word))
}
