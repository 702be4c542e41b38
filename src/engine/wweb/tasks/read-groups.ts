/** What WhatsApp Web knows of groups, from its memory. */
import type { Jid } from '../../../model/ids.ts'
import type { GroupFacts, TaskResult } from '../../../model/task.ts'
import type { ChatModel } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/** All groups with a chat; those that the account left too. */
export const readGroups: PageTask<'read_groups'> = {
  ability: 'read_groups',
  run({ group }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const rows = window.whatsappMcpRows
    const read = {
      facts(chat: ChatModel): GroupFacts {
        const { groupMetadata: data = {} as NonNullable<ChatModel['groupMetadata']> } = chat
        const me = tasks.me(chat)
        const members = data.participants?.getModelsArray() ?? []
        return {
          group: String(chat.id) as Jid,
          name: tasks.words(chat.name, data.subject),
          description: tasks.words(data.desc),
          members: members.length,
          role: me === undefined ? 'none' : tasks.isAdmin(me) ? 'admin' : 'member',
          createdAt: Number(data.creation),
          onlyAdminsSend: Boolean(data.announce),
          onlyAdminsEdit: Boolean(data.restrict),
          // The mode by its name, or as the number that it was set to.
          onlyAdminsAdd: data.memberAddMode === 'admin_add' || data.memberAddMode === 0,
          approveMembers: Boolean(data.membershipApprovalMode),
          disappearingS: Number(chat.ephemeralDuration ?? data.ephemeralDuration ?? 0),
        }
      },
    }
    return tasks.run<TaskResult<'read_groups'>>(endsAt, async () => {
      if (group !== null) {
        const chat = rows.findChat(group)
        if (!chat?.groupMetadata) return { problem: 'missing' }
        await tasks.loadMembers(chat)
        return { gives: [read.facts(chat)] }
      }
      const groups = rows.chatIds().filter((id) => /@g\.us$/.test(id))
      return {
        gives: tasks.each(
          groups.flatMap((id) => rows.findChat(id) ?? []),
          read.facts,
        ),
      }
    })
  },
}
