/** Operations on invites: the link of a group, and groups by their links. */
import { z } from 'zod'
import { writtenByPeople } from '../model/fields.ts'
import { facts, lines, named, quoted } from './brief.ts'
import { defineOperation } from './operation.ts'
import { ok } from './reading.ts'
import {
  EXAMPLE_GROUP,
  GROUP_CHANGE,
  GROUP_LOOK,
  groupIdInput,
  inviteInput,
  perform,
  TASK_MS,
  toLink,
} from './tasks.ts'

const GroupLink = z.object({
  ok,
  group_id: z.string(),
  link: z.string().describe('Anyone who has it can join, or ask to join.'),
})
/** An invite of the documentation's examples. */
const EXAMPLE_INVITE = 'https://chat.whatsapp.com/Sc7h00lTr1pT0TheM1llS2'

export const getGroupInvite = defineOperation({
  ...GROUP_LOOK,
  scope: 'read',
  name: 'get_group_invite',
  title: 'Invite link of a group',
  description:
    'Returns the invite link of a group. Anyone who has it can join (or ask to, if admins approve new members), so share it only with people whom the user named. Usually only admins see it.',
  effect: 'read',
  uses: ['group_invite'],
  routes: ['GET /api/groups/{group_id}/invite'],
  input: z.strictObject({ group_id: groupIdInput }),
  output: GroupLink,
  example: { input: { group_id: EXAMPLE_GROUP } },
  brief: { text: ({ group_id, link }) => `Invite of ${group_id}: ${link}` },
  async run({ group_id: group }, granted) {
    const code = await perform('group_invite', { group, reset: false }, granted)
    return { ok: true as const, group_id: group, link: toLink(code) }
  },
})

export const resetGroupInvite = defineOperation({
  ...GROUP_CHANGE,
  name: 'reset_group_invite',
  title: 'Reset the invite link of a group',
  description:
    'Replaces the invite link of a group: the former link is invalid from then on, wherever it was shared. Returns the new link. Only for admins of the group.',
  effect: 'destroy',
  uses: ['group_invite'],
  routes: ['POST /api/groups/{group_id}/invite/reset'],
  input: z.strictObject({ group_id: groupIdInput }),
  output: GroupLink,
  example: { input: { group_id: EXAMPLE_GROUP } },
  brief: { text: ({ group_id, link }) => `New invite of ${group_id}: ${link}` },
  async run({ group_id: group }, granted) {
    const code = await perform('group_invite', { group, reset: true }, granted)
    return { ok: true as const, group_id: group, link: toLink(code) }
  },
})

export const getInvite = defineOperation({
  ...GROUP_LOOK,
  name: 'get_invite',
  title: 'What an invite is',
  description:
    'Tells which group an invite link leads to: its name, description and size, and whether an admin must approve who joins. Does not join: for that, use {{join_group}}.',
  effect: 'read',
  scope: 'read',
  uses: ['join_group'],
  routes: ['GET /api/invites/{invite}'],
  input: z.strictObject({ invite: inviteInput }),
  output: z.object({
    ok,
    group_id: z.string(),
    name: writtenByPeople(z.string()),
    description: writtenByPeople(z.string().nullable()),
    members: z.int(),
    approve_members: z.boolean().describe('True if an admin must approve who joins.'),
  }),
  errors: [...GROUP_LOOK.errors, 'invite_not_found'],
  example: { input: { invite: EXAMPLE_INVITE } },
  brief: {
    text: ({ group_id, name, description, members, approve_members }) =>
      lines(
        named({ id: group_id, name }),
        description && quoted(description),
        facts({ members, 'an admin must approve': approve_members }),
      ),
  },
  async run({ invite }, granted) {
    const found = await perform('read_invite', { invite }, granted)
    granted.demandSeen(found.group)
    return {
      ok: true as const,
      group_id: found.group,
      name: found.name,
      description: found.description,
      members: found.members,
      approve_members: found.approves,
    }
  },
})

export const joinGroup = defineOperation({
  ...GROUP_CHANGE,
  name: 'join_group',
  title: 'Join a group',
  description:
    'Joins a group by its invite link. state is "joined", or "waits_for_approval" if an admin must approve it first. The members of the group see this account then. Read the invite first with {{get_invite}}, and join only if the user asks for it.',
  effect: 'write',
  uses: ['join_group'],
  routes: ['POST /api/invites/{invite}/join'],
  repeatable: true,
  input: z.strictObject({ invite: inviteInput }),
  output: z.object({ ok, group_id: z.string(), state: z.enum(['joined', 'waits_for_approval']) }),
  errors: [...GROUP_CHANGE.errors, 'invite_not_found'],
  example: { input: { invite: EXAMPLE_INVITE } },
  brief: { text: ({ group_id, state }) => `${state}: ${group_id}` },
  async run({ invite }, granted) {
    const endsAtMs = granted.clock.now() + TASK_MS
    if (!granted.seesAll) granted.demandSeen((await perform('read_invite', { invite }, granted)).group)
    const { group, waits } = await perform('join_group', { invite }, granted, endsAtMs - granted.clock.now())
    return {
      ok: true as const,
      group_id: group,
      state: waits ? ('waits_for_approval' as const) : ('joined' as const),
    }
  },
})
