/** The table of commands, in the order of the documentation. Each imports what it runs only when it runs. */
import { z } from 'zod'
import { builds } from '../../simulator/builds.ts'
import {
  oneOf,
  onOff,
  type Row,
  readConfig,
  readEnvironment,
  SETTINGS,
  type SettingName,
  whole,
} from '../config.ts'
import { phoneNumberInput } from '../model/ids.ts'
import { addressOf } from './client.ts'
import { type Command, defineCommand } from './command.ts'
import { dataRoot } from './data-dir.ts'

const ALL_SETTINGS = Object.keys(SETTINGS) as SettingName[]

const aSwitch = (help: string) => ({ takes: null, schema: onOff, fallback: 'false', help }) satisfies Row

const json = aSwitch('Print JSON, for programs.')
const url = {
  takes: 'URL',
  schema: z
    .string()
    .refine(
      (text) => text === '' || (/^https?:/.test(text) && URL.canParse(text)),
      'an address such as http://127.0.0.1:8790',
    ),
  fallback: '',
  help: 'Where the server is, if not at the host and port of the settings.',
} satisfies Row

/** What every command takes that asks the running server. */
const CLIENT_SETTINGS = ['WHATSAPP_MCP_HOST', 'WHATSAPP_MCP_PORT'] as const

const serve = defineCommand({
  name: 'serve',
  summary: 'Run the server (the default command)',
  about: '',
  operands: [],
  settings: ALL_SETTINGS,
  flags: {},
  examples: [
    ['serve', 'On the documented port, with the session in the documented directory'],
    ['serve --port 9000 --auth-dir ~/second-account', 'A second account beside the first'],
    ['serve --no-headless', 'With a browser window, where linking asks for a passkey'],
  ],
  run: async ({ settings }) =>
    (await import('./serve.ts')).serve(
      readConfig({ flags: settings, env: readEnvironment(), root: dataRoot() }),
    ),
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
  run: async ({ settings, flags }) => (await import('./sandbox.ts')).sandbox(settings, flags),
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
  run: async (given) => (await import('./status.ts')).status(addressOf(given), given.flags),
})

const auth = defineCommand({
  name: 'auth',
  summary: 'Link an account: start, show the QR code or pairing code, wait until it is ready',
  about:
    'The code is redrawn as it changes. Where a session is saved already, it is connected without one. With --json the\nprogress goes to standard error, and the last status as JSON to standard output.',
  operands: [],
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
    ['auth --phone +15551234567', 'Type a code on the phone: Link with phone number instead'],
  ],
  run: async (given) => (await import('./auth.ts')).auth(addressOf(given), given.flags),
})

const send = defineCommand({
  name: 'send',
  summary: 'Send a text message',
  about:
    'NUMBER is a phone number with country code. MESSAGE is one argument; - reads it from standard input. A message that\nbegins with a dash stands after --.',
  operands: ['NUMBER', 'MESSAGE'],
  settings: CLIENT_SETTINGS,
  flags: { json, url },
  examples: [
    ["send +15551234567 'Hello from my own machine'", 'One text'],
    ['send +15551234567 - < letter.txt', 'The text of a file'],
  ],
  run: async (given) => {
    const [number = '', message = ''] = given.operands
    return (await import('./send.ts')).send(addressOf(given), { number, message, ...given.flags })
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
  run: async (given) => (await import('./logout.ts')).logout(addressOf(given), given.flags),
})

const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check browser, directories, disk, port and network, and say how to mend what is wrong',
  about:
    'Works beside a running server and changes nothing. Takes the flags of serve, so that it looks at what serve would use.',
  operands: [],
  settings: ALL_SETTINGS,
  flags: { json },
  examples: [
    ['doctor', 'A line for each check; what is wrong has a next step'],
    ['doctor --port 9000 --json', 'The same for another port, for programs'],
  ],
  run: async ({ settings, flags }) =>
    (await import('./doctor.ts')).doctor(
      readConfig({ flags: settings, env: readEnvironment(), root: dataRoot() }),
      flags,
    ),
})

/** Every command. The first is the default. */
export const COMMANDS: readonly Command[] = [serve, sandbox, status, auth, send, logout, doctor]
