/** What rows share that do a task on WhatsApp. */
import { z } from 'zod'
import { AppError, type ErrorCode, fail, toAppError } from '../errors.ts'
import { isGroup, type Jid, readAddress } from '../model/ids.ts'
import {
  MEMBER_CODES,
  type MemberCode,
  type TaskInput,
  type TaskKind,
  type TaskResult,
} from '../model/task.ts'
import { facts } from './brief.ts'
import type { Grant } from './door.ts'
import { contactIdInput } from './inputs.ts'
import { READING_ERRORS } from './reading.ts'
import { ledTo } from './seen.ts'

/** The time for a task. A change may take 30 s. The last second is reserved for the response. */
export const TASK_MS = 29_000
/** A lookup of a person begins only if so much of that time is left. It takes up to 10 s. */
const AFTER_LOOKUPS_MS = 19_000
/** The most people of one request. */
const MOST_MEMBERS = 50

/** The errors of a row that asks WhatsApp. */
export const ASKING_ERRORS = [
  ...READING_ERRORS,
  'not_connected',
  'logout_in_progress',
  'shutting_down',
  'whatsapp_error',
  'not_supported_by_whatsapp_web',
  'whatsapp_timeout',
] as const satisfies ErrorCode[]

/** The fields that rows share that change something on WhatsApp. */
export const CHANGE = {
  needs: 'ready',
  limitMs: 30_000,
  lateCode: 'outcome_unknown',
  errors: [
    ...ASKING_ERRORS,
    'chat_not_found',
    'change_refused',
    'recipient_not_allowed',
    'outcome_unknown',
  ] satisfies ErrorCode[],
} as const

/** The fields that rows share that look something up about groups. */
export const GROUP_LOOK = {
  tag: 'groups',
  needs: 'ready',
  toolset: 'groups',
  limitMs: 30_000,
  errors: [
    ...ASKING_ERRORS,
    'chat_not_found',
    'not_member',
    'not_admin',
    'change_refused',
  ] satisfies ErrorCode[],
} as const

/** The fields that rows share that change groups. */
export const GROUP_CHANGE = {
  ...GROUP_LOOK,
  scope: 'manage',
  lateCode: 'outcome_unknown',
  errors: [...GROUP_LOOK.errors, 'recipient_not_allowed', 'outcome_unknown'] satisfies ErrorCode[],
} as const

/** A group of the documentation's examples. */
export const EXAMPLE_GROUP = '120363041234567890@g.us'
/** In the sandbox: a group that the examples leave, and then delete. */
export const EXAMPLE_GROUP_TO_LEAVE = '120363041234567891@g.us'

/** Parses to the {@link Jid} of a group. */
export const groupIdInput = z
  .string()
  .max(128)
  .transform((text, context): Jid => {
    const address = readAddress(text)
    if (address !== null && isGroup(address)) return address
    context.addIssue(
      'must be the id of a group such as 120363000000000000@g.us; GET /api/chats?kind=group&query=… finds it by name',
    )
    return z.NEVER
  })
  .describe(`Id of the group, for example "${EXAMPLE_GROUP}".`)

/** People, as they were asked for. */
export const membersInput = z
  .array(contactIdInput)
  .min(1)
  .max(MOST_MEMBERS)
  .describe(`The people, 1 to ${MOST_MEMBERS}: phone numbers with country code, or ids.`)

/** What each code means, for the person who asked. */
const DETAILS: Record<MemberCode, string> = {
  done: 'WhatsApp has done it.',
  already: 'It was so before.',
  invite_only: 'This person can only be invited: send the link of `invite`, if the user wants it.',
  not_member: 'This person is not in the group, or has not asked to join.',
  not_on_whatsapp: 'This number is not on WhatsApp.',
  full: 'The group is full.',
  left_recently: 'This person left the group recently and cannot be added yet.',
  not_admin:
    'Only admins can do this, and this account is none. If members may propose people here, an admin now decides.',
  refused: 'WhatsApp does not allow it with this person.',
  unknown: 'WhatsApp did not say: read the group again.',
}

/** The outcome for one person. */
export const MemberResult = z.object({
  member: z.string().describe('The person, as a JID.'),
  ok: z.boolean().describe('True if it is now as asked for.'),
  code: z.enum(MEMBER_CODES),
  detail: z.string(),
})
export type MemberResult = z.infer<typeof MemberResult>

/** The link of an invite; omitted if nobody needs it. */
export const inviteLink = z
  .string()
  .optional()
  .describe('Link that lets people join, for those who can only be invited. Nothing was sent to them.')

/** Each once: WhatsApp is asked for each person once. */
export const distinct = (members: readonly Jid[]): Jid[] => [...new Set(members)]

/** Returns one result for each person, as they were asked for. `codes`: of the {@link distinct} ones, in order. */
export function toResults(members: readonly Jid[], codes: readonly MemberCode[]): MemberResult[] {
  const known = new Map(distinct(members).map((member, index) => [member, codes[index]]))
  return members.map((member) => {
    const code = known.get(member) ?? 'unknown'
    return { member, ok: code === 'done' || code === 'already', code, detail: DETAILS[code] }
  })
}

/** Returns the results as lines of text. */
export const resultLines = (results: readonly MemberResult[]): string[] =>
  results.map(
    ({ member, ok, code, detail }) =>
      `${member}: ${ok ? 'yes' : 'no'}, ${facts({ [code]: true })}. ${detail}`,
  )

/** Returns the link of the invite with this code. */
export const toLink = (code: string): string => `https://chat.whatsapp.com/${code}`
/** Returns the field `invite`, or nothing if there is no invite. */
export const linkOrNone = (code: string | null) => (code === null ? {} : { invite: toLink(code) })

/** Parses a link, or its last part, to the code of an invite. */
export const inviteInput = z
  .string()
  .trim()
  .max(200)
  .transform((text, context) => {
    const [, code] =
      /^(?:https?:\/\/chat\.whatsapp\.com\/(?:invite\/)?)?([\w-]{10,40})(?:[/?#].*)?$/.exec(text) ?? []
    if (code !== undefined) return code
    context.addIssue('must be an invite link such as https://chat.whatsapp.com/…, or its last part')
    return z.NEVER
  })
  .describe(
    'Invite link of a group, or its last part, for example "https://chat.whatsapp.com/ABCdefGHIjkl12345".',
  )

type Performer = Pick<Grant<'manage', 'ready'>, 'engine' | 'demandVisible' | 'reader' | 'clock'> &
  Partial<Pick<Grant<'manage', 'ready'>, 'note'>>

/**
 * Does a task, and stores what it changed before it returns. Fails as `Engine.perform`, with `chat_not_found` if the
 * caller does not see the chat, the group or the person that it is about, and with `whatsapp_timeout` if looking people up takes
 * so long that the task is not begun.
 * @param limitMs the time for all of it, at most the default
 */
export async function perform<K extends TaskKind>(
  kind: K,
  takes: TaskInput<K>,
  { engine, note, demandVisible, reader, clock }: Performer,
  limitMs = TASK_MS,
): Promise<TaskResult<K>> {
  const endsAtMs = clock.now() + limitMs
  for (const name of ['group', 'chat', 'person']) {
    const about: Jid | null | undefined = Reflect.get(Object(takes), name)
    if (about) await demandVisible(about)
  }
  // Who is brought into a group is reached by it, as by a message.
  const {
    person,
    members = [],
    action,
  }: { person?: Jid; members?: readonly Jid[]; action?: string } = Object(takes)
  for (const one of kind === 'create_group' || action === 'add' ? members : []) {
    if (endsAtMs - clock.now() < AFTER_LOOKUPS_MS) fail('whatsapp_timeout', SLOW_LOOKUPS)
    await demandVisible(one)
  }
  // After the checks: they look numbers up, so the archive now knows whose they are, and they see the address as it was given.
  const exact = {
    ...takes,
    ...(person === undefined ? {} : { person: await exactly(person, reader) }),
    ...(members.length === 0
      ? {}
      : { members: await Promise.all(members.map((one) => exactly(one, reader))) }),
  }
  const leftMs = endsAtMs - clock.now()
  if (leftMs <= 0) fail('whatsapp_timeout', NOT_BEGUN)
  const { result, chat } = await engine.perform(kind, exact, { limitMs: leftMs })
  if (chat !== null) note?.({ type: 'chats', chats: [chat] })
  return result
}

/** As {@link ledTo}. If the archive cannot be read, returns the address as it is: the task does not need the archive. */
async function exactly(one: Jid, reader: Performer['reader']): Promise<Jid> {
  try {
    return await ledTo(one, reader)
  } catch (error) {
    if (error instanceof AppError) return one
    throw error
  }
}

const NOT_BEGUN = { detail: 'The time was up before WhatsApp Web was asked. Nothing was changed.' }
const SLOW_LOOKUPS = {
  detail: 'WhatsApp did not say in time who the people are. Nothing was changed.',
  hint: 'Repeat the request: whom WhatsApp has named is known then. Or name fewer people.',
}

/** Returns the error. The fields in its `changed` get the names of the request. @param names those of the request, by those of the task */
export function reworded(error: unknown, names: Readonly<Record<string, string>>): AppError {
  const known = toAppError(error)
  const { changed } = known.facts
  if (!Array.isArray(changed)) return known
  const { code, message: detail, hint, cause } = known
  const fields = changed.map((one) => names[String(one)] ?? String(one))
  return new AppError(code, { detail, hint, cause, facts: { ...known.facts, changed: fields } })
}

/** Fails with `invalid_input` if nothing of this is given. */
export function demandSome(fields: object, names: string): void {
  if (Object.values(fields).every((value) => value === undefined))
    fail('invalid_input', { detail: `At least one of ${names} is required.` })
}
