/** The commands of one account: its status, linking, sending and logging out. */
import { z } from 'zod'
import { accountIdInput, phoneNumberInput } from '../../model/ids.ts'
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { account, CLIENT_SETTINGS, json, once, server, text, yes } from './flags.ts'

export const status = defineCommand({
  name: 'status',
  summary: 'Show the status of the running server and its session',
  about: 'Starts nothing. The exit code is 0 if a server responds, in every state of the session.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: {
    json,
    ...server,
    account: {
      ...account,
      schema: z.union([z.literal(''), accountIdInput]),
      fallback: '',
      help: 'Only this account. Default: every account; with --json: `default`.',
    },
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
  summary: 'Send a text or a file',
  about:
    'CHAT is a phone number with country code, the id of a chat, or the whole name of one. MESSAGE is one argument; - reads\nit from standard input. With --file it is the caption, and can be omitted. Put -- before a message that begins with a\ndash.',
  operands: ['CHAT', '[MESSAGE]'],
  fields: {
    chat: 'CHAT',
    chat_id: 'CHAT',
    message: 'MESSAGE',
    caption: 'MESSAGE',
    as: '--as',
    reply_to: '--reply-to',
    send_at: '--send-at',
  },
  settings: CLIENT_SETTINGS,
  flags: {
    file: text('FILE', 'A file to send; - reads standard input.'),
    as: text(
      'KIND',
      'How the file is sent: image, video, gif, audio, voice, document or sticker. Default: what its bytes are.',
    ),
    'reply-to': text('ID', 'Id of the message to reply to.'),
    'send-at': text('TIME', 'When to send, ISO 8601 with offset, YYYY-MM-DDThh:mm:ss+hh:mm. Default: now.'),
    ...once,
    json,
    ...server,
    account,
  },
  examples: [
    ["send +15551234567 'Hello from my own machine'", 'Sends a text'],
    ['send +15551234567 - < letter.txt', 'Sends the text of a file'],
    ["send 'Weekend hike' 'The route' --file route.pdf", 'Sends a file with a caption to a group'],
  ],
  exits: ['notRunning'],
  run: async (given) => {
    const [chat = '', message] = given.operands
    return (await import('../send.ts')).send(serverOf(given), { chat, message, ...given.flags })
  },
})

export const logout = defineCommand({
  name: 'logout',
  summary: 'Unlink this device from the account, and delete the session',
  about: 'Asks for confirmation. Without a terminal, --yes is required. To link again you need the phone.',
  operands: [],
  settings: CLIENT_SETTINGS,
  flags: { yes, json, ...server, account },
  examples: [['logout', 'Asks for confirmation, then logs out']],
  exits: ['notRunning'],
  run: async (given) => (await import('../logout.ts')).logout(serverOf(given), given.flags),
})
