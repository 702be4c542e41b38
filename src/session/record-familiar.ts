/** Notes in which chats the owner has written, before messages of this server, or a deletion, hide it. */
import { createAcquaintance, type IsOurs } from '../store/acquaintance.ts'
import type { MessageRow } from '../store/message-row.ts'
import type { Store } from '../store/store.ts'

/**
 * Returns the function that notes it for the chat of this new own message. Call it once the message is written, within the same
 * transaction.
 */
export function createFamiliarRecorder(
  { db, chats }: Pick<Store, 'db' | 'chats'>,
  isOurs: IsOurs,
): (message: Pick<MessageRow, 'id' | 'chat' | 'bare_id'>, isForwarded: boolean) => void {
  const { hasWritten, isOwners } = createAcquaintance(db, isOurs)
  return (message, isForwarded) => {
    const { chat } = message
    if (chats.get(chat)?.familiar === 1) return
    // History may bring a message that is older than those that `hasWritten` looks at.
    if ((!isForwarded && isOwners(message)) || hasWritten(chat)) chats.setFamiliar(chat, true)
  }
}
