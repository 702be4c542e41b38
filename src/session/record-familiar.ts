/** Notes in which chats the owner has written, before messages of this server, or a deletion, hide it. */
import type { SeenMessage } from '../model/seen.ts'
import { createAcquaintance, type IsOurs } from '../store/acquaintance.ts'
import type { Store } from '../store/store.ts'

/**
 * Returns the function that notes it for the chat of a new message of this account. Call it once the message is written, within the
 * same transaction.
 */
export function createFamiliarRecorder(
  { db, chats }: Pick<Store, 'db' | 'chats'>,
  isOurs: IsOurs,
): (chat: number, message: Pick<SeenMessage, 'bareId' | 'forwarded'>) => void {
  const { hasWritten } = createAcquaintance(db, isOurs)
  return (chat, { bareId, forwarded }) => {
    if (chats.get(chat)?.familiar === 1) return
    // History may bring a message that is older than those that `hasWritten` looks at.
    if ((!isOurs(bareId) && !forwarded) || hasWritten(chat)) chats.setFamiliar(chat, true)
  }
}
