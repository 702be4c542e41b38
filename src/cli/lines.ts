/** What operations return, as lines for people. Text of other people is escaped, so that it cannot control the terminal. */
import type { Chat } from '../model/chat.ts'
import { counted } from '../model/counted.ts'
import type { Event } from '../model/events.ts'
import type { Message } from '../model/message.ts'
import { localTime } from './local-time.ts'
import { readable } from './readable.ts'
import { type ListedRules, rulesText } from './rule-lines.ts'
import { printable } from './terminal.ts'
import {
  type Delivery,
  deliveryText,
  type Outcome,
  outcomeText,
  type Webhook,
  webhookText,
} from './webhook-lines.ts'

/** How an output can be shown. */
export type Shows = keyof typeof LINES

type Options = {
  /** True: ids are shown too. */
  ids: boolean
}

/** Renders an output of an operation. Each expects the output of its operation. */
export const LINES = {
  chats(output: unknown, { ids }: Options): string {
    const { chats, next_cursor: next } = output as { chats: Chat[]; next_cursor?: string }
    const blocks = chats.map((chat) => `${chatLine(chat)}${idOf(chat, ids)}${lastLine(chat)}`)
    return ended(blocks, 'No chats.', next === undefined ? null : `More: --cursor ${printable(next)}`)
  },
  messages(output: unknown, { ids }: Options): string {
    const page = output as {
      messages: Message[]
      gaps?: unknown[]
      next_before?: string
      next_after?: string
    }
    const { messages, gaps = [], next_before: before, next_after: after } = page
    const blocks = messages.map((message) => messageText(message, ids))
    return ended(
      blocks,
      'No messages.',
      gaps.length === 0 ? null : `${counted(gaps.length, 'gap')}: messages are missing in this range.`,
      before === undefined ? null : `Earlier: --before ${printable(before)}`,
      after === undefined ? null : `Later: --after ${printable(after)}`,
    )
  },
  hits(output: unknown, { ids }: Options): string {
    const {
      messages,
      next_cursor: next,
      ...page
    } = output as {
      messages: (Message & { chat: { name: string }; snippet: string })[]
      next_cursor?: string
      indexing?: true
    }
    const blocks = messages.map(({ chat, snippet, ...message }) =>
      messageText({ ...message, body: snippet, chat: chat.name }, ids),
    )
    return ended(
      blocks,
      'Nothing found.',
      page.indexing ? 'Older messages are still being indexed.' : null,
      next === undefined ? null : `More: --cursor ${printable(next)}`,
    )
  },
  webhooks: (output: unknown): string =>
    ended((output as { webhooks: Webhook[] }).webhooks.map(webhookText), 'There are no webhooks.'),
  rules: (output: unknown): string => rulesText(output as ListedRules),
  webhook: (output: unknown): string => webhookText(output as Webhook),
  outcome: (output: unknown): string => outcomeText(output as Outcome),
  deliveries: (output: unknown): string =>
    ended((output as { deliveries: Delivery[] }).deliveries.map(deliveryText), 'There are none.'),
} satisfies Record<string, (output: unknown, options: Options) => string>

/** Renders an event: time, kind and chat, then its message or its data. */
export function eventText({ at, kind, chat, message, data }: Event): string {
  const head = `${localTime(at)}  ${kind}${chat === null ? '' : ` in ${printable(chat.name)}`}`
  if (message !== null)
    return `${head}\n  ${messageText(message, false).trimEnd().replaceAll('\n', '\n  ')}\n`
  const facts = readable(data, '  ')
  return `${head}\n${facts.trim() === '' ? '' : facts}`
}

function chatLine({
  name,
  is_group,
  unread_count: unread,
  archived,
  pinned,
  muted,
  timestamp,
}: Chat): string {
  const facts = [
    unread > 0 && `${unread} unread`,
    is_group && 'group',
    pinned && 'pinned',
    muted && 'muted',
    archived && 'archived',
  ].filter((fact) => fact !== false)
  return `${localTime(timestamp * 1_000)}  ${printable(name)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}\n`
}

function idOf({ id }: { id: string }, ids: boolean): string {
  return ids ? `${INDENT}${printable(id)}\n` : ''
}

function lastLine({ last_message: last }: Chat): string {
  if (last === null) return ''
  const [first = ''] = textOf(last).split('\n')
  return `${INDENT}${authorOf(last)}: ${printable(first)}\n`
}

/** Later lines of a block. */
const INDENT = '    '

function messageText(message: Message & { chat?: string }, ids: boolean): string {
  const [first = '', ...rest] = textOf(message).split('\n').map(printable)
  const { chat, reply_to: quoted, timestamp, edited_at: edited, forwarded, reactions = [] } = message
  const facts = [
    forwarded && 'forwarded',
    edited !== undefined && 'edited',
    reactions.length > 0 && printable(reactions.map(({ emoji }) => emoji).join(' ')),
  ].filter((fact) => typeof fact === 'string')
  const place = chat === undefined ? '' : ` in ${printable(chat)}`
  const head = `${localTime(timestamp * 1_000)}  ${authorOf(message)}${place}: `
  const lines = [
    `${head}${first}`,
    ...rest.map((line) => `${INDENT}${line}`),
    ...(quoted === undefined ? [] : [`${INDENT}> ${printable(quoted.body.split('\n')[0] ?? '')}`]),
    ...(facts.length === 0 ? [] : [`${INDENT}(${facts.join(', ')})`]),
  ]
  return `${lines.join('\n')}\n${idOf(message, ids)}`
}

function authorOf({ from_me: isMine, sender_name: name }: Message): string {
  return isMine ? 'me' : printable(name ?? 'unknown')
}

/** Returns the text of the message, after its kind in brackets if it is not a plain text message. */
function textOf({ type, body, summary }: Message): string {
  const kind = summary ?? (type === 'chat' ? null : type)
  return [kind === null ? '' : `[${kind}]`, body].filter((part) => part !== '').join(' ')
}

function ended(blocks: readonly string[], none: string, ...notes: (string | null)[]): string {
  const said = blocks.length === 0 ? [`${none}\n`] : blocks
  return [...said, ...notes.flatMap((note) => (note === null ? [] : [`${note}\n`]))].join('')
}
