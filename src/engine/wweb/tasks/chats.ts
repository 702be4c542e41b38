/** What the owner does to a chat: archive, pin, mute, mark, read, type, delete. */
import type { TaskResult } from '../../../model/task.ts'
import type { ChatModel, PageWindow } from '../page-types.ts'
import type { PageTask, TaskProblem, TaskWindow } from './task.ts'

declare const window: TaskWindow & Pick<PageWindow, 'require'>

/**
 * The commands belong to the page's own menus: they resolve before anything is done, and do nothing for a fourth pin
 * (WAWebCmd). The outcome is what the chat shows afterwards, on a slow line some seconds later.
 */
export const changeChat: PageTask<'change_chat'> = {
  ability: 'change_chat',
  run({ chat: id, changes }, endsAt) {
    const MOST_PINS = 3
    const tasks = window.whatsappMcpTasks
    const steps = {
      async archived(chat: ChatModel, on: boolean): Promise<TaskProblem | null> {
        const { Cmd } = await tasks.need<CommandModule>('WAWebCmd')
        if ((chat.archive === true) !== on) await Cmd.archiveChat(chat, on)
        return (await tasks.shown(() => (chat.archive === true) === on, endsAt)) ? null : 'open'
      },
      async pinned(chat: ChatModel, on: boolean): Promise<TaskProblem | null> {
        const { Cmd } = await tasks.need<CommandModule>('WAWebCmd')
        if (Boolean(chat.pin) !== on) await Cmd.pinChat(chat, on)
        if (await tasks.shown(() => Boolean(chat.pin) === on)) return null
        const { Chat } = window.require('WAWebCollections')
        const others = Chat.getModelsArray().filter((one) => one !== chat && Boolean(one.pin))
        if (on && others.length >= MOST_PINS) return 'refused'
        return (await tasks.shown(() => Boolean(chat.pin) === on, endsAt)) ? null : 'open'
      },
      async mutedUntil(chat: ChatModel, until: number): Promise<TaskProblem | null> {
        const mute = chat.mute as MuteModel | undefined
        if (until === 0) await mute?.unmute({ sendDevice: true })
        else await mute?.mute({ expiration: until, sendDevice: true })
        return (await tasks.shown(() => (mute?.expiration ?? 0) === until, endsAt)) ? null : 'open'
      },
      async unread(chat: ChatModel, on: boolean): Promise<TaskProblem | null> {
        const { Cmd } = await tasks.need<CommandModule>('WAWebCmd')
        if (on && !chat.unreadCount) await Cmd.markChatUnread(chat, true)
        if (!on) {
          const { sendSeen } = await tasks.need<SeenModule>('WAWebUpdateUnreadChatAction')
          // Unread messages are read with a task of their own: that sends receipts.
          if (Number(chat.unreadCount) > 0) return 'unread'
          // The command waits until this device counts as online, and then also reads what has arrived meanwhile.
          if (chat.unreadCount) await sendSeen({ chat, threadId: undefined, afterAvailable: false })
        }
        return (await tasks.shown(() => on === Boolean(chat.unreadCount), endsAt)) ? null : 'open'
      },
    }
    return tasks.inChat<TaskResult<'change_chat'>>(id, endsAt, async (chat) => {
      const changed: ChatChange[] = []
      for (const [step, value] of Object.entries(changes) as [ChatChange, never][]) {
        if (value === undefined) continue
        if (Date.now() >= endsAt) return { problem: 'open', partly: changed }
        const problem = await steps[step](chat, value)
        if (problem !== null) return { problem, partly: changed }
        changed.push(step)
      }
      return { gives: { changed } }
    })
  },
}

/** WhatsApp sends receipts only while this device counts as online (the library's `sendSeen`). */
export const readChat: PageTask<'read_chat'> = {
  ability: 'read_chat',
  run({ chat: id }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inChat<null>(id, endsAt, async (chat) => {
      const { sendSeen } = await tasks.need<SeenModule>('WAWebUpdateUnreadChatAction')
      const { Stream } = await tasks.need<StreamModule>('WAWebStreamModel')
      const { online } = tasks
      const over = new Promise<void>((resolve) => tasks.after(endsAt - Date.now(), resolve))
      online.readers += 1
      Stream.markAvailable()
      try {
        await Promise.race([sendSeen({ chat, threadId: undefined }), over])
      } finally {
        online.readers -= 1
        if (online.readers === 0 && !online.shown) Stream.markUnavailable()
      }
      return (await tasks.shown(() => !chat.unreadCount)) ? { gives: null } : { problem: 'open' }
    })
  },
}

/**
 * WhatsApp shows a state for some seconds only, so it is sent again. Timers are of the page: they end with it, and then
 * the state does.
 */
export const showState: PageTask<'show_state'> = {
  ability: 'show_state',
  run({ chat: id, state, seconds, by, still }, endsAt) {
    const AGAIN_MS = 8_000
    const tasks = window.whatsappMcpTasks
    return tasks.inChat<null>(id, endsAt, async ({ id: wid }) => {
      if (still && tasks.states.get(id) !== by) return { gives: null }
      const bridge = await tasks.need<StateModule>('WAWebChatStateBridge')
      const names = {
        typing: 'sendChatStateComposing',
        recording: 'sendChatStateRecording',
        paused: 'sendChatStatePaused',
      } as const
      const until = Date.now() + seconds * 1_000
      if (state === 'paused') tasks.states.delete(id)
      else tasks.states.set(id, by)
      await bridge[names[state]](wid)
      const again = {
        later(): void {
          if (tasks.states.get(id) !== by) return
          const left = until - Date.now()
          const isOver = left <= 0
          if (isOver) tasks.states.delete(id)
          bridge[isOver ? names.paused : names[state]](wid).catch(() => {})
          if (!isOver) tasks.after(Math.min(AGAIN_MS, left), again.later)
        },
      }
      tasks.after(Math.min(AGAIN_MS, seconds * 1_000), again.later)
      return { gives: null }
    })
  },
}

export const deleteChat: PageTask<'delete_chat'> = {
  ability: 'delete_chat',
  run({ chat: id }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inChat<null>(id, endsAt, async (chat) => {
      // A group must be left first. One whose members are not loaded yet would seem to have been left.
      if (/@g\.us$/.test(id)) await tasks.inTime(endsAt, tasks.loadMembers(chat))
      if (tasks.me(chat)) return { problem: 'is_member' }
      const { sendDelete } = await tasks.need<{ sendDelete(chat: ChatModel): Promise<unknown> }>(
        'WAWebDeleteChatAction',
      )
      await sendDelete(chat)
      const isGone = await tasks.shown(() => window.whatsappMcpRows.findChat(id) === undefined)
      return isGone ? { gives: null } : { problem: 'open' }
    })
  },
}

type ChatChange = TaskResult<'change_chat'>['changed'][number]
type CommandModule = {
  Cmd: Record<
    'archiveChat' | 'pinChat' | 'markChatUnread',
    (chat: ChatModel, on: boolean) => Promise<unknown>
  >
}
type MuteModel = {
  expiration?: number
  mute(options: { expiration: number; sendDevice: boolean }): Promise<unknown>
  unmute(options: { sendDevice: boolean }): Promise<unknown>
}
type SeenModule = {
  /** It waits until the device counts as online, unless `afterAvailable` is false. */
  sendSeen(options: { chat: ChatModel; threadId: undefined; afterAvailable?: false }): Promise<unknown>
}
type StreamModule = { Stream: { markAvailable(): void; markUnavailable(): void } }
type StateModule = Record<
  'sendChatStateComposing' | 'sendChatStateRecording' | 'sendChatStatePaused',
  (chat: unknown) => Promise<unknown>
>
