/** Tasks about people, the own profile, channels and status updates. */
import { expect } from 'vitest'
import { named, type Task } from '../task.ts'

export const PEOPLE_TASKS: Task[] = [
  {
    says: 'Block whoever asks for my bank account',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', {
        q: 'bank account',
        kind: ['direct'],
      })
      await agent.toolsetFor('block')
      await agent.call('whatsapp_block_contact', { contact_id: messages[0].chat.id })
    },
    holds: ({ person }) => expect(person('Prize Team').blocked).toBe(true),
  },
  {
    says: 'Unblock everybody whom I have blocked',
    async solve(agent) {
      await agent.toolsetFor('block')
      const { blocked } = await agent.call('whatsapp_list_blocked')
      for (const { id } of blocked)
        await agent.call('whatsapp_block_contact', { contact_id: id, blocked: false })
    },
    holds: ({ harness: { world } }) =>
      expect(world.state().contacts.filter(({ blocked }) => blocked)).toEqual([]),
  },
  {
    says: 'Are +1 555 000 4001 and +1 555 999 0001 on WhatsApp?',
    async solve(agent) {
      await agent.toolsetFor('look numbers up')
      const phone_numbers = ['+1 555 000 4001', '+1 555 999 0001']
      const { results } = await agent.call('whatsapp_check_numbers', { phone_numbers })
      return results.map(({ on_whatsapp = false }: { on_whatsapp?: boolean }) => on_whatsapp)
    },
    holds: (_, told) => expect(told).toEqual([true, false]),
  },
  {
    says: 'Set my about text to "Away until Monday"',
    async solve(agent) {
      await agent.toolsetFor('own profile')
      await agent.call('whatsapp_change_profile', { about: 'Away until Monday' })
    },
    holds: ({ harness: { world } }) => expect(world.state().account.about).toBe('Away until Monday'),
  },
  {
    says: 'Which groups do Lena Berg and I share?',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Lena' })
      await agent.toolsetFor('one person')
      const { common_groups } = await agent.call('whatsapp_get_contact', { contact_id: contacts[0].id })
      return common_groups.map(({ name }: { name: string }) => name)
    },
    holds: (_, told) => expect(told).toEqual(expect.arrayContaining(['Hiking club', 'Family'])),
  },
  {
    says: 'Is Ben online?',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Ben' })
      await agent.toolsetFor('online')
      const { id } = named<{ id: string; name: string }>(contacts, 'Ben')
      // The description says so: who is not online does not see who is.
      await agent.call('whatsapp_set_presence', { available: true })
      return (await agent.call('whatsapp_get_presence', { contact_id: id })).online
    },
    holds: (_, told) => expect(told).toBe(true),
  },
  {
    says: 'What did City news post last?',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'City news', kind: ['channel'] })
      const read = { chat_id: chats[0].id, response_format: 'concise' }
      return (await agent.call('whatsapp_read_messages', read)).messages.at(-1).body
    },
    holds: (_, told) => expect(told).toBe('The bridge is closed'),
  },
  {
    says: 'Stop following the channel Bargains',
    async solve(agent) {
      await agent.toolsetFor('channels')
      const { channels } = await agent.call('whatsapp_list_channels')
      const { id } = named<{ id: string; name: string }>(channels, 'Bargains')
      await agent.call('whatsapp_follow_channel', { channel_id: id, follow: false })
    },
    holds: ({ harness: { world } }) =>
      expect(world.state().channels.find(({ name }) => name === 'Bargains')?.foreign).toBe(true),
  },
  {
    says: 'Announce "New lamps are here" in my channel Lamp workshop',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'Lamp workshop', kind: ['channel'] })
      await agent.call('whatsapp_send_to_chat', { chat: chats[0].id, message: 'New lamps are here' })
    },
    holds: ({ message }) => expect(message('New lamps are here').chat).toContain('@newsletter'),
  },
  {
    says: 'Post "Closed on Monday" as my status, and delete the one that says that the shop is open',
    async solve(agent) {
      await agent.toolsetFor('status updates')
      await agent.call('whatsapp_post_status_update', { message: 'Closed on Monday' })
      const { status_updates } = await agent.call('whatsapp_list_status_updates')
      const old = status_updates.find(({ body }: { body: string }) => body === 'The shop is open')
      await agent.call('whatsapp_delete_status_update', { message_id: old.id })
    },
    holds({ message, harness: { world } }) {
      expect(message('Closed on Monday').chat).toBe('status@broadcast')
      expect(
        world.messages({ chat: 'status@broadcast' }).some(({ body }) => body === 'The shop is open'),
      ).toBe(false)
    },
  },
]
