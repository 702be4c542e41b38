/** The invite of a group, and groups by their invites. The modules load on demand (wwebjs#201916, wa-js#3653). */
import type { Jid } from '../../../model/ids.ts'
import type { TaskResult } from '../../../model/task.ts'
import type { Wid } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

export const groupInvite: PageTask<'group_invite'> = {
  ability: 'group_invite',
  run({ group, reset }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inGroup<TaskResult<'group_invite'>>(group, endsAt, async () => {
      if (!reset) return { gives: await tasks.inviteOf(group) }
      const { resetGroupInviteCode } = await tasks.needOf<ResetModule>('resetGroupInviteCode', [
        'WAWebGroupInviteJob',
        'WAWebGroupQueryJob',
      ])
      return { gives: (await resetGroupInviteCode(tasks.wid(group))).code }
    })
  },
}

export const readInvite: PageTask<'read_invite'> = {
  ability: 'join_group',
  run({ invite }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<TaskResult<'read_invite'>>(endsAt, async () => {
      const found = await tasks.invited(invite)
      if (found === null) return { problem: 'no_invite' }
      return {
        gives: {
          group: String(found.id) as Jid,
          name: tasks.words(found.subject),
          description: tasks.words(found.desc),
          members: Number(found.size ?? found.participants?.length ?? 0),
          approves: Boolean(found.membershipApprovalMode),
        },
      }
    })
  },
}

/** Newer builds need to know whether an admin must approve (wa-js#3654), others ignore it. */
export const joinGroup: PageTask<'join_group'> = {
  ability: 'join_group',
  run({ invite }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<TaskResult<'join_group'>>(endsAt, async () => {
      const found = await tasks.inTime(endsAt, tasks.invited(invite))
      if (found === null) return { problem: 'no_invite' }
      const group = String(found.id)
      const here = {
        isIn(): boolean {
          const chat = window.whatsappMcpRows.findChat(group)
          return chat !== undefined && tasks.me(chat) !== undefined
        },
      }
      const waits = Boolean(found.membershipApprovalMode)
      if (here.isIn()) return { gives: { group: group as Jid, waits: false }, group }
      const { joinGroupViaInvite } = await tasks.need<InviteModule>('WAWebGroupInviteJob')
      try {
        await joinGroupViaInvite(invite, waits)
      } catch (error) {
        const status = tasks.statusOf(error)
        if (status === null) throw error
        if ([404, 406, 410].includes(status)) return { problem: 'no_invite' }
        // 409: joined, or asked for, before. 401 and 403: an admin removed this account.
        if (status !== 409) return { problem: status < 404 ? 'refused' : tasks.problemOf(status) }
      }
      if (!waits) await tasks.shown(here.isIn)
      return { gives: { group: group as Jid, waits: waits && !here.isIn() }, group }
    })
  },
}

type ResetModule = { resetGroupInviteCode(group: Wid): Promise<{ code: string }> }
type InviteModule = {
  joinGroupViaInvite(code: string, approves: boolean): Promise<{ gid?: Wid }>
}
