/** Operations on the own profile, and on who is online. */
import { z } from 'zod'
import { clearedByEmpty, writtenByPeople } from '../model/fields.ts'
import { PROFILE_FIELDS } from '../model/task.ts'
import { toIsoSecond } from '../model/times.ts'
import { facts, lines, quoted } from './brief.ts'
import { contactIdInput, yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok } from './reading.ts'
import { ASKING_ERRORS, CHANGE, demandSome, perform } from './tasks.ts'

const LOOK = {
  tag: 'profile',
  toolset: 'people',
  needs: 'ready',
  scope: 'read',
  effect: 'read',
  limitMs: 30_000,
  errors: ASKING_ERRORS,
} as const
const SET = { ...CHANGE, tag: 'profile', toolset: 'people', scope: 'manage', effect: 'write' } as const

export const getProfile = defineOperation({
  ...LOOK,
  name: 'get_profile',
  title: 'The own profile',
  description:
    'Returns the name and the about text of this account as other people see them. For its number and the state of the link, use {{get_status}}.',
  uses: ['read_profile'],
  routes: ['GET /api/profile'],
  input: z.strictObject({}),
  output: z.object({
    ok,
    profile: z.object({ name: writtenByPeople(z.string()), about: writtenByPeople(z.string().nullable()) }),
  }),
  errors: [...LOOK.errors],
  example: { input: {} },
  brief: {
    text: ({ profile: { name, about } }) =>
      lines(`Name: ${quoted(name)}`, about !== null && `About: ${quoted(about)}`),
  },
  async run(_, granted) {
    return { ok: true as const, profile: await perform('read_profile', {}, granted) }
  },
})

export const changeProfile = defineOperation({
  ...SET,
  name: 'change_profile',
  title: 'Change the own profile',
  description:
    'Changes the name or the about text of this account: only the given fields. Everyone who has the number sees it. WhatsApp Web cannot change the name of a business account. Change it only if the user asks for it.',
  repeatable: true,
  uses: ['change_profile'],
  routes: ['PATCH /api/profile'],
  input: z.strictObject({
    name: z.string().trim().min(1).max(25).optional().describe('The name, 1 to 25 characters.'),
    about: clearedByEmpty(z.string().trim().max(139))
      .optional()
      .describe('The about text, at most 139 characters; "" removes it.'),
  }),
  output: z.object({ ok, changed: z.array(z.enum(PROFILE_FIELDS)).describe('The fields that were set.') }),
  errors: [...SET.errors],
  example: { input: { about: 'At the mountains until Monday' } },
  brief: { text: ({ changed }) => `Changed the profile: ${changed.join(', ')}` },
  async run({ name, about }, granted) {
    demandSome({ name, about }, PROFILE_FIELDS.join(', '))
    return { ok: true as const, ...(await perform('change_profile', { name, about }, granted)) }
  },
})

export const setPresence = defineOperation({
  ...SET,
  name: 'set_presence',
  title: 'Show this account as online',
  description:
    'Shows this account as online (available: true), or not. While it is online, the phone may show no notifications. WhatsApp ends it by itself after some time. To show that it types in a chat, use {{set_chat_presence}}.',
  repeatable: true,
  uses: ['show_presence'],
  routes: ['PUT /api/profile/presence'],
  input: z.strictObject({ available: yesNo.describe('true: online; false: not.') }),
  output: z.object({ ok, available: z.boolean() }),
  errors: [...SET.errors],
  example: { input: { available: true } },
  brief: { text: ({ available }) => `This account is ${available ? '' : 'not '}shown as online` },
  async run({ available }, granted) {
    await perform('show_presence', { available }, granted)
    return { ok: true as const, available }
  },
})

export const getPresence = defineOperation({
  ...LOOK,
  name: 'get_presence',
  title: 'Whether a person is online',
  description:
    'Returns whether a person with a direct chat is online now, and when they were last. online is null if WhatsApp does not say: the person hides it, or this account is not shown as online itself ({{set_presence}}).',
  tag: 'contacts',
  uses: ['read_presence'],
  routes: ['GET /api/contacts/{contact_id}/presence'],
  input: z.strictObject({ contact_id: contactIdInput }),
  output: z.object({
    ok,
    contact_id: z.string(),
    online: z.boolean().nullable().describe('null: WhatsApp does not say.'),
    last_seen_at: z.string().nullable().describe('ISO 8601 UTC; null: hidden, or not known.'),
  }),
  errors: [...LOOK.errors, 'chat_not_found'],
  example: { input: { contact_id: '15551234567' } },
  brief: {
    text: ({ contact_id, online, last_seen_at }) =>
      `${contact_id}: ${facts({ online: online ?? 'not known', 'last seen': last_seen_at })}`,
  },
  async run({ contact_id: person }, granted) {
    const { online, lastSeenAt } = await perform('read_presence', { person }, granted)
    return {
      ok: true as const,
      contact_id: person,
      online,
      last_seen_at: lastSeenAt === null ? null : toIsoSecond(lastSeenAt),
    }
  },
})
