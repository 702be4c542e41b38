/** The own profile, and who is online. */
import type { ProfileField, TaskResult } from '../../../model/task.ts'
import type { ChatModel, Wid } from '../page-types.ts'
import type { PageTask, TaskProblem, TaskWindow } from './task.ts'

declare const window: TaskWindow & {
  require(name: 'WAWebUserPrefsMeUser'): { getMaybeMePnUser(): Wid | undefined }
}

export const readProfile: PageTask<'read_profile'> = {
  ability: 'read_profile',
  run(_, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<TaskResult<'read_profile'>>(endsAt, async () => {
      const { Conn } = await tasks.need<ConnModule>('WAWebConnModel')
      const { getStatus } = await tasks.need<AboutModule>('WAWebContactStatusBridge')
      const wid = window.require('WAWebUserPrefsMeUser').getMaybeMePnUser()
      const { status } = (await getStatus({ token: '', wid })) ?? {}
      // A number instead of a text is the code of a refusal.
      return { gives: { name: tasks.words(Conn.pushname), about: tasks.words(status) } }
    })
  },
}

/** The name of a business account belongs to the business: WhatsApp Web does not change it. */
export const changeProfile: PageTask<'change_profile'> = {
  ability: 'change_profile',
  run(changes, endsAt) {
    const tasks = window.whatsappMcpTasks
    const AGAIN_MS = 500
    const steps = {
      async name(text: string): Promise<TaskProblem | null> {
        const { Conn } = await tasks.need<ConnModule>('WAWebConnModel')
        const { setPushname } = await tasks.need<NameModule>('WAWebSetPushnameConnAction')
        if (!Conn.canSetMyPushname()) return 'refused'
        await setPushname(text)
        return (await tasks.shown(() => Conn.pushname === text)) ? null : 'open'
      },
      /** The page's result says nothing, so the server is asked for the present text. */
      async about(text: string): Promise<TaskProblem | null> {
        const { getStatus, setMyStatus } = await tasks.need<AboutModule>('WAWebContactStatusBridge')
        const wid = window.require('WAWebUserPrefsMeUser').getMaybeMePnUser()
        await setMyStatus(text)
        for (let tries = 0; tries < 4; tries += 1) {
          if (tries > 0) await new Promise<void>((resolve) => tasks.after(AGAIN_MS, resolve))
          if (((await getStatus({ token: '', wid }))?.status ?? '') === text) return null
        }
        return 'open'
      },
    }
    return tasks.run<TaskResult<'change_profile'>>(endsAt, async () => {
      const changed: ProfileField[] = []
      for (const field of ['name', 'about'] as const) {
        const text = changes[field]
        if (text === undefined) continue
        if (Date.now() >= endsAt) return { problem: 'open', partly: changed }
        try {
          const problem = await steps[field](text)
          if (problem !== null) return { problem, partly: changed }
        } catch (error) {
          const status = tasks.statusOf(error)
          if (status === null) throw error
          return { problem: tasks.problemOf(status), partly: changed }
        }
        changed.push(field)
      }
      return { gives: { changed } }
    })
  },
}

export const showPresence: PageTask<'show_presence'> = {
  ability: 'show_presence',
  run({ available }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.run<null>(endsAt, async () => {
      const { sendPresenceAvailable, sendPresenceUnavailable } =
        await tasks.need<PresenceModule>('WAWebPresenceChatAction')
      const { Stream } = await tasks.need<StreamModule>('WAWebStreamModel')
      const { online } = tasks
      const { shown } = online
      // Set before the server answers: a `read_chat` that ends meanwhile acts on it.
      online.shown = available
      try {
        if (available) await sendPresenceAvailable()
        // While chats are being read, the last reader does it, after its receipts.
        else if (online.readers === 0) {
          // Without this, the page would not say that it is online before the next receipts.
          Stream.markUnavailable()
          await sendPresenceUnavailable()
        }
      } catch (error) {
        online.shown = shown
        throw error
      }
      return { gives: null }
    })
  },
}

/**
 * WhatsApp Web subscribes to a person's presence when a chat is opened, and its server need not say anything
 * (wa-js: chat/functions/getLastSeen.ts).
 */
export const readPresence: PageTask<'read_presence'> = {
  ability: 'read_presence',
  run({ person }, endsAt) {
    const tasks = window.whatsappMcpTasks
    return tasks.inChat<TaskResult<'read_presence'>>(person, endsAt, async (chat) => {
      const { presence } = chat as ChatModel & { presence?: PersonPresence }
      await presence?.subscribe()
      const isKnown = await tasks.shown(() => presence?.hasData === true)
      return {
        gives: {
          online: isKnown ? presence?.isOnline === true : null,
          lastSeenAt: isKnown ? Number(presence?.chatstate?.t) : null,
        },
      }
    })
  },
}

type ConnModule = { Conn: { pushname?: string; canSetMyPushname(): boolean } }
type NameModule = { setPushname(name: string): Promise<unknown> }
type AboutModule = {
  getStatus(person: { token: string; wid: unknown }): Promise<{ status?: unknown } | undefined>
  setMyStatus(text: string): Promise<unknown>
}
type StreamModule = { Stream: { markUnavailable(): void } }
type PresenceModule = Record<'sendPresenceAvailable' | 'sendPresenceUnavailable', () => Promise<unknown>>
type PersonPresence = {
  isOnline?: boolean
  hasData?: boolean
  chatstate?: { t?: number }
  subscribe(): Promise<unknown>
}
