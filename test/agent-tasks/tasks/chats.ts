/** Tasks about the list of chats. */
import { expect } from 'vitest'
import { ids, isoOf, nextMonday, type Task } from '../task.ts'

export const CHAT_TASKS: Task[] = [
  {
    says: 'Mute everything but family until Monday',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { limit: 100 })
      const others = chats.filter(({ name }: { name: string }) => !/family|mum|dad/i.test(name))
      await agent.toolsetFor('mute')
      const muted_until = isoOf(nextMonday())
      await agent.call('whatsapp_change_chats', { chat_ids: ids(others), muted_until })
    },
    holds({ harness: { world } }) {
      const loud = world.chats().filter(({ muteExpiration }) => muteExpiration !== nextMonday())
      expect(loud.map(({ name }) => name).sort()).toEqual(['Dad', 'Family', 'Mum'])
    },
  },
  {
    says: 'Archive all chats in which nobody has written for a month',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { limit: 100 })
      const month = Date.now() / 1_000 - 30 * 86_400
      const quiet = chats.filter(({ timestamp }: { timestamp: number }) => timestamp < month)
      await agent.toolsetFor('archive a chat')
      await agent.call('whatsapp_change_chats', { chat_ids: ids(quiet), archived: true })
    },
    holds: ({ chat }) => {
      expect(chat('Express Delivery').archived).toBe(true)
      expect(chat('Mum').archived).toBe(false)
    },
  },
  {
    says: 'Let me hear the Hiking club and House 7 again',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'Hiking club, House 7' })
      await agent.toolsetFor('mute')
      await agent.call('whatsapp_change_chats', { chat_ids: ids(chats), muted_until: 'off' })
    },
    holds: ({ chat }) =>
      expect(['Hiking club', 'House 7', 'Choir'].map((name) => chat(name).muteExpiration)).toEqual([
        0,
        0,
        nextMonday(),
      ]),
  },
  {
    says: 'Mark House 7 as read',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'House 7' })
      await agent.toolsetFor('mark as read')
      await agent.call('whatsapp_read_chat', { chat_id: chats[0].id })
    },
    holds: ({ chat }) => expect(chat('House 7').unreadCount).toBe(0),
  },
  {
    says: 'Pin Mum to the top',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Mum' })
      await agent.toolsetFor('archive a chat')
      await agent.call('whatsapp_change_chat', { chat_id: contacts[0].id, pinned: true })
    },
    holds: ({ chat }) => expect(chat('Mum').pinned).toBeGreaterThan(0),
  },
  {
    says: 'Mark the chat with Dr. Weiss as unread, so that I see it tomorrow',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Weiss' })
      await agent.toolsetFor('mark as')
      await agent.call('whatsapp_change_chat', { chat_id: contacts[0].id, unread: true })
    },
    holds: ({ chat }) => expect(chat('Dr. Weiss').unreadCount).not.toBe(0),
  },
  {
    says: 'Delete the chat with the delivery service',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'delivery' })
      await agent.toolsetFor('typing, delete')
      await agent.call('whatsapp_delete_chat', { chat_id: chats[0].id })
    },
    holds: ({ harness: { world } }) =>
      expect(world.chats().map(({ name }) => name)).not.toContain('Express Delivery'),
  },
  {
    says: 'Label the person who wants to order two lamps as Customer',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'order two lamps' })
      await agent.toolsetFor('labels')
      const { labels } = await agent.call('whatsapp_list_labels')
      const label = labels.find(({ name }: { name: string }) => name === 'Customer')
      await agent.call('whatsapp_set_chat_labels', { chat_id: messages[0].chat.id, labels: [label.id] })
    },
    holds: ({ chat, village }) => expect(chat('Nadia Rossi').labels).toEqual([village.labels.customer]),
  },
]
