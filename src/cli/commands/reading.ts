/** The commands that read, and the one that calls any operation. */
import { serverOf } from '../client.ts'
import { defineCommand } from '../command.ts'
import { defineOperationCommand } from '../operation-command.ts'
import { account, CLIENT_SETTINGS, json, once, server, switchFlag, text } from './flags.ts'

const CHAT = 'CHAT is the id of a chat, a phone number with country code, or the whole name of a chat.'
const ids = switchFlag('Show ids too.')
const cursor = text('CURSOR', 'Continue a list where it ended.')
const limit = { ...text('N', 'Number of results, 1 to 100.'), fallback: '20' }
const time = 'the id of a message, or a time in ISO 8601'

export const chats = defineOperationCommand({
  operation: 'list_chats',
  shows: 'chats',
  name: 'chats',
  summary: 'List chats, latest activity first',
  about: 'Works in every state of the session.',
  operands: [],
  fields: {
    query: '--query',
    unread_only: '--unread',
    kind: '--kinds',
    limit: '--limit',
    cursor: '--cursor',
  },
  flags: {
    query: text('TEXT', 'Only chats whose name or number contains this.'),
    unread: switchFlag('Only chats with unread messages.'),
    kinds: text('KINDS', 'Kinds of chats, separated by commas. Default: direct,group,other.'),
    limit,
    cursor,
    ids,
    account,
  },
  examples: [
    ['chats --unread', 'Shows the chats with unread messages'],
    ['chats --query amara --ids', 'Finds a chat, and shows its id'],
  ],
})

export const messages = defineOperationCommand({
  operation: 'read_messages',
  shows: 'messages',
  name: 'messages',
  summary: 'Show the messages of a chat',
  about: `${CHAT} The newest messages are shown, oldest\nfirst. Nothing is marked as read on WhatsApp.`,
  operands: ['CHAT'],
  fields: { chat_id: 'CHAT', limit: '--limit', before: '--before', after: '--after' },
  flags: {
    limit,
    before: text('POINT', `Only messages before this: ${time}.`),
    after: text('POINT', `Only messages after this: ${time}.`),
    ids,
    account,
  },
  examples: [
    ['messages +15551234567', 'Shows the last 20 messages'],
    ["messages 'Weekend hike' --limit 5 --json", 'Prints the last 5 messages of a group as JSON'],
  ],
})

export const search = defineOperationCommand({
  operation: 'search_messages',
  shows: 'hits',
  name: 'search',
  summary: 'Search messages',
  about:
    'All words of TEXT are required, in any order. "..." is a phrase; a trailing * matches any ending. Put TEXT in quotes.',
  operands: ['TEXT'],
  fields: {
    q: 'TEXT',
    chat_id: '--chat',
    from: '--from',
    type: '--types',
    before: '--before',
    after: '--after',
    limit: '--limit',
    cursor: '--cursor',
  },
  flags: {
    chat: text('CHAT', `Only in this chat. ${CHAT}`),
    from: text('PERSON', 'Only messages by this person, by phone number or id; me: own messages.'),
    types: text('TYPES', 'Only these types, separated by commas, such as image,document.'),
    before: text('POINT', `Only messages before this: ${time}.`),
    after: text('POINT', `Only messages after this: ${time}.`),
    limit,
    cursor,
    ids,
    account,
  },
  examples: [
    ["search 'dinner friday'", 'Finds messages with both words'],
    ["search 'invoice*' --types document --from +15551234567", 'Finds documents of a person'],
  ],
})

export const watch = defineCommand({
  name: 'watch',
  summary: 'Show events as they happen',
  about:
    'Reconnects after a lost connection, and misses nothing. With --json, each event is one line of JSON, as docs/events.md\ndescribes it. To continue later, pass the cursor of the last event with --after.',
  operands: [],
  fields: { kind: '--kinds', chat_id: '--chat', after: '--after' },
  settings: CLIENT_SETTINGS,
  flags: {
    kinds: text(
      'KINDS',
      'Only these kinds of events, separated by commas, such as message.received. Default: all.',
    ),
    chat: text('CHAT', `Only events of this chat. ${CHAT}`),
    after: text('CURSOR', 'Begin after this event. 0: with the oldest stored event. Default: now.'),
    json,
    ...server,
    account,
  },
  examples: [
    ['watch --kinds message.received', 'Shows messages as they arrive'],
    ['watch --json --after 0', 'Prints all stored events as lines of JSON, then those that happen'],
  ],
  exits: ['notRunning'],
  run: async (given) => (await import('../watch.ts')).watch(serverOf(given), given.flags),
})

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
    ...once,
    ...server,
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
