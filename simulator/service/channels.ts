/** Channels that the account follows, leaves, or looks at, and the labels of its chats. */
import type { IqError, Requests } from '../wire.ts'
import type { Account } from './accounts.ts'
import type { Context } from './context.ts'
import { changeChat } from './messages.ts'

const refusal = (code: number, text: string): { error: IqError } => ({ error: { name: '', code, text } })

export function previewChannel(
  { channels }: Account,
  { id }: Requests['preview_channel']['args'],
): Requests['preview_channel']['answer'] {
  const channel = channels.get(id)
  return channel ? { channel } : refusal(404, 'item-not-found')
}

/** The owner of a channel cannot unfollow it. */
export function followChannel(
  context: Context,
  { channels, chats }: Account,
  { id, follow }: Requests['follow_channel']['args'],
): Requests['follow_channel']['answer'] {
  const channel = channels.get(id)
  if (!channel) return refusal(404, 'item-not-found')
  if (context.faults.isOn('channels_full') && follow) return refusal(429, 'rate-overlimit')
  if (channel.own) return refusal(403, 'forbidden')
  channels.set(id, { ...channel, foreign: !follow })
  if (!follow) chats.delete(id)
  context.changed()
  return null
}

/** Unknown labels change nothing, without a word. */
export function labelChat(
  context: Context,
  account: Account,
  { chat, add, remove }: Requests['label_chat']['args'],
): void {
  const before = account.chats.get(chat)?.labels ?? []
  const known = add.filter((id) => account.labels.has(id))
  const labels = [...new Set([...before, ...known])].filter((id) => !remove.includes(id))
  changeChat(context, account, chat, { labels })
  context.changed()
}
