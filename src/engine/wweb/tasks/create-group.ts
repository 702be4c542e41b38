/** Creates a group. */
import type { Jid } from '../../../model/ids.ts'
import type { MemberCode, TaskResult } from '../../../model/task.ts'
import type { Wid } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/**
 * The module loads on demand (wa-js#3668). Without `findImpl` the library throws if a person can only be invited, after
 * the group was created (OpenWA 29.6.2); here nobody is invited.
 */
export const createGroup: PageTask<'create_group'> = {
  ability: 'create_group',
  run({ name, members }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<TaskResult<'create_group'>>(endsAt, async () => {
      // Whoever creates a group is in it.
      const others = members.filter((id) => !tasks.isMe(id))
      const found = new Map(
        await Promise.all(others.map(async (id) => [id, await tasks.lookUp(id, endsAt)] as const)),
      )
      const people = tasks.people([...found.values()])
      const { createGroup: create } = await tasks.need<CreateModule>('WAWebGroupCreateJob')
      const group = await create(
        {
          addressingModeOverride: 'lid',
          memberAddMode: false,
          membershipApprovalMode: false,
          announce: false,
          restrict: false,
          ephemeralDuration: 0,
          title: name,
        },
        people.map((wid) => (wid.server === 'lid' ? { lid: wid } : { phoneNumber: wid })),
      )
      const verdicts = group.participants.map(({ wid, error }) => ({ wid, code: error ?? 200 }))
      const codes = tasks.codesFor(members, verdicts)
      const results = members.map((id, index): MemberCode => {
        const wid = found.get(id)
        if (wid === undefined) return 'already'
        return wid === null ? 'not_on_whatsapp' : (codes[index] ?? 'unknown')
      })
      const id = String(group.wid)
      await tasks.shown(() => window.whatsappMcpRows.findChat(id) !== undefined)
      const invite = results.includes('invite_only') ? await tasks.inviteOf(id).catch(() => null) : null
      return { gives: { group: id as Jid, codes: results, invite }, group: id }
    })
  },
}

type CreateModule = {
  createGroup(
    options: object,
    people: ({ lid: Wid } | { phoneNumber: Wid })[],
  ): Promise<{ wid: Wid; participants: { wid: Wid; error?: string | number }[] }>
}
