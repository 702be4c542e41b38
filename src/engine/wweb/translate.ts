/** From the library's objects to our words. Pure. */
import { isGroup, toJid } from '../../model/ids.ts'
import type { Message } from '../../model/message.ts'
import type { Addresses } from './addresses.ts'
import type { LibraryMessage } from './linked-client.ts'

/**
 * Our message from a library message. `id` must have been mended on builds that moved it; null where it has none,
 * which is a build that the compatibility layer does not know.
 */
export function toMessage(from: LibraryMessage, addresses: Addresses): Message | null {
  const id = from.id._serialized
  if (id === undefined) return null
  const chat = toJid(from.id.fromMe ? from.to : from.from)
  return {
    id: addresses.toKey(id),
    from: addresses.toPhone(from.from),
    to: addresses.toPhone(from.to),
    author: isGroup(chat) && from.author !== undefined ? addresses.toPhone(from.author) : null,
    from_me: from.id.fromMe,
    type: from.type,
    body: from.body,
    timestamp: from.timestamp,
    has_media: from.hasMedia,
  }
}

/** What a state of WhatsApp's socket means (util/Constants.js WAState). */
export type SocketMeaning =
  | 'connected'
  | 'connecting'
  | 'unpaired'
  | 'pairing'
  | 'idle'
  | 'conflict'
  | 'blocked'

export function toSocketMeaning(state: string): SocketMeaning {
  switch (state) {
    case 'CONNECTED':
      return 'connected'
    case 'UNPAIRED':
      return 'unpaired'
    case 'UNPAIRED_IDLE':
      return 'idle'
    case 'PAIRING':
      return 'pairing'
    case 'CONFLICT':
      return 'conflict'
    case 'TOS_BLOCK':
    case 'SMB_TOS_BLOCK':
    case 'PROXYBLOCK':
    case 'DEPRECATED_VERSION':
      return 'blocked'
    default:
      // OPENING, TIMEOUT, UNLAUNCHED, and whatever comes next: on its way.
      return 'connecting'
  }
}
