/** Operations on groups: create, change, leave. */
import { z } from 'zod'
import { fromCursor, toCursor } from '../cursor.ts'
import { AppError, fail } from '../errors.ts'
import { counted } from '../model/counted.ts'
import { clearedByEmpty, withUsualValue, writtenByPeople } from '../model/fields.ts'
import { createMatcher, fold } from '../model/fold.ts'
import { toJid } from '../model/ids.ts'
import type { GroupChange, GroupChanges, GroupFacts } from '../model/task.ts'
import { toIsoSecond } from '../model/times.ts'
import { facts, indented, lines, named, pageLines, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { cursor, whole, yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { following, nextCursor, ok } from './reading.ts'
import { isVisibleTo } from './seen.ts'
import {
  demandSome,
  distinct,
  EXAMPLE_GROUP,
  EXAMPLE_GROUP_TO_LEAVE,
  GROUP_CHANGE,
  GROUP_LOOK,
  groupIdInput,
  inviteLink,
  linkOrNone,
  MemberResult,
  membersInput,
  perform,
  resultLines,
  reworded,
  TASK_MS,
  toResults,
} from './tasks.ts'

const nameInput = z.string().trim().min(1).max(100).describe('Name of the group, 1 to 100 characters.')

/** WhatsApp's own choices (WAWebEphemeralConstants). */
const LIFETIMES = [0, 86_400, 604_800, 7_776_000]

const settings = {
  description: clearedByEmpty(z.string().trim().max(2_048))
    .optional()
    .describe('Description, at most 2048 characters; "" removes it.'),
  only_admins_send: yesNo.optional().describe('true: only admins may write.'),
  only_admins_edit: yesNo.optional().describe('true: only admins may change name, description and picture.'),
  only_admins_add: yesNo.optional().describe('true: only admins may add members.'),
  approve_members: yesNo.optional().describe('true: an admin must approve who joins by the invite link.'),
  disappearing_s: whole(0, 7_776_000)
    .refine((seconds) => LIFETIMES.includes(Number(seconds)), 'must be 0, 86400, 604800 or 7776000')
    .optional()
    .describe('Lifetime of new messages in seconds: 86400, 604800, 7776000, or 0 for ever.')
    .meta({ enum: LIFETIMES }),
}
type Settings = { [Name in keyof typeof settings]?: z.output<(typeof settings)[Name]> } & {
  name?: string | undefined
}

/** Our names of the changes, in the order in which they are made. */
const CHANGES: Record<GroupChange, keyof Settings> = {
  name: 'name',
  description: 'description',
  onlyAdminsSend: 'only_admins_send',
  onlyAdminsEdit: 'only_admins_edit',
  onlyAdminsAdd: 'only_admins_add',
  approveMembers: 'approve_members',
  disappearingS: 'disappearing_s',
}
const toChanges = (given: Settings): GroupChanges =>
  Object.fromEntries(
    Object.entries(CHANGES).flatMap(([change, field]) =>
      given[field] === undefined ? [] : [[change, given[field]]],
    ),
  )
const toFields = (changes: readonly GroupChange[]): string[] => changes.map((change) => CHANGES[change])

const Group = z.object({
  id: z.string(),
  name: writtenByPeople(z.string()),
  description: writtenByPeople(z.string().nullable()),
  members: z.int().describe('Number of members, this account included.'),
  role: z.enum(['admin', 'member', 'none']).describe('What this account is in the group; none: it left.'),
  created_at: z.string().nullable().describe('ISO 8601 UTC; null if it is not known.'),
  only_admins_send: z.boolean(),
  only_admins_edit: z.boolean(),
  only_admins_add: z.boolean(),
  approve_members: z.boolean(),
  disappearing_s: withUsualValue(z.int().describe('Lifetime of new messages in seconds; 0: for ever.'), 0),
})
type Group = z.infer<typeof Group>

function toGroup({ group: id, createdAt, ...facts }: GroupFacts): Group {
  const { name, description, members, role } = facts
  return {
    id,
    name,
    description,
    members,
    role,
    created_at: createdAt === null ? null : toIsoSecond(createdAt),
    only_admins_send: facts.onlyAdminsSend,
    only_admins_edit: facts.onlyAdminsEdit,
    only_admins_add: facts.onlyAdminsAdd,
    approve_members: facts.approveMembers,
    disappearing_s: facts.disappearingS,
  }
}

function groupLines(group: Group): string[] {
  const { description, members, role, created_at, disappearing_s } = group
  return [
    named(group),
    ...indented(
      [
        description === null ? '' : `Description: ${quoted(description)}`,
        facts({
          members,
          'this account': role,
          created: created_at,
          'only admins write': group.only_admins_send,
          'only admins edit': group.only_admins_edit,
          'only admins add': group.only_admins_add,
          'admins approve': group.approve_members,
          'messages disappear after seconds': disappearing_s === 0 ? undefined : disappearing_s,
        }),
      ].filter(Boolean),
    ),
  ]
}

/** The most groups without members that one list asks WhatsApp about, and the time for that. Groups that the account left never have any. */
const MOST_ASKED = 5
const ASK_MS = 2_000

/** Asks for the members of a group without any: on some starts they arrive late, and this account would not seem to be in it. */
async function withMembers(group: Group, granted: Grant<'read', 'ready'>, endsAtMs: number): Promise<Group> {
  const leftMs = endsAtMs - granted.clock.now()
  if (leftMs <= 0) return group
  try {
    const [found] = await perform('read_groups', { group: toJid(group.id) }, granted, leftMs)
    return found === undefined ? group : toGroup(found)
  } catch (error) {
    // The list has the group all the same, as WhatsApp Web has it.
    if (error instanceof AppError) return group
    throw error
  }
}

export const listGroups = defineOperation({
  ...GROUP_LOOK,
  name: 'list_groups',
  title: 'List groups',
  description:
    'Lists the groups of this account with their settings, by name, as WhatsApp Web has them now. role says whether this account is an admin. For their messages and without a connection, use {{list_chats}} with kind group.',
  effect: 'read',
  scope: 'read',
  uses: ['read_groups'],
  routes: ['GET /api/groups'],
  input: z.strictObject({
    query: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .optional()
      .describe('Any part of the name. Several words must all match; commas separate alternatives.'),
    limit: whole(1, 100).default(20).describe('Maximum number of groups, 1 to 100. Default 20.'),
    cursor,
  }),
  output: z.object({ ok, count: z.int(), groups: z.array(Group), next_cursor: nextCursor }),
  example: { input: { limit: 20 } },
  brief: {
    sizes: { limit: 'groups' },
    text: ({ count, groups, ...page }) =>
      lines(counted(count, 'group'), groups.flatMap(groupLines), pageLines(page)),
  },
  async run({ query, limit, cursor }, granted) {
    const last = fromCursor('groups', cursor, GroupPlace)
    const latestMs = granted.clock.now() + TASK_MS
    const all = (await perform('read_groups', { group: null }, granted)).map(toGroup)
    const found = all.filter(({ id }) => isVisibleTo(toJid(id), granted))
    const matches = query === undefined ? () => true : createMatcher(query)
    const fits = ({ name }: Group) => matches(fold(name), '')
    const matching = found.filter(fits).sort(byName)
    const rest = last === null ? matching : matching.filter((group) => byName(group, last) > 0)
    const endsAtMs = Math.min(latestMs, granted.clock.now() + ASK_MS)
    const groups = rest.slice(0, limit)
    const empty = groups.filter(({ members }) => members === 0).slice(0, MOST_ASKED)
    for (const one of empty) groups[groups.indexOf(one)] = await withMembers(one, granted, endsAtMs)
    const end = rest.length > limit ? groups.at(-1) : undefined
    const next = end === undefined ? null : toCursor('groups', { name: end.name, id: end.id })
    return { ok: true as const, count: groups.length, groups, ...following(next) }
  },
})

/** The place of a group in the list. It stays valid when its group is gone. */
const GroupPlace = z.object({ name: z.string(), id: z.string() })

function byName(one: z.infer<typeof GroupPlace>, other: z.infer<typeof GroupPlace>): number {
  return one.name.localeCompare(other.name) || one.id.localeCompare(other.id)
}

export const getGroup = defineOperation({
  ...GROUP_LOOK,
  name: 'get_group',
  title: 'One group',
  description:
    'Returns the description and the settings of a group as WhatsApp Web has them now, the number of its members, and whether this account is an admin. For the members by name, use {{get_chat}}.',
  effect: 'read',
  scope: 'read',
  uses: ['read_groups'],
  routes: ['GET /api/groups/{group_id}'],
  input: z.strictObject({ group_id: groupIdInput }),
  output: z.object({ ok, group: Group }),
  example: { input: { group_id: EXAMPLE_GROUP } },
  brief: { text: ({ group }) => lines(groupLines(group)) },
  async run({ group_id: group }, granted) {
    const [found = fail('chat_not_found')] = await perform('read_groups', { group }, granted)
    return { ok: true as const, group: toGroup(found) }
  },
})

const UNSEEN = {
  detail:
    'The key sees only the chats that its owner listed, so it would not see the new group. Nothing was created.',
  hint: 'Tell the user. The owner decides which chats a key sees: PATCH /api/keys/{key_id} with `chats`.',
}

export const createGroup = defineOperation({
  ...GROUP_CHANGE,
  name: 'create_group',
  title: 'Create a group',
  description:
    'Creates a group with this account as its admin, and returns its id and one result for each person: added, invite_only (with a link that you can offer), not_on_whatsapp, and so on. Invites are not sent automatically. Settings are made after the group exists: settings_error says if one was refused. Create groups only with people whom the user named.',
  effect: 'write',
  uses: ['create_group', 'change_group'],
  routes: ['POST /api/groups'],
  status: 201,
  input: z.strictObject({ name: nameInput, members: membersInput, ...settings }),
  output: z.object({
    ok,
    group_id: z.string(),
    name: writtenByPeople(z.string()),
    results: z.array(MemberResult),
    invite: inviteLink,
    settings_error: z
      .object({ code: z.string(), detail: z.string(), changed: z.array(z.string()) })
      .optional()
      .describe('Why the settings were not all made, and those that were. The group exists.'),
  }),
  example: { input: { name: 'Book club', members: ['+1 555 123 4567'], description: 'Every first Monday' } },
  brief: {
    text: ({ group_id, name, results, invite, settings_error }) =>
      lines(
        `Created ${quoted(name)} [${group_id}]`,
        resultLines(results),
        invite && `Invite: ${invite}`,
        settings_error &&
          `Settings: ${settings_error.code}. ${settings_error.detail} ${facts({ changed: settings_error.changed.join(' ') })}`,
      ),
  },
  async run({ name, members, ...given }, granted) {
    if (!granted.seesNew) fail('recipient_not_allowed', UNSEEN)
    const endsAtMs = granted.clock.now() + TASK_MS
    const { group, codes, invite } = await perform(
      'create_group',
      { name, members: distinct(members) },
      granted,
    )
    const created = {
      ok: true as const,
      group_id: group,
      name,
      results: toResults(members, codes),
      ...linkOrNone(invite),
    }
    const changes = toChanges(given)
    if (Object.keys(changes).length === 0) return created
    try {
      // The group is new: the lists of the caller cannot have it.
      await perform(
        'change_group',
        { group, changes, isNew: true },
        { ...granted, demandVisible: async () => {} },
        endsAtMs - granted.clock.now(),
      )
      return created
    } catch (error) {
      const { code, message: detail, facts } = reworded(error, CHANGES)
      const changed = Array.isArray(facts.changed) ? facts.changed.map(String) : []
      return { ...created, settings_error: { code, detail, changed } }
    }
  },
})

export const changeGroup = defineOperation({
  ...GROUP_CHANGE,
  name: 'change_group',
  title: 'Change a group',
  description:
    'Changes the name, the description or settings of a group: only the given fields, one after the other. Everyone in the group sees it. If WhatsApp refuses one, the error names in changed what was changed before. Who may change what depends on the group: not_admin says that this account may not.',
  effect: 'write',
  uses: ['change_group'],
  routes: ['PATCH /api/groups/{group_id}'],
  repeatable: true,
  input: z.strictObject({ group_id: groupIdInput, name: nameInput.optional(), ...settings }),
  output: z.object({
    ok,
    group_id: z.string(),
    changed: z.array(z.string()).describe('The fields that were set.'),
  }),
  example: { input: { group_id: EXAMPLE_GROUP, description: 'Every first Monday', only_admins_edit: true } },
  brief: {
    text: ({ group_id, changed }) =>
      `Changed ${counted(changed.length, 'field')} of ${group_id}: ${changed.join(', ')}`,
  },
  async run({ group_id: group, ...given }, granted) {
    demandSome(given, Object.values(CHANGES).join(', '))
    const changes = toChanges(given)
    const { changed } = await perform('change_group', { group, changes }, granted).catch((error) => {
      throw reworded(error, CHANGES)
    })
    return { ok: true as const, group_id: group, changed: toFields(changed) }
  },
})

export const leaveGroup = defineOperation({
  ...GROUP_CHANGE,
  name: 'leave_group',
  title: 'Leave a group',
  description:
    'Leaves a group: this account gets no more of its messages, and only an admin or an invite brings it back. Its admins see it. The chat and its archive stay. Leave only if the user asks for it.',
  effect: 'destroy',
  uses: ['leave_group'],
  routes: ['POST /api/groups/{group_id}/leave'],
  input: z.strictObject({ group_id: groupIdInput }),
  output: z.object({ ok, group_id: z.string() }),
  example: { input: { group_id: EXAMPLE_GROUP_TO_LEAVE } },
  brief: { text: ({ group_id }) => `Left ${group_id}` },
  async run({ group_id: group }, granted) {
    await perform('leave_group', { group }, granted)
    return { ok: true as const, group_id: group }
  },
})
