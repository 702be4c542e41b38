/** Status updates of this account. */
import type { TaskResult } from '../../../model/task.ts'
import type { MsgModel, PageWindow } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow & Pick<PageWindow, 'whatsappMcpFind' | 'whatsappMcpActs'>

/**
 * The page also resolves for a post that the server refused, on newer builds with a result that says so (waha#2063, wwebjs
 * PR #201816). The outcome is that result, or the ack of the post, which is an own message of the page. Updates of other people
 * are not read: that has removed links (OpenWA#1072). The page takes the id of the post from a function, which here returns ours
 * once: by that id the post is recognised after a crash, and as one of this server. If something else takes our id first, that does
 * no harm: the post has another id.
 */
export const postStatus: PageTask<'post_status'> = {
  ability: 'post_status',
  run({ text, color, font, bareId }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const give = {
      once(keys: MsgKeys): () => void {
        const { newId } = keys
        const restore = () => {
          keys.newId = newId
        }
        keys.newId = async () => {
          restore()
          return bareId
        }
        return restore
      },
    }
    return tasks.run<TaskResult<'post_status'>>(endsAt, async () => {
      const { sendStatusTextMsgAction } = await tasks.need<SendModule>('WAWebSendStatusMsgAction')
      const { Msg } = await tasks.need<Collections>('WAWebCollections')
      const found: { post?: MsgModel } = {}
      const isOwn = ({ id }: MsgModel) => id.fromMe && window.whatsappMcpRows.isStatus(id.remote)
      const hear = (message: MsgModel): void => {
        if (isOwn(message) && (message.id.id === bareId || message.body === text)) found.post ??= message
      }
      const restore = give.once(await tasks.need<MsgKeys>('WAWebMsgKey'))
      Msg.on('add', hear)
      try {
        const answer = await sendStatusTextMsgAction({ color, font, text })
        const { messageSendResult: said = 'OK', msg } = answer ?? {}
        if (msg && isOwn(msg)) found.post = msg
        if (msg && said === 'OK' && found.post === msg && !(Number(msg.ack) < 0))
          return { gives: { bareId: msg.id.id, at: Number(msg.t) } }
        // After a network error the page keeps the post, and sends it when it is connected again.
        if (said === 'OK') await tasks.shown(() => found.post !== undefined && found.post.ack !== 0)
      } finally {
        restore()
        Msg.off('add', hear)
      }
      const { post } = found
      if (post === undefined || post.ack === 0) return { problem: 'open' }
      if (Number(post.ack) < 0) return { problem: 'refused' }
      return { gives: { bareId: post.id.id, at: Number(post.t) } }
    })
  },
}

export const deleteStatus: PageTask<'delete_status'> = {
  ability: 'delete_status',
  run({ keys }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<null>(endsAt, async () => {
      const { sendStatusRevokeMsgAction } = await tasks.need<RevokeModule>('WAWebRevokeStatusAction')
      const { Status } = await tasks.need<Collections>('WAWebCollections')
      const post = await tasks.inTime(endsAt, window.whatsappMcpFind(keys))
      const mine = Status.getMyStatus()
      if (!post || !mine) return { problem: 'missing' }
      if (!post.id.fromMe || !window.whatsappMcpRows.isStatus(post.id.remote)) return { problem: 'refused' }
      await sendStatusRevokeMsgAction(mine, post)
      // The page changes the post in memory, or only the row of its database, which then has another key.
      const verdict = await window.whatsappMcpActs.until(
        async () => post.type === 'revoked' || (await window.whatsappMcpFind(keys)) === undefined,
      )
      return verdict === 'done' ? { gives: null } : { problem: 'open' }
    })
  },
}

type SendModule = {
  sendStatusTextMsgAction(post: {
    color: number
    font: number
    text: string
  }): Promise<{ messageSendResult?: string; msg?: MsgModel } | undefined>
}
type MsgKeys = { newId(): Promise<string> }
type RevokeModule = { sendStatusRevokeMsgAction(status: unknown, message: MsgModel): Promise<unknown> }
type Collections = {
  Status: { getMyStatus(): unknown }
  Msg: Record<'on' | 'off', (event: 'add', run: (message: MsgModel) => void) => void>
}
