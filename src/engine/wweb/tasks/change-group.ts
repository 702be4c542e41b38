/** Changes a group: its name, its description, and its settings. */
import type { GroupChange, TaskResult } from '../../../model/task.ts'
import type { ChatModel, Wid } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/**
 * A refused setting resolves with the name of the response, and the library then says that it was changed
 * (WAWebSetPropertyGroupAction). It rejects without a request if this account is no admin.
 */
export const changeGroup: PageTask<'change_group'> = {
  ability: 'change_group',
  run({ group, changes }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const steps = {
      present({ groupMetadata: data }: ChatModel, property: string): number {
        const modes: Record<string, number> = { admin_add: 0, all_member_add: 1 }
        const fields: Record<string, unknown> = {
          announcement: data?.announce,
          restrict: data?.restrict,
          member_add_mode: modes[String(data?.memberAddMode)] ?? data?.memberAddMode,
          membership_approval_mode: data?.membershipApprovalMode,
          ephemeral: data?.ephemeralDuration,
        }
        return Number(fields[property])
      },
      async set(chat: ChatModel, property: string, value: number): Promise<void> {
        const { setGroupProperty } = await tasks.need<PropertyModule>('WAWebSetPropertyGroupAction')
        const answer = await setGroupProperty(chat, property, value)
        const said = answer?.value?.errorSetPropertyClientErrors ?? answer?.value?.errorServerErrors
        if (said?.value) throw tasks.refusal(said.value.code)
        if (answer?.name === 'SetPropertyResponseSuccess') return
        // The response to `member_add_mode` has no name. The outcome is what the model shows, at the latest after the server's notification.
        if (!(await tasks.shown(() => steps.present(chat, property) === value)))
          throw new Error('the group does not show the setting')
      },
      async name(_: ChatModel, text: string): Promise<void> {
        const { setGroupSubject } = await tasks.need<InfoModule>('WAWebGroupModifyInfoJob')
        await setGroupSubject(tasks.wid(group), text)
      },
      async description({ groupMetadata }: ChatModel, text: string): Promise<void> {
        const { setGroupDescription } = await tasks.need<InfoModule>('WAWebGroupModifyInfoJob')
        const { newId } = await tasks.need<{ newId(): Promise<string> }>('WAWebMsgKey')
        const [groupWid, newDescId, prevDescId] = [tasks.wid(group), await newId(), groupMetadata?.descId]
        try {
          await setGroupDescription({ groupWid, desc: text === '' ? null : text, newDescId, prevDescId })
        } catch (error) {
          // Builds before August 2026 take four values, and throw before they send anything (wa-js#3595).
          if (!(error instanceof TypeError)) throw error
          await setGroupDescription(groupWid, text, newDescId, prevDescId)
        }
      },
      onlyAdminsSend: (chat: ChatModel, on: boolean) => steps.set(chat, 'announcement', Number(on)),
      onlyAdminsEdit: (chat: ChatModel, on: boolean) => steps.set(chat, 'restrict', Number(on)),
      onlyAdminsAdd: (chat: ChatModel, on: boolean) => steps.set(chat, 'member_add_mode', on ? 0 : 1),
      approveMembers: (chat: ChatModel, on: boolean) =>
        steps.set(chat, 'membership_approval_mode', Number(on)),
      disappearingS: (chat: ChatModel, seconds: number) => steps.set(chat, 'ephemeral', seconds),
    }
    return tasks.inGroup<TaskResult<'change_group'>>(group, endsAt, async (chat) => {
      const changed: GroupChange[] = []
      for (const [step, value] of Object.entries(changes) as [GroupChange, never][]) {
        if (value === undefined) continue
        if (Date.now() >= endsAt) return { problem: 'open', partly: changed }
        try {
          await steps[step](chat, value)
        } catch (error) {
          const status = tasks.statusOf(error)
          const isLocal = String(Object(error).name) === 'ActionError'
          if (status === null && !isLocal) throw error
          return { problem: status === null ? 'not_admin' : tasks.problemOf(status), partly: changed }
        }
        changed.push(step)
      }
      return { gives: { changed } }
    })
  },
}

type Said = { value?: { code: string | number; text?: string } }
type PropertyModule = {
  setGroupProperty(
    chat: ChatModel,
    property: string,
    value: number,
  ): Promise<
    { name?: string; value?: { errorSetPropertyClientErrors?: Said; errorServerErrors?: Said } } | undefined
  >
}
type InfoModule = {
  setGroupSubject(wid: Wid, text: string): Promise<unknown>
  setGroupDescription(...given: unknown[]): Promise<unknown>
}
