/** The commands that call any operation, and those that read. */
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { account, CLIENT_SETTINGS, json, text, url } from './flags.ts'

export const call = defineCommand({
  name: 'call',
  summary: 'Call any operation of the running server',
  about:
    'OPERATION is a name of docs/rest.md, such as list_webhooks. Each of its fields is a flag: --chat_id VALUE. A field with the\nname of a flag below is written as name=VALUE. Lists and objects are JSON; a list of words may be separated by commas.',
  operands: ['OPERATION'],
  takesFields: true,
  settings: CLIENT_SETTINGS,
  flags: {
    json,
    out: text('FILE', 'Where to write a file that the operation returns. Default: standard output.'),
    file: text('FILE', 'The file of an operation that takes one; - reads standard input.'),
    type: { ...text('TYPE', 'Media type of that file.'), fallback: 'application/octet-stream' },
    url,
    account,
  },
  examples: [
    ['call list_chats --limit 5', 'Shows the newest chats'],
    ['call add_webhook url=https://receiver.example/whatsapp --kinds message.received', 'Creates a webhook'],
    ['call get_media --message_id true_15551234567@c.us_3EB0AA --out photo.jpg', 'Writes the file'],
  ],
  exits: ['notRunning'],
  run: async (given) => {
    const [id = ''] = given.operands
    const { callOperation } = await import('../call.ts')
    return callOperation(serverOf(given), { id, fields: given.fields, ...given.flags })
  },
})
