/** The verbs about chats: how the phone lists, marks, moves and deletes them, and channels. */
import type { World } from '../../simulator.ts'
import type { WorldChat } from '../../world-types.ts'
import type { Account, Chat } from '../accounts.ts'
import { findPerson } from '../addresses.ts'
import { actInGroup } from '../groups.ts'
import { changeChat, emptyChat, removeChat, tellPeople } from '../messages.ts'
import { migrateChat } from '../migration.ts'
import { tell } from '../telling.ts'
import { toWireChat } from '../wire-forms.ts'
import { copyOf, type Reach } from './reach.ts'

type ChatVerbs = Pick<
  World,
  | 'chats'
  | 'archiveChat'
  | 'pinChat'
  | 'muteChat'
  | 'markUnread'
  | 'readChat'
  | 'deleteChat'
  | 'openChat'
  | 'setDisappearing'
  | 'migrateChat'
  | 'addChannel'
  | 'addLabel'
  | 'setLabels'
>

/** See {@link World}. */
export function chatVerbs({ context, account, chatId, person }: Reach): ChatVerbs {
  const change = async (address: string, changes: Partial<Chat>): Promise<void> => {
    const id = chatId(address)
    if (!account().chats.has(id)) throw new Error(`There is no chat ${id}.`)
    changeChat(context, account(), id, changes)
  }
  return {
    chats: () =>
      account()
        .chats.values()
        .filter((chat) => !chat.id.endsWith('@newsletter'))
        .map((chat) => toWorldChat(account(), chat))
        .sort((a, b) => b.pinned - a.pinned || b.t - a.t),
    archiveChat: ({ chat, archived }) => change(chat, archived ? { archived, pinned: 0 } : { archived }),
    pinChat: ({ chat, pinned }) => change(chat, { pinned: pinned ? context.clock.now() : 0 }),
    muteChat: ({ chat, until }) => change(chat, { muteExpiration: until }),
    markUnread: ({ chat }) => change(chat, { unreadCount: -1 }),
    readChat: ({ chat }) => change(chat, { unreadCount: 0 }),
    async deleteChat({ chat }) {
      const id = chatId(chat)
      if (!account().chats.has(id)) throw new Error(`There is no chat ${id}.`)
      removeChat(context, account(), id)
    },
    async openChat({ chat }) {
      const id = chatId(chat)
      if (account().chats.has(id)) return
      const other = findPerson(account(), id)
      if (other) tellPeople(context, account(), [other])
      const opened = emptyChat(id, context.clock.now())
      account().chats.set(id, opened)
      tell(context, account(), (device) => ({ push: 'chat', chat: toWireChat(account(), device, opened) }))
    },
    async setDisappearing({ chat, seconds, by = 'me' }) {
      const id = chatId(chat)
      await change(id, { ephemeralDuration: seconds, ephemeralSettingTimestamp: context.clock.now() })
      if (id.endsWith('@g.us')) {
        actInGroup(context, account(), {
          group: id,
          subtype: 'ephemeral',
          by,
          free: true,
          body: String(seconds),
          change: () => ({}),
        })
      }
    },
    migrateChat: async ({ phone }) => copyOf(migrateChat(context, account(), person(phone))),
    async addChannel({ name, description = '', own, admins, foreign }) {
      const id = `120363${context.random.text(12, '0123456789')}@newsletter`
      const channel = {
        id,
        name,
        description,
        ...(own ? { own, admins: admins ?? [] } : {}),
        ...(foreign ? { foreign } : {}),
      }
      account().channels.set(id, channel)
      if (!foreign) tell(context, account(), () => ({ push: 'channel', channel }))
      return { ...channel }
    },
    addLabel({ name, color = 0 }) {
      const label = { id: String(account().labels.size + 1), name, color }
      account().labels.set(label.id, label)
      tell(context, account(), () => ({ push: 'label', label }))
      return label
    },
    setLabels: ({ chat, labels }) => change(chat, { labels }),
  }
}

function toWorldChat(account: Account, chat: Chat): WorldChat {
  const { id, t, unreadCount, archived, pinned, muteExpiration, ephemeralDuration = 0, labels = [] } = chat
  const last = account.messages.last(id)
  const contact = findPerson(account, id)
  return {
    id,
    name:
      account.groups.get(id)?.subject ??
      account.channels.get(id)?.name ??
      contact?.name ??
      (contact?.pushname || id),
    t,
    unreadCount,
    archived,
    pinned,
    muteExpiration,
    ephemeralDuration,
    labels: [...labels],
    messageCount: account.messages.count(id),
    last: last ? copyOf(last) : null,
  }
}
