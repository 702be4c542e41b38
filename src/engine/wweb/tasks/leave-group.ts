/** Leaves a group. */
import type { TaskResult } from '../../../model/task.ts'
import type { ChatModel } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

export const leaveGroup: PageTask<'leave_group'> = {
  ability: 'leave_group',
  run({ group }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inGroup<TaskResult<'leave_group'>>(group, endsAt, async (chat) => {
      const { sendExitGroup } = await tasks.need<{ sendExitGroup(chat: ChatModel): Promise<unknown> }>(
        'WAWebExitGroupAction',
      )
      await sendExitGroup(chat)
      await tasks.shown(() => tasks.me(chat) === undefined)
      return tasks.me(chat) ? { problem: 'open' } : { gives: null }
    })
  },
}
