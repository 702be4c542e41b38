/** Tasks about groups: who is in them, what they allow, and who comes in. */
import { expect } from 'vitest'
import { ids, named, type Task } from '../task.ts'

export const GROUP_TASKS: Task[] = [
  {
    says: 'Add Amara to the hiking group and tell them "Amara joins us"',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Amara' })
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'hiking', kind: ['group'] })
      await agent.toolsetFor('members')
      const added = { group_id: chats[0].id, action: 'add', members: ids(contacts) }
      await agent.call('whatsapp_change_group_members', added)
      await agent.call('whatsapp_send_to_chat', { chat: chats[0].id, message: 'Amara joins us' })
    },
    holds({ group, last, village }) {
      expect(group('Hiking club').members).toContain(village.phones['Amara Okafor'])
      expect(last('Hiking club').body).toBe('Amara joins us')
    },
  },
  {
    says: 'Create a group "Summer party" with Lena Berg, Ben Adler and Mum',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Lena Berg, Ben Adler, Mum' })
      await agent.toolsetFor('create')
      await agent.call('whatsapp_create_group', { name: 'Summer party', members: ids(contacts) })
    },
    holds: ({ group, village: { phones } }) =>
      expect(group('Summer party').members.sort()).toEqual(
        [phones.Mum, phones['Lena Berg'], phones['Ben Adler']].sort(),
      ),
  },
  {
    says: 'Make Ben an admin of the hiking group',
    async solve(agent) {
      const { contacts } = await agent.call('whatsapp_list_contacts', { query: 'Ben' })
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'hiking' })
      await agent.toolsetFor('members')
      const group_id = named<{ id: string; name: string }>(chats, 'Hiking').id
      await agent.call('whatsapp_change_group_members', {
        group_id,
        action: 'promote',
        members: [named<{ id: string; name: string }>(contacts, 'Ben').id],
      })
    },
    holds: ({ group, village }) => expect(group('Hiking club').admins).toContain(village.phones['Ben Adler']),
  },
  {
    says: 'Remove whoever advertises gold in House 7',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', {
        q: 'gold',
        kind: ['group'],
        response_format: 'detailed',
      })
      const [{ author, chat }] = messages
      await agent.toolsetFor('members')
      const removed = { group_id: chat.id, action: 'remove', members: [author] }
      await agent.call('whatsapp_change_group_members', removed)
    },
    holds: ({ group, village }) => {
      expect(group('House 7').members).not.toContain(village.phones['Carl Post'])
      expect(group('House 7').members).toContain(village.phones.Dad)
    },
  },
  {
    says: 'Only admins may write in House 7 from now on; describe it as "Lift, bins, stairs"',
    async solve(agent) {
      await agent.toolsetFor('groups')
      const { groups } = await agent.call('whatsapp_list_groups', { query: 'House 7' })
      const settings = { description: 'Lift, bins, stairs', only_admins_send: true }
      await agent.call('whatsapp_change_group', { group_id: groups[0].id, ...settings })
    },
    holds: ({ group }) =>
      expect(group('House 7')).toMatchObject({ announce: true, description: 'Lift, bins, stairs' }),
  },
  {
    says: 'Send Dr. Weiss the link to the hiking group',
    async solve(agent) {
      await agent.toolsetFor('invites')
      const { groups } = await agent.call('whatsapp_list_groups', { query: 'hiking' })
      const { link } = await agent.call('whatsapp_get_group_invite', { group_id: groups[0].id })
      await agent.call('whatsapp_send_to_chat', { chat: 'Dr. Weiss', message: link })
    },
    holds: ({ last, group }) => expect(last('Dr. Weiss').body).toContain(group('Hiking club').invite),
  },
  {
    says: 'The invite link of the Family group leaked: make it invalid',
    async solve(agent) {
      await agent.toolsetFor('invites')
      const { groups } = await agent.call('whatsapp_list_groups', { query: 'Family' })
      return (await agent.call('whatsapp_reset_group_invite', { group_id: groups[0].id })).link
    },
    holds: ({ group }, told) => expect(told).toBe(`https://chat.whatsapp.com/${group('Family').invite}`),
  },
  {
    says: 'Ben sent a link to a chess group: join it, if it is one',
    async solve(agent) {
      const { messages } = await agent.call('whatsapp_search_messages', { q: 'chess' })
      const [invite] = /https:\S+/.exec(messages[0].snippet) ?? []
      await agent.toolsetFor('invites')
      const { name } = await agent.call('whatsapp_get_invite', { invite })
      if (/chess/i.test(name)) await agent.call('whatsapp_join_group', { invite })
    },
    holds: ({ group }) => expect(group('Chess evening').left).toBeUndefined(),
  },
  {
    says: 'Who wants to join House 7? Let Dr. Weiss in and nobody else',
    async solve(agent) {
      await agent.toolsetFor('requests')
      const { groups } = await agent.call('whatsapp_list_groups', { query: 'House 7' })
      const group_id = groups[0].id
      const { requests } = await agent.call('whatsapp_list_join_requests', { group_id })
      const doctor = named<{ id: string; name: string }>(requests, 'Dr. Weiss')
      const others = requests.filter(({ id }: { id: string }) => id !== doctor.id)
      const answer = (action: string, members: string[]) =>
        agent.call('whatsapp_answer_join_requests', { group_id, action, members })
      await answer('approve', [doctor.id])
      await answer('reject', ids(others))
    },
    holds({ group, village }) {
      expect(group('House 7').members).toContain(village.phones['Dr. Weiss'])
      expect(group('House 7').members).not.toContain(village.phones['Express Delivery'])
      expect(group('House 7').requests).toBeUndefined()
    },
  },
  {
    says: 'Leave the school outing and delete its chat',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'school outing' })
      await agent.toolsetFor('leave')
      await agent.call('whatsapp_leave_group', { group_id: chats[0].id })
      await agent.call('whatsapp_enable_toolset', { toolset: 'chats' })
      await agent.call('whatsapp_delete_chat', { chat_id: chats[0].id })
    },
    holds({ group, harness: { world } }) {
      expect(group('School outing').left).toBe(true)
      expect(world.chats().some(({ name }) => name === 'School outing')).toBe(false)
    },
  },
  {
    says: 'Who left the choir lately?',
    async solve(agent) {
      const { chats } = await agent.call('whatsapp_list_chats', { query: 'choir' })
      await agent.toolsetFor('groups')
      const { members } = await agent.call('whatsapp_list_group_members', { group_id: chats[0].id })
      return members
        .filter(({ until_at }: { until_at?: string }) => until_at !== undefined)
        .map(({ name }: { name: string }) => name)
    },
    holds: (_, told) => expect(told).toEqual(['Carl Post']),
  },
  {
    says: 'Of which groups am I an admin?',
    async solve(agent) {
      await agent.toolsetFor('groups')
      const { groups } = await agent.call('whatsapp_list_groups', { limit: 100 })
      return groups
        .filter(({ role }: { role: string }) => role === 'admin')
        .map(({ name }: { name: string }) => name)
    },
    holds: ({ harness: { world } }, told) => {
      const { account, groups } = world.state()
      const own = groups.filter(({ admins, left }) => !left && admins?.includes(account.phone))
      expect(told).toEqual(expect.arrayContaining(own.map(({ subject }) => subject)))
    },
  },
]
