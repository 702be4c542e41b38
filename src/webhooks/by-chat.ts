/** Events by their chats: the order is kept within each chat, and a chat can have several addresses. */
import type { Event } from '../model/events.ts'
import type { Jid } from '../model/ids.ts'
import type { WebhookFilter } from '../model/webhook.ts'

/** Returns the name of the lane that the event belongs to: its chat; empty if it has none. */
export const laneOf = ({ chat }: Event): string => chat?.id ?? ''

/** Returns these events in groups, one for each chat, in the order of their first events. */
export function byChat(events: readonly Event[]): Event[][] {
  const chats = new Map<string, Event[]>()
  for (const event of events) {
    const chat = laneOf(event)
    const known = chats.get(chat)
    if (known === undefined) chats.set(chat, [event])
    else known.push(event)
  }
  return [...chats.values()]
}

/** Returns the filter with every address of its chats. */
export function widened(filter: WebhookFilter, known: ReadonlyMap<string, readonly string[]>): WebhookFilter {
  const { chats } = filter
  return chats === null
    ? filter
    : { ...filter, chats: chats.flatMap((chat) => known.get(chat) ?? [chat]) as Jid[] }
}
