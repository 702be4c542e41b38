/** Channels: the list, and following. */
import type { Jid } from '../../../model/ids.ts'
import type { ChannelFacts, TaskResult } from '../../../model/task.ts'
import type { ChatModel } from '../page-types.ts'
import type { PageTask, TaskWindow } from './task.ts'

declare const window: TaskWindow

/** A channel that was only looked at stays in memory as one of a guest. */
export const readChannels: PageTask<'read_channels'> = {
  ability: 'read_channels',
  run(_, endsAt) {
    const tasks = window.whatsappMcpTasks
    const ROLES: Record<string, ChannelFacts['role']> = {
      owner: 'owner',
      admin: 'admin',
      subscriber: 'follower',
    }
    const read = {
      facts({ id, name, newsletterMetadata: data }: Channel): ChannelFacts[] {
        const role = ROLES[data?.membershipType ?? '']
        if (role === undefined) return []
        return [
          {
            channel: String(id) as Jid,
            name: tasks.words(name, data?.name),
            description: tasks.words(data?.description),
            role,
            followers: Number(data?.size),
          },
        ]
      },
    }
    return tasks.run<TaskResult<'read_channels'>>(endsAt, async () => {
      const { WAWebNewsletterCollection } = await tasks.need<Collections>('WAWebCollections')
      return { gives: tasks.each(WAWebNewsletterCollection.getModelsArray(), read.facts).flat() }
    })
  },
}

/** The library catches what the server refuses, and asks nothing of an own channel: both are then only `false`. */
export const followChannel: PageTask<'follow_channel'> = {
  ability: 'follow_channel',
  run({ chat: id, follow }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const SURFACE = { eventSurface: 3 }
    return tasks.run<TaskResult<'follow_channel'>>(endsAt, async () => {
      const { WAWebNewsletterCollection: channels } = await tasks.need<Collections>('WAWebCollections')
      const { subscribeToNewsletterAction } = await tasks.need<Subscribe>('WAWebNewsletterSubscribeAction')
      const { unsubscribeFromNewsletterAction } = await tasks.need<Unsubscribe>(
        'WAWebNewsletterUnsubscribeAction',
      )
      if (!channels.get(id)) {
        const { loadNewsletterPreviewChat } = await tasks.need<Preview>(
          'WAWebLoadNewsletterPreviewChatAction',
        )
        await tasks.inTime(endsAt, loadNewsletterPreviewChat(id))
      }
      const channel = channels.get(id)
      if (!channel) return { problem: 'missing' }
      const role = channel.newsletterMetadata?.membershipType
      if (role === 'owner' || role === 'admin') return { problem: 'refused' }
      const isFollowed = { now: () => channels.get(id)?.newsletterMetadata?.membershipType === 'subscriber' }
      if (isFollowed.now() === follow) return { gives: { changed: false } }
      if (follow) await subscribeToNewsletterAction(channel, SURFACE)
      else await unsubscribeFromNewsletterAction(channel, { ...SURFACE, deleteLocalModels: true })
      const isShown = await tasks.shown(() => isFollowed.now() === follow)
      return isShown ? { gives: { changed: true }, ...(follow ? { group: id } : {}) } : { problem: 'open' }
    })
  },
}

type Channel = Omit<ChatModel, 'newsletterMetadata'> & {
  newsletterMetadata?: { name?: string; description?: string; membershipType?: string; size?: number }
}
type Collections = {
  WAWebNewsletterCollection: { get(id: string): Channel | undefined; getModelsArray(): Channel[] }
}
type Subscribe = { subscribeToNewsletterAction(channel: Channel, options: object): Promise<unknown> }
type Unsubscribe = { unsubscribeFromNewsletterAction(channel: Channel, options: object): Promise<unknown> }
type Preview = { loadNewsletterPreviewChat(id: string): Promise<unknown> }
