/** The addresses of our resources: made and read only here. */

export const STATUS_URI = 'whatsapp://status'
/** As `resources/templates/list` tells them. */
export const CHAT_TEMPLATE = 'whatsapp://chats/{chat_id}'
export const MESSAGE_TEMPLATE = 'whatsapp://messages/{message_id}'

/** What a URI names. */
export type Named = { kind: 'status' } | { kind: 'chat' | 'message'; id: string }

/** Longer than the longest key of a message with every sign escaped. */
const MAX_URI = 1_000

/** Null for what names nothing of ours. An id may stand as it is or percent-encoded: clients do both. */
export function readUri(uri: string): Named | null {
  if (uri === STATUS_URI) return { kind: 'status' }
  const [, folder, text] =
    /^whatsapp:\/\/(chats|messages)\/([\w.@:%~+-]+)$/.exec(uri.slice(0, MAX_URI + 1)) ?? []
  if (text === undefined || uri.length > MAX_URI) return null
  const id = decode(text)
  // Only what is in its one right form: a phone number, say, would be found, and never be told of.
  if (id === null || !/^[\w.:-]*@[\w.@:-]+$/.test(id)) return null
  return { kind: folder === 'chats' ? 'chat' : 'message', id }
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Every way in which a client may have written the address of this chat. */
export function chatUris(id: string): string[] {
  return spellings('whatsapp://chats/', id)
}

/** Every way in which a client may have written the address of this message. */
export function messageUris(id: string): string[] {
  return spellings('whatsapp://messages/', id)
}

/** As it is, and as a URI template is filled in (RFC 6570, 3.2.2: all but unreserved signs). */
function spellings(base: string, id: string): string[] {
  return [`${base}${id}`, `${base}${encodeURIComponent(id)}`]
}
