/** The commands of one account: its status, linking, sending and logging out. */
import { z } from 'zod'
import { phoneNumberInput } from '../../model/ids.ts'
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { account, aSwitch, CLIENT_SETTINGS, json, server } from './flags.ts'

export const status = defineCommand({
  name: 'status',
  summary: 'Show the status of the running server and its session',
  about: 'Starts nothing. The exit code is 0 if a server responds, in every state of the session.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: {
    json,
    ...server,
    account: { ...account, help: 'Only this account. Default: every account; with --json: `default`.' },
  },
  examples: [
    ['status', 'Shows the state, the account and the next step'],
    ['status --json', 'Prints the status object of the API'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('../status.ts')).status(serverOf(given), given.flags),
})

export const auth = defineCommand({
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
    ...server,
    account,
  },
  examples: [
    ['auth', 'Shows a QR code. On the phone: WhatsApp > Linked devices > Link a device'],
    ['auth --phone +15550001000', 'Shows a pairing code. On the phone: Link with phone number instead'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('../auth.ts')).auth(serverOf(given), given.flags),
})

export const send = defineCommand({
  name: 'send',
  summary: 'Send a text message',
  about:
    'NUMBER is a phone number with country code. MESSAGE is one argument; - reads it from standard input. Put -- before a\nmessage that begins with a dash.',
  operands: ['NUMBER', 'MESSAGE'],
  fields: { phone_number: 'NUMBER', message: 'MESSAGE' },
  settings: CLIENT_SETTINGS,
  flags: { json, ...server, account },
  examples: [
    ["send +15551234567 'Hello from my own machine'", 'Sends a text'],
    ['send +15551234567 - < letter.txt', 'Sends the text of a file'],
  ],
  exits: ['notRunning'],
  run: async (given) => {
    const [number = '', message = ''] = given.operands
    return (await import('../send.ts')).send(serverOf(given), { number, message, ...given.flags })
  },
})

export const logout = defineCommand({
  name: 'logout',
  summary: 'Unlink this device from the account, and delete the session',
  about: 'Asks for confirmation. Without a terminal, --yes is required. To link again you need the phone.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { yes: aSwitch('Do not ask for confirmation.'), json, ...server, account },
  examples: [['logout', 'Asks for confirmation, then logs out']],
  exits: ['notRunning'],
  run: async (given) => (await import('../logout.ts')).logout(serverOf(given), given.flags),
})
