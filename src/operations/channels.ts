/** Operations on channels: the list, and following. Their posts are read as messages of a chat. */
import { z } from 'zod'
import { counted } from '../model/counted.ts'
import { writtenByPeople } from '../model/fields.ts'
import { chatKindOf, type Jid, readAddress } from '../model/ids.ts'
import { facts, indented, lines, named, quoted } from './brief.ts'
import { yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok, onePage } from './reading.ts'
import { isVisibleTo } from './seen.ts'
import { ASKING_ERRORS, CHANGE, perform } from './tasks.ts'

/** A channel of the documentation's examples. */
const EXAMPLE_CHANNEL = '120363041234567892@newsletter'
const FOLLOW = '/api/channels/{channel_id}'

/** Parses to the {@link Jid} of a channel. */
const channelIdInput = z
  .string()
  .max(128)
  .transform((text, context): Jid => {
    const address = readAddress(text)
    if (address !== null && chatKindOf(address) === 'channel') return address
    context.addIssue('must be the id of a channel such as 120363000000000000@newsletter')
    return z.NEVER
  })
  .describe(`Id of the channel, for example "${EXAMPLE_CHANNEL}".`)

const Channel = z.object({
  id: z.string(),
  name: writtenByPeople(z.string()),
  description: writtenByPeople(z.string().nullable()),
  role: z.enum(['owner', 'admin', 'follower']).describe('owner and admin may post.'),
  followers: z.int().nullable().describe('null: WhatsApp Web does not say.'),
})

export const listChannels = defineOperation({
  name: 'list_channels',
  title: 'List channels',
  description:
    'Lists the channels that this account follows or owns, by name. For the posts of one, pass its id to {{read_messages}} as chat_id. To post a text in an own channel, use {{send_to_chat}} with its id.',
  tag: 'channels',
  toolset: 'channels',
  needs: 'ready',
  scope: 'read',
  effect: 'read',
  uses: ['read_channels'],
  routes: ['GET /api/channels'],
  input: z.strictObject({}),
  output: z.object({ ok, count: z.int(), channels: z.array(Channel), next_cursor: onePage }),
  errors: [...ASKING_ERRORS],
  limitMs: 30_000,
  example: { input: {} },
  brief: {
    text: ({ count, channels }) =>
      lines(
        counted(count, 'channel'),
        channels.flatMap((channel) => [
          named(channel),
          ...indented([
            ...(channel.description === null ? [] : [`Description: ${quoted(channel.description)}`]),
            facts({ 'this account': channel.role, followers: channel.followers }),
          ]),
        ]),
      ),
  },
  async run(_, granted) {
    const all = await perform('read_channels', {}, granted)
    const channels = all
      .filter(({ channel }) => isVisibleTo(channel, granted))
      .map(({ channel: id, ...facts }) => ({ id, ...facts }))
      .sort((one, other) => one.name.localeCompare(other.name))
    return { ok: true as const, count: channels.length, channels, next_cursor: null }
  },
})

export const followChannel = defineOperation({
  ...CHANGE,
  name: 'follow_channel',
  title: 'Follow a channel',
  description:
    'Follows a channel by its id, or unfollows it (follow: false). Its posts then arrive like messages. The owner of a channel cannot unfollow it. Follow only what the user asked for.',
  tag: 'channels',
  toolset: 'channels',
  scope: 'manage',
  effect: 'write',
  repeatable: true,
  uses: ['follow_channel'],
  routes: [`POST ${FOLLOW}/follow`, `POST ${FOLLOW}/unfollow`],
  fixed: { [`POST ${FOLLOW}/follow`]: { follow: true }, [`POST ${FOLLOW}/unfollow`]: { follow: false } },
  input: z.strictObject({
    channel_id: channelIdInput,
    follow: yesNo.default(true).describe('true: follow; false: unfollow. Default true.'),
  }),
  output: z.object({ ok, channel_id: z.string(), follow: z.boolean() }),
  errors: [...CHANGE.errors],
  example: { input: { channel_id: EXAMPLE_CHANNEL, follow: true } },
  brief: {
    text: ({ channel_id, follow }) => `${follow ? 'Follows' : 'No longer follows'} ${channel_id}`,
  },
  async run({ channel_id: chat, follow }, granted) {
    await perform('follow_channel', { chat, follow }, granted)
    return { ok: true as const, channel_id: chat, follow }
  },
})
