/** Operations on what needs attention: unread chats, and chats that wait for a reply. */
import { z } from 'zod'
import { ChatAlone } from '../model/chat.ts'
import { counted } from '../model/counted.ts'
import { Message } from '../model/message.ts'
import { chatLine, facts, indented, lines, messageLine, pageLines } from './brief.ts'
import { cursor, limit, whole, yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { following, nextCursor, ok, READING_ERRORS, staleness, staleSince } from './reading.ts'

const withMuted = yesNo.default(false).describe('Include muted chats. Default false.')
const withArchived = yesNo.default(false).describe('Include archived chats. Default false.')

const UnreadChat = ChatAlone.extend({
  unread_messages: z
    .array(Message)
    .describe('The newest unread messages, oldest first. Empty if the chat is only marked as unread.'),
})

export const listUnread = defineOperation({
  name: 'list_unread',
  title: 'Unread messages',
  tag: 'chats',
  description:
    'Lists what is new: chats with unread messages or marked as unread, latest activity first, each with its newest unread messages. Covers direct chats and groups. Muted and archived chats are excluded by default (include_muted, include_archived); left_out counts them. The messages stay unread on WhatsApp. For more of one chat, use {{read_messages}}. For chats that wait for a reply, read or unread, use {{list_waiting}}.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  routes: ['GET /api/unread'],
  input: z.strictObject({
    limit: limit(20),
    cursor,
    messages_per_chat: whole(0, 50)
      .default(5)
      .describe('Number of newest unread messages for each chat, 0 to 50. Default 5.'),
    include_muted: withMuted,
    include_archived: withArchived,
  }),
  output: z.object({
    ok,
    count: z.int().describe('Chats on this page.'),
    total_chats: z.int().describe('Unread chats on all pages together.'),
    total_unread: z.int().describe('Unread messages in these chats.'),
    left_out: z
      .object({ muted: z.int(), archived: z.int() })
      .describe('Number of unread chats that are excluded because they are muted or archived.'),
    chats: z.array(UnreadChat),
    next_cursor: nextCursor,
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS],
  example: { input: { limit: 20, messages_per_chat: 5 } },
  brief: {
    sizes: { limit: 'chats', messages_per_chat: 'unread_messages' },
    text: ({ count, total_chats, total_unread, left_out, chats, ...page }) =>
      lines(
        `${count} of ${total_chats} unread chats. Unread messages in all: ${total_unread}`,
        `Left out: ${facts(left_out)}`,
        chats.flatMap((chat) => [chatLine(chat), ...indented(chat.unread_messages.map(messageLine))]),
        pageLines(page),
      ),
  },
  async run({ limit, cursor, messages_per_chat, include_muted, include_archived }, { reader, staleSince }) {
    const page = await reader().listUnread(
      {
        kinds: ['direct', 'group', 'other'],
        muted: include_muted,
        archived: include_archived,
        perChat: messages_per_chat,
      },
      { limit, cursor },
    )
    return {
      ok: true as const,
      count: page.items.length,
      total_chats: page.chats,
      total_unread: page.messages,
      left_out: page.leftOut,
      chats: page.items,
      ...following(page.next),
      ...staleness(staleSince),
    }
  },
})

const WaitingChat = ChatAlone.extend({
  waiting: z.object({
    since_at: z
      .string()
      .describe("Time of their first message after this account's last one, within days; ISO 8601 UTC."),
    seconds: z.int().describe('Seconds since then.'),
    messages: z.int().describe('Number of messages that they wrote since then. message is the last one.'),
    message: Message,
  }),
})

export const listWaiting = defineOperation({
  name: 'list_waiting',
  title: 'Chats that wait for a reply',
  tag: 'chats',
  description:
    'Lists chats that wait for a reply from this account: the last message is theirs. Latest activity first, each with that message and the waiting time. A reaction of this account to that message, or a returned call, counts as a reply; their calls, reactions and deleted messages do not count as messages. By default direct chats of the last 14 days that are neither muted nor archived (include_groups, days, include_muted, include_archived). Not every last message needs a reply: read it first. For what is new, use {{list_unread}}.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  routes: ['GET /api/waiting'],
  input: z.strictObject({
    limit: limit(20),
    cursor,
    days: whole(1, 3650).default(14).describe('Only last messages of this many days, 1 to 3650. Default 14.'),
    include_groups: yesNo.default(false).describe('Include groups. Default false.'),
    include_muted: withMuted,
    include_archived: withArchived,
  }),
  output: z.object({
    ok,
    count: z.int().describe('Chats on this page.'),
    chats: z.array(WaitingChat),
    next_cursor: nextCursor,
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS],
  example: { input: { days: 14 } },
  brief: {
    sizes: { limit: 'chats' },
    text: ({ count, chats, ...page }) =>
      lines(
        counted(count, 'chat waits for a reply', 'chats wait for a reply'),
        chats.flatMap(({ waiting, ...chat }) => [
          chatLine(chat),
          ...indented([
            `waiting ${facts({ since: waiting.since_at, seconds: waiting.seconds, messages: waiting.messages })}`,
            messageLine(waiting.message),
          ]),
        ]),
        pageLines(page),
      ),
  },
  async run(
    { limit, cursor, days, include_groups, include_muted, include_archived },
    { reader, staleSince },
  ) {
    const { items, next } = await reader().listWaiting(
      {
        kinds: include_groups ? ['direct', 'group'] : ['direct'],
        muted: include_muted,
        archived: include_archived,
        days,
      },
      { limit, cursor },
    )
    return {
      ok: true as const,
      count: items.length,
      chats: items,
      ...following(next),
      ...staleness(staleSince),
    }
  },
})
