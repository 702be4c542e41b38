/** Tasks about messages: finding, answering, changing, forwarding, polls. */
import { expect } from 'vitest'
import { isoOf, nextMonday, type Task } from '../task.ts'

export const MESSAGE_TASKS: Task[] = [
  {
    says: 'Where is the café that Lena Berg told me about?',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'café' })
      return messages[0].snippet
    },
    holds: (_, told) => expect(told).toContain('12 Harbour Street'),
  },
  {
    says: 'Who wrote to me and has no answer yet, groups included?',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_waiting', { include_groups: true, limit: 50 })
      return chats.map(({ name }: { name: string }) => name)
    },
    holds: (_, told) =>
      expect(told).toEqual(expect.arrayContaining(['Mum', 'Prize Team', 'Family', 'House 7', 'Nadia Rossi'])),
  },
  {
    says: 'Tell Mum "I will fetch the scarf on Sunday"',
    solve: (agent) =>
      agent.call('whatsapp_send_to_chat', { chat: 'Mum', message: 'I will fetch the scarf on Sunday' }),
    holds: ({ last }) => expect(last('Mum').body).toBe('I will fetch the scarf on Sunday'),
  },
  {
    says: 'Answer the question about the tent with "Yes, please"',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'tent' })
      const [{ id, chat }] = messages
      await agent.call('whatsapp_send_to_chat', { chat: chat.id, message: 'Yes, please', reply_to: id })
    },
    holds: ({ message }) => expect(message('Yes, please').quoted).toBe(message('Shall I bring the tent?').id),
  },
  {
    says: 'Give the message about my grey scarf a ❤️',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'grey scarf' })
      await agent.call('whatsapp_react', { message_id: messages[0].id, emoji: '❤️' })
    },
    holds: ({ message }) =>
      expect(message('I found your grey scarf').reactions).toMatchObject([{ emoji: '❤️' }]),
  },
  {
    says: 'Write "Meeting at seven" to the Hiking club, and notify everybody',
    solve: (agent) =>
      agent.call('whatsapp_send_to_chat', {
        chat: 'Hiking club',
        message: 'Meeting at seven',
        mentions: 'all',
      }),
    holds: ({ message }) => expect(message('Meeting at seven').mentions).toHaveLength(3),
  },
  {
    says: 'Wish Dad "Happy birthday" on Monday morning at eight',
    async solve(agent) {
      const sent = { chat: 'Dad', message: 'Happy birthday', send_at: isoOf(nextMonday()) }
      return (await agent.call('whatsapp_send_to_chat', sent)).item.state
    },
    async holds({ harness }, told) {
      expect(told).toBe('scheduled')
      const { items } = (await harness.get('/api/outbox?state=scheduled')).json
      expect(items).toMatchObject([{ preview: 'Happy birthday', chat: { name: 'Dad' } }])
      expect(Date.parse(items[0].release_at) / 1_000).toBe(nextMonday())
    },
  },
  {
    says: 'Get me the file with the plan of the roof',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', {
        q: 'plan roof',
        type: ['document'],
      })
      const { url } = await agent.call('whatsapp_download_media', { message_id: messages[0].id })
      return (await (await fetch(url)).arrayBuffer()).byteLength
    },
    holds: (_, told) => expect(told).toBe(2_048),
  },
  {
    says: 'Correct what I just wrote to Lena Berg: "We meet at nine"',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'we meet', from: 'me' })
      await agent.toolsetFor('edit')
      await agent.call('whatsapp_edit_message', { message_id: messages[0].id, message: 'We meet at nine' })
    },
    holds: ({ last }) => expect(last('Lena Berg')).toMatchObject({ body: 'We meet at nine', fromMe: true }),
  },
  {
    says: 'Take back my message to Ben about the 40 euros',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: '40 euros', from: 'me' })
      await agent.toolsetFor('delete, forward')
      await agent.call('whatsapp_delete_message', { message_id: messages[0].id, for: 'everyone' })
    },
    holds: ({ last }) => expect(last('Ben Adler').type).toBe('revoked'),
  },
  {
    says: 'Star the confirmed appointment',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'appointment confirmed' })
      await agent.toolsetFor('star')
      await agent.call('whatsapp_star_message', { message_id: messages[0].id, starred: true })
    },
    holds: ({ message }) => expect(message('Your appointment is confirmed').starred).toBe(true),
  },
  {
    says: 'Pin the packing list for a week',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'packing list' })
      await agent.toolsetFor('forward, pin')
      await agent.call('whatsapp_pin_message', { message_id: messages[0].id, for: '7d' })
    },
    holds: ({ message }) =>
      expect(message('Packing list: rope, water, map').pinned).toMatchObject({ by: expect.any(String) }),
  },
  {
    says: 'Who has not voted on the hut yet?',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'hut' })
      const [{ id, chat }] = messages
      await agent.toolsetFor('polls')
      const { options } = await agent.call('whatsapp_get_poll_results', { message_id: id })
      const { members } = await agent.call('whatsapp_get_chat', { chat_id: chat.id })
      const voters = options.flatMap(({ voters = [] }: { voters?: { id: string }[] }) =>
        voters.map(({ id }) => id),
      )
      return members
        .filter((one: { id: string }) => !voters.includes(one.id))
        .map(({ name }: { name: string }) => name)
    },
    holds: (_, told) => expect(told).toEqual(['Ben Adler', 'Jürgen Müller']),
  },
  {
    says: 'Vote for Sunday in the poll about the day',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'day' })
      const poll = messages.find(({ type }: { type: string }) => type.startsWith('poll'))
      await agent.toolsetFor('vote')
      await agent.call('whatsapp_vote', { message_id: poll.id, options: ['Sunday'] })
    },
    holds: ({ harness: { world } }) => {
      const poll = world.messages().find((one) => one.poll?.name === 'Which day suits everyone?')?.poll
      expect(Object.values(poll?.votes ?? {})).toEqual([[1]])
    },
  },
  {
    says: 'Ask the Family whether they want pizza or pasta, as a poll: "What do we eat?"',
    async solve(agent) {
      await agent.toolsetFor('polls')
      const options = ['pizza', 'pasta']
      await agent.call('whatsapp_send_poll', { chat: 'Family', question: 'What do we eat?', options })
    },
    holds: ({ last }) => expect(last('Family').poll).toMatchObject({ name: 'What do we eat?' }),
  },
  {
    says: 'Who has read my message about the keys?',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'keys', from: 'me' })
      await agent.toolsetFor('who has read')
      const { people } = await agent.call('whatsapp_get_receipts', { message_id: messages[0].id })
      return people
        .filter(({ read_at }: { read_at?: string }) => read_at !== undefined)
        .map(({ name }: { name: string }) => name)
    },
    holds: (_, told) => expect(told).toEqual(['Nadia Rossi']),
  },
  {
    says: 'Send Lena Berg the place of the hut: 47.5, 12.1',
    async solve(agent) {
      await agent.toolsetFor('locations')
      await agent.call('whatsapp_send_location', { chat: 'Lena Berg', latitude: 47.5, longitude: 12.1 })
    },
    holds: ({ last }) => expect(last('Lena Berg').location).toMatchObject({ lat: 47.5, lng: 12.1 }),
  },
  {
    says: 'Give Ben Adler the number of Dr. Weiss',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Weiss' })
      await agent.toolsetFor('contacts')
      await agent.call('whatsapp_send_contacts', { chat: 'Ben Adler', contacts: [contacts[0].id] })
    },
    holds: ({ last }) => expect(JSON.stringify(last('Ben Adler').vcards)).toContain('15550004005'),
  },
  {
    says: 'Forward the packing list to Mum and Dad',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'packing list' })
      await agent.toolsetFor('forward')
      await agent.call('whatsapp_forward_message', { message_id: messages[0].id, chats: ['Mum', 'Dad'] })
    },
    holds: ({ last }) =>
      expect([last('Mum').body, last('Dad').body]).toEqual(Array(2).fill('Packing list: rope, water, map')),
  },
]
