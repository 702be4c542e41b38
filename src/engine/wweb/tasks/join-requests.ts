/** People who asked to join a group that admins must approve. */
import type { Jid } from '../../../model/ids.ts'
import type { MemberCode, TaskResult } from '../../../model/task.ts'
import type { Wid } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

export const joinRequests: PageTask<'join_requests'> = {
  ability: 'join_requests',
  run({ group }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inGroup<TaskResult<'join_requests'>>(group, endsAt, async (chat) => {
      if (!tasks.isAdmin(tasks.me(chat))) return { problem: 'not_admin' }
      const found = await tasks.requestsOf(group)
      return {
        gives: tasks.each(found, ({ id, t }) => ({
          person: tasks.best(String(id)) as Jid,
          at: Number(t),
        })),
      }
    })
  },
}

/** One request to the server for each person: one refusal refuses no other. */
export const answerRequests: PageTask<'answer_requests'> = {
  ability: 'join_requests',
  run({ group, approve, members }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const server = {
      async answer(person: Wid): Promise<MemberCode> {
        const { widToUserJid, widToGroupJid } = await tasks.need<JidModule>('WAWebWidToJid')
        const { sendMembershipRequestsActionRPC } = await tasks.need<RequestsModule>(
          'WASmaxGroupsMembershipRequestsActionRPC',
        )
        const { value } = await sendMembershipRequestsActionRPC({
          iqTo: widToGroupJid(tasks.wid(group)),
          [approve ? 'approveArgs' : 'rejectArgs']: {
            participantArgs: [{ participantJid: widToUserJid(person) }],
          },
        })
        const answer = approve ? value.membershipRequestsActionApprove : value.membershipRequestsActionReject
        const [said] = answer?.participant ?? []
        if (!said) {
          const refusal = value.errorMembershipRequestsActionClientErrors ?? value.errorServerErrors
          if (!refusal) return 'unknown'
          return ['401', '403'].includes(String(refusal.value.code)) ? 'not_admin' : 'refused'
        }
        const mixins = approve
          ? said.membershipRequestsActionAcceptParticipantMixins
          : said.membershipRequestsActionRejectParticipantMixins
        // 404: the request is gone. 500: the group is full (ParticipantResourceConstraintError).
        const codes: Record<string, MemberCode> = {
          '200': 'done',
          '401': 'not_admin',
          '403': 'not_admin',
          '404': 'not_member',
          '409': 'already',
          '500': 'full',
        }
        return codes[String(mixins?.value.error ?? 200)] ?? 'refused'
      },
    }
    return tasks.inGroup<TaskResult<'answer_requests'>>(group, endsAt, async (chat) => {
      const waiting = await tasks.inTime(endsAt, tasks.requestsOf(group))
      const codes: MemberCode[] = []
      for (const id of members) {
        const addresses = tasks.addresses(id)
        const request = waiting.find((one) => addresses.includes(String(one.id)))
        if (approve && tasks.member(chat, id)) codes.push('already')
        else if (!tasks.isAdmin(tasks.me(chat))) codes.push('not_admin')
        else if (!request) codes.push('not_member')
        else if (Date.now() >= endsAt) codes.push('unknown')
        else codes.push(await server.answer(tasks.wid(String(request.id))).catch(() => 'unknown' as const))
      }
      const joined = members.filter((_, index) => approve && codes[index] === 'done')
      await tasks.shown(() => joined.every((id) => tasks.member(chat, id) !== undefined))
      return { gives: { codes } }
    })
  },
}

type JidModule = { widToUserJid(wid: Wid): string; widToGroupJid(wid: Wid): string }
type Mixins = { value: { error?: string | number } } | null
type Refused = { value: { code: string | number } }
/** Names of fields as the library reads them (Utils.js, `membershipRequestAction`), and WAWebGroupMembershipRequestsActionJob. */
type Said = {
  membershipRequestsActionAcceptParticipantMixins?: Mixins
  membershipRequestsActionRejectParticipantMixins?: Mixins
}
type RequestsModule = {
  sendMembershipRequestsActionRPC(options: object): Promise<{
    value: {
      membershipRequestsActionApprove?: { participant?: Said[] }
      membershipRequestsActionReject?: { participant?: Said[] }
      errorMembershipRequestsActionClientErrors?: Refused
      errorServerErrors?: Refused
    }
  }>
}
