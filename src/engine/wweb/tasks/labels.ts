/** Labels of business accounts. */
import type { Label, TaskResult } from '../../../model/task.ts'
import type { ChatModel } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

export const readLabels: PageTask<'read_labels'> = {
  ability: 'read_labels',
  run({ chat: id }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<TaskResult<'read_labels'>>(endsAt, async () => {
      const { Conn } = await tasks.need<ConnModule>('WAWebConnModel')
      if (!/^smb/.test(Conn.platform ?? '')) return { problem: 'not_business' }
      const { Label } = await tasks.need<Collections>('WAWebCollections')
      const chat = id === null ? null : (window.whatsappMcpRows.findChat(id) as Labelled | undefined)
      if (chat === undefined) return { problem: 'missing' }
      const labels = Label.getModelsArray().filter(({ id }) => chat === null || chat.labels?.includes(id))
      return {
        gives: tasks.each(labels, ({ id, name, hexColor }) => ({
          id: String(id),
          name: tasks.words(name),
          color: tasks.words(hexColor),
        })),
      }
    })
  },
}

/** The page resolves when it has sent the request, and ignores a label that does not exist. The outcome is what the chat shows. */
export const setLabels: PageTask<'set_labels'> = {
  ability: 'set_labels',
  run({ chat: id, labels }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inChat<TaskResult<'set_labels'>>(id, endsAt, async (model) => {
      const chat: Labelled = model
      const { Conn } = await tasks.need<ConnModule>('WAWebConnModel')
      if (!/^smb/.test(Conn.platform ?? '')) return { problem: 'not_business' }
      const { Label } = await tasks.need<Collections>('WAWebCollections')
      const wanted = Label.getModelsArray().filter((label) => labels.includes(label.id))
      if (wanted.length < labels.length) return { problem: 'no_label' }
      const before = chat.labels ?? []
      const actions = [
        ...labels.filter((one) => !before.includes(one)).map((one) => ({ id: one, type: 'add' as const })),
        ...before.filter((one) => !labels.includes(one)).map((one) => ({ id: one, type: 'remove' as const })),
      ]
      if (actions.length > 0) await Label.addOrRemoveLabels(actions, [model])
      const isShown = await tasks.shown(() => {
        const now = chat.labels ?? []
        return now.length === labels.length && labels.every((one) => now.includes(one))
      })
      if (!isShown && actions.length > 0) return { problem: 'open' }
      return {
        gives: tasks.each(wanted, ({ id, name, hexColor }) => ({
          id: String(id),
          name: tasks.words(name),
          color: tasks.words(hexColor),
        })),
      }
    })
  },
}

/** A chat has no `labels` before its first one. */
type Labelled = ChatModel & { labels?: string[] }
type ConnModule = { Conn: { platform?: string } }
type LabelModel = Pick<Label, 'id' | 'name'> & { hexColor?: string }
type Collections = {
  Label: {
    getModelsArray(): LabelModel[]
    addOrRemoveLabels(actions: { id: string; type: 'add' | 'remove' }[], chats: ChatModel[]): Promise<unknown>
  }
}
