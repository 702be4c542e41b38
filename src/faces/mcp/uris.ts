/** The URIs of the resources. Only this file makes and parses them. */
import { type Jid, parseMessageKey, toJid } from '../../model/ids.ts'

export const STATUS_URI = 'whatsapp://status'
/** As `resources/templates/list` returns them. */
export const CHAT_TEMPLATE = 'whatsapp://chats/{chat_id}'
export const MESSAGE_TEMPLATE = 'whatsapp://messages/{message_id}'

/** What a URI identifies. */
export type Named = { kind: 'status' } | { kind: 'chat' | 'message'; id: string }

/** Longer than the longest message key with every character escaped. */
const MAX_URI = 1_000

/** Parses a URI. Returns null if it names no resource. The id may be percent-encoded or not: clients send both. */
export function readUri(uri: string): Named | null {
  if (uri === STATUS_URI) return { kind: 'status' }
  const [, folder, text] =
    /^whatsapp:\/\/(chats|messages)\/([\w.@:%~+-]+)$/.exec(uri.slice(0, MAX_URI + 1)) ?? []
  if (text === undefined || uri.length > MAX_URI) return null
  const id = decode(text)
  // Only canonical ids. A phone number, for example, could be read, but its subscribers would receive no updates.
  if (id === null || !/^[\w.:-]*@[\w.@:-]+$/.test(id)) return null
  return { kind: folder === 'chats' ? 'chat' : 'message', id }
}

/** Returns the chat that the resource of this URI is part of; null if it has none. */
export function chatOf(uri: string): Jid | null {
  const named = readUri(uri)
  if (named === null || named.kind === 'status') return null
  return named.kind === 'chat' ? toJid(named.id) : (parseMessageKey(named.id)?.chat ?? null)
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Returns every form in which a client may write the URI of this chat. */
export function chatUris(id: string): string[] {
  return spellings('whatsapp://chats/', id)
}

/** Returns every form in which a client may write the URI of this message. */
export function messageUris(id: string): string[] {
  return spellings('whatsapp://messages/', id)
}

/** Plain, and as a URI template encodes it (RFC 6570, 3.2.2: all characters except unreserved ones). */
function spellings(base: string, id: string): string[] {
  return [`${base}${id}`, `${base}${encodeURIComponent(id)}`]
}
