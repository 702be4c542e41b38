/** Tasks, each with a definite outcome: done, refused, or reported as unknown. */
import { type Clock, DeadlineError, withDeadline } from '../../clock.ts'
import { type ErrorCode, type FailOptions, fail } from '../../errors.ts'
import type { Ability } from '../../model/ability.ts'
import type { TaskInput, TaskKind } from '../../model/task.ts'
import type { Performed } from '../engine.ts'
import { isPageGone } from './acting.ts'
import { NOT_BEGUN } from './page-tasks.ts'
import type { ReadingClient } from './reading.ts'
import { blockPerson, readBlocked } from './tasks/block-person.ts'
import { changeGroup } from './tasks/change-group.ts'
import { changeMembers } from './tasks/change-members.ts'
import { followChannel, readChannels } from './tasks/channels.ts'
import { changeChat, deleteChat, readChat, showState } from './tasks/chats.ts'
import { createGroup } from './tasks/create-group.ts'
import { groupInvite, joinGroup, readInvite } from './tasks/invites.ts'
import { answerRequests, joinRequests } from './tasks/join-requests.ts'
import { readLabels, setLabels } from './tasks/labels.ts'
import { leaveGroup } from './tasks/leave-group.ts'
import { readPicture, setPicture } from './tasks/pictures.ts'
import { changeProfile, readPresence, readProfile, showPresence } from './tasks/profile.ts'
import { readGroups } from './tasks/read-groups.ts'
import { rejectCall } from './tasks/reject-call.ts'
import { deleteStatus, postStatus } from './tasks/status.ts'
import type { PageTask, TaskDone, TaskProblem } from './tasks/task.ts'
import type { Translator } from './translator.ts'

const TASKS: { [K in TaskKind]: PageTask<K> } = {
  create_group: createGroup,
  read_groups: readGroups,
  change_group: changeGroup,
  change_members: changeMembers,
  leave_group: leaveGroup,
  group_invite: groupInvite,
  read_invite: readInvite,
  join_group: joinGroup,
  join_requests: joinRequests,
  answer_requests: answerRequests,
  change_chat: changeChat,
  read_chat: readChat,
  show_state: showState,
  delete_chat: deleteChat,
  block_person: blockPerson,
  read_blocked: readBlocked,
  read_profile: readProfile,
  change_profile: changeProfile,
  show_presence: showPresence,
  read_presence: readPresence,
  read_picture: readPicture,
  set_picture: setPicture,
  reject_call: rejectCall,
  read_channels: readChannels,
  follow_channel: followChannel,
  read_labels: readLabels,
  set_labels: setLabels,
  post_status: postStatus,
  delete_status: deleteStatus,
}

/** Tasks that change nothing: a late one is a timeout, not an unknown outcome. */
const LOOKS = new Set<TaskKind>([
  'read_groups',
  'read_invite',
  'join_requests',
  'read_blocked',
  'read_profile',
  'read_presence',
  'read_channels',
  'read_labels',
  'read_picture',
])

/** Returns the ability that this task uses. */
export const abilityOfTask = (kind: TaskKind): Ability => TASKS[kind].ability

export type Performing = {
  /** See `Engine.perform`. */
  perform<K extends TaskKind>(kind: K, takes: TaskInput<K>, limitMs: number): Promise<Performed<K>>
}

export function createPerforming(client: ReadingClient, translator: Translator, clock: Clock): Performing {
  return {
    async perform<K extends TaskKind>(kind: K, takes: TaskInput<K>, limitMs: number) {
      const page = client.pupPage ?? fail('not_connected', { retryAfterS: 5 })
      const run = TASKS[kind].run as (...given: unknown[]) => Promise<TaskDone<K>>
      const asked = page.evaluate(run, takes, Date.now() + limitMs) as Promise<TaskDone<K>>
      const done = await withDeadline(clock, 'Waiting for WhatsApp', limitMs, asked).catch((error) => {
        // A `group_invite` without `reset` only reads.
        const isLook = LOOKS.has(kind) || Reflect.get(Object(takes), 'reset') === false
        if (error instanceof DeadlineError || isPageGone(error))
          return fail(isLook ? 'whatsapp_timeout' : 'outcome_unknown', { cause: error })
        // A function of WhatsApp Web may reject although the change has left for the server.
        return fail(isLook || NOT_BEGUN.test(String(error)) ? 'whatsapp_error' : 'outcome_unknown', {
          cause: error,
        })
      })
      if (done.problem === undefined)
        return {
          result: translator.result(kind, done.gives),
          chat: done.chat && translator.chat(done.chat),
        }
      const { code, ...options } = PROBLEMS[done.problem]
      return fail(code, { ...options, ...(done.partly?.length ? { facts: { changed: done.partly } } : {}) })
    },
  }
}

const PROBLEMS: Record<TaskProblem, { code: ErrorCode } & FailOptions> = {
  missing: { code: 'chat_not_found', detail: 'WhatsApp Web has no such chat.' },
  nobody: { code: 'not_on_whatsapp' },
  is_member: {
    code: 'change_refused',
    detail: 'This account is in the group.',
    hint: 'Leave the group first.',
  },
  own_number: {
    code: 'change_refused',
    detail: 'This is this account itself. Nothing was changed.',
    hint: 'Use the number of another person.',
  },
  own_membership: {
    code: 'change_refused',
    detail: 'One of the members is this account itself. Nothing was changed.',
    hint: 'Name only other people. To leave the group: POST /api/groups/{group_id}/leave.',
  },
  open: { code: 'outcome_unknown' },
  not_member: { code: 'not_member' },
  not_admin: { code: 'not_admin' },
  no_invite: { code: 'invite_not_found' },
  no_label: {
    code: 'change_refused',
    detail: 'The account has no such label. Nothing was changed.',
    hint: 'List the labels, and use their ids.',
  },
  not_business: { code: 'not_supported_by_account' },
  full: { code: 'change_refused', detail: 'The group is full.' },
  too_many: {
    code: 'change_refused',
    detail: 'WhatsApp limits how many such changes an account makes.',
    hint: 'Wait some hours, then try again with fewer people.',
  },
  refused: { code: 'change_refused' },
  failed: { code: 'whatsapp_error', detail: "WhatsApp's server did not accept the change." },
  bad_picture: {
    code: 'media_refused',
    detail: 'The picture cannot be read, or its size is not between 192 × 192 pixels and 100 megapixels.',
    hint: 'Nothing was changed. Use a JPEG, PNG or WebP.',
  },
  not_said: {
    code: 'whatsapp_error',
    detail: 'WhatsApp does not return this picture now. It limits how often an account may ask.',
  },
  no_call: { code: 'call_not_found' },
  unread: {
    code: 'change_refused',
    detail: 'The chat has unread messages. It stays unread until they are read.',
    hint: 'If the senders may see that they were read, use POST /api/chats/{chat_id}/read.',
  },
  not_here: {
    code: 'not_supported_by_whatsapp_web',
    detail:
      'This page of WhatsApp Web does not support calls, so it cannot reject one. The call still rings.',
  },
  not_begun: { code: 'whatsapp_timeout', detail: 'WhatsApp Web did not begin in time. Nothing was changed.' },
}
