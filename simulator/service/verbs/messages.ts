/** The verbs about messages: writing every type, editing, deleting, reacting, listing them. */
import type { World } from '../../simulator.ts'
import type { MediaType, WorldMedia } from '../../world-types.ts'
import { statusChat } from '../addresses.ts'
import { deliverToAccount } from '../between-accounts.ts'
import {
  editMessage,
  expireMessages,
  keepMessage,
  pinMessage,
  reactToMessage,
  removeMessages,
  revokeMessage,
  starMessage,
} from '../changes.ts'
import { post } from '../content.ts'
import { sessionsOf } from '../context.ts'
import { removeUnaware } from '../links.ts'
import { isMediaType } from '../media.ts'
import { receive, setAck } from '../messages.ts'
import { voteInPoll } from '../polls.ts'
import { copyOf, type Reach } from './reach.ts'

type MessageVerbs = Pick<
  World,
  | 'messages'
  | 'countMessages'
  | 'countInPages'
  | 'write'
  | 'writeFromPhone'
  | 'writeContent'
  | 'writeInChannel'
  | 'writeFromElsewhere'
  | 'writeStatus'
  | 'read'
  | 'edit'
  | 'revoke'
  | 'deleteForMe'
  | 'react'
  | 'keep'
  | 'openMedia'
  | 'expireMedia'
  | 'star'
  | 'receive'
  | 'pinMessage'
  | 'vote'
  | 'moveClock'
>

/** See {@link World}. */
export function messageVerbs({ context, account, chatId, person }: Reach): MessageVerbs {
  /** The phone number of the author in this chat; throws if WhatsApp would not allow the message. */
  const authorIn = (chat: string, address: string): string => {
    const author = person(address)
    const group = account().groups.get(chat)
    const isMine = author.phone === account().info.phone
    const isIn = isMine ? !group?.left : group?.members.includes(author.phone)
    if (group && !isIn) throw new Error(`${address} is not a member of ${chat}.`)
    // Messages of blocked people still arrive in groups.
    if (author.blocked && !group) throw new Error(`${address} is blocked: what it writes does not arrive.`)
    return author.phone
  }

  const mediaOf = (id: string): { type: MediaType; media: WorldMedia } => {
    const { type = '', media } = account().messages.get(id) ?? {}
    if (media && isMediaType(type)) return { type, media }
    throw new Error(`The message ${id} has no media.`)
  }

  return {
    messages(filter) {
      const log = account().messages
      const chat = filter?.chat === undefined ? undefined : chatId(filter.chat)
      const { limit } = filter ?? {}
      if (chat !== undefined && limit !== undefined) return copyOf(log.earlier(chat, null, limit))
      const all = log.all(chat)
      const wanted = limit === undefined ? all : all.slice(-limit)
      // Copied one by one: the structured clone fails for a million messages at once.
      return wanted.map((message) => ({ ...message, deliveredTo: { ...message.deliveredTo } }))
    },
    countMessages: (filter) =>
      account().messages.count(filter?.chat === undefined ? undefined : chatId(filter.chat)),

    countInPages: () =>
      Promise.all(
        sessionsOf(context, account()).map((session) => {
          context.pushed += 1
          const n = context.pushed
          session.send({ push: 'count', n })
          return new Promise<{ messages: number; inChats: number }>((resolve) =>
            context.uncounted.set(n, resolve),
          )
        }),
      ),
    async write({ from, text, chat, t, quote }) {
      const author = person(from)
      if (author.phone === account().info.phone) throw new Error(`No contact ${from}.`)
      const target = chatId(chat ?? author.phone)
      const place = { chat: target, author: authorIn(target, from), t, quote }
      return copyOf(post(context, account(), place, { type: 'chat', text }))
    },
    async writeFromPhone({ chat, text, t }) {
      const target = chatId(chat)
      const place = { chat: target, author: authorIn(target, 'me'), t }
      const message = post(context, account(), place, { type: 'chat', text })
      deliverToAccount(context, account(), message)
      return copyOf(message)
    },
    async writeContent({ from, content, chat, t, quote }) {
      const target = chatId(chat ?? from)
      const place = { chat: target, author: authorIn(target, from), t, quote }
      return copyOf(post(context, account(), place, content))
    },
    async writeInChannel({ channel, content, t }) {
      if (!account().channels.has(channel)) throw new Error(`No channel ${channel}.`)
      return copyOf(post(context, account(), { chat: channel, author: channel, t }, content))
    },
    async writeFromElsewhere({ from, content }) {
      return copyOf(post(context, account(), { chat: from, author: from }, content))
    },
    async writeStatus({ from, content, t }) {
      const place = { chat: statusChat, author: person(from).phone, t }
      return copyOf(post(context, account(), place, content))
    },
    async read({ by }) {
      const id = chatId(by)
      const log = account().messages
      for (const message of log.all(id)) {
        if (message.fromMe && message.ack >= 1 && message.ack < 3) {
          setAck(context, account(), message.id, 3)
        }
      }
    },
    edit: async ({ id, text }) => copyOf(editMessage(context, account(), id, text)),
    revoke: async ({ id, by }) => copyOf(revokeMessage(context, account(), id, by)),
    deleteForMe: async ({ ids }) => removeMessages(context, account(), ids),
    react: async (options) => copyOf(reactToMessage(context, account(), options)),
    keep: async (options) => copyOf(keepMessage(context, account(), options)),
    openMedia({ id }) {
      const { type, media } = mediaOf(id)
      const { bytes, problem } = context.mediaHost.open(type, media)
      return { data: bytes.toString('base64'), problem }
    },
    expireMedia({ id, onPhone = false }) {
      context.mediaHost.expire(mediaOf(id).media, onPhone)
    },
    receive: async (options) => copyOf(receive(context, account(), options)),
    star: async (options) => copyOf(starMessage(context, account(), options)),
    pinMessage: async ({ id, by, seconds }) =>
      copyOf(pinMessage(context, account(), { id, by, seconds: seconds === 0 ? null : seconds })),
    vote: async (options) => copyOf(voteInPoll(context, account(), options)),
    async moveClock({ seconds }) {
      if (!(seconds >= 0)) throw new Error('The clock goes forward only.')
      context.clock.move(seconds)
      for (const one of context.accounts.all()) {
        expireMessages(context, one)
        removeUnaware(context, one)
      }
      context.changed()
    },
  }
}
