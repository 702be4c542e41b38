/** Chats that WhatsApp Web no longer lists: they were deleted on the phone. */
import type { ChatKind } from '../model/chat.ts'
import type { ChatRow } from '../store/chats.ts'
import type { Store } from '../store/store.ts'
import type { Inbox } from './inbox.ts'

/** Kinds of chats that WhatsApp Web always lists, by the list that has them: each list loads by itself. */
const LISTS: readonly (readonly ChatKind[])[] = [['direct', 'group'], ['channel']]

/**
 * Records which of these chats were deleted. Ignores a list that lacks more than half of the known chats: it may not be
 * loaded yet.
 */
export function removeUnlisted(
  store: Store,
  inbox: Inbox,
  chats: readonly ChatRow[],
  listed: ReadonlySet<number>,
): void {
  // A chat whose number is another person's now is listed as the chat with that person.
  const isOthers = ({ person }: ChatRow) => person !== null && store.people.hasLostPhone(person)
  for (const kinds of LISTS) {
    const present = chats.filter(
      (chat) => kinds.includes(chat.kind) && chat.removed_at === null && !isOthers(chat),
    )
    const gone = present.filter(({ id }) => !listed.has(id))
    if (gone.length * 2 > present.length) continue
    for (const { id } of gone) {
      const chat = store.chats.addressOf(id)
      if (chat !== null) inbox.take({ type: 'chat_removed', chat, isUnlisted: true })
    }
  }
}
