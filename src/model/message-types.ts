/**
 * The types of messages as WhatsApp Web has them (WAWebMsgType, builds of 2021 to 2026), each with the words for it. What is
 * not listed is unknown: it is stored, and marked as unknown.
 */

/** How a stored message counts. `notice`: lists, search and unread leave it out unless it is asked for. */
export type Standing = 'message' | 'notice' | 'unknown'

/** Words for messages that people wrote, or that a business sent. */
const WORDS: Record<string, string> = {
  chat: 'Text',
  image: 'Photo',
  video: 'Video',
  gif: 'GIF',
  ptv: 'Video note',
  audio: 'Audio',
  ptt: 'Voice note',
  document: 'Document',
  sticker: 'Sticker',
  'sticker-pack': 'Sticker pack',
  album: 'Album',
  loading_media: 'Media that is loading',
  'biz-cover-photo': 'Cover photo',
  location: 'Location',
  vcard: 'Contact',
  multi_vcard: 'Contacts',
  poll_creation: 'Poll',
  poll_result_snapshot: 'Poll result',
  event_creation: 'Event',
  scheduled_event_creation: 'Event',
  sharable_event_invite: 'Event',
  event_response: 'Answer to an event',
  groups_v4_invite: 'Invitation to a group',
  newsletter_admin_invite: 'Invitation to manage a channel',
  newsletter_follower_invite: 'Invitation to a channel',
  newsletter_question_response: 'Answer to a question of a channel',
  order: 'Order',
  product: 'Product',
  payment: 'Payment',
  list: 'List',
  list_response: 'Choice',
  buttons_response: 'Choice',
  template_button_reply: 'Choice',
  interactive: 'Message with choices',
  interactive_response: 'Choice',
  native_flow: 'Form',
  hsm: 'Template',
  oversized: 'Long text',
  comment: 'Comment',
  rich_response: 'Answer of an assistant',
  status: 'Status update',
  automated_greeting_message: 'Automatic greeting',
  request_phone_number: 'Request for the phone number',
  biz_content_placeholder: 'Business message that this device cannot show',
  ciphertext: 'Message that is not decrypted yet',
  quarantined: 'Message that WhatsApp holds back',
  revoked: 'Deleted message',
}

/**
 * Notices of WhatsApp and calls (WAWebCommonMsgUtils.isNotificationType, builds of 2026; older ones had `group_notification`).
 * Newer builds have no `isNotification` property of the message any more, so the types are listed.
 */
const NOTICES: Record<string, string> = {
  gp2: 'Notice',
  group_notification: 'Notice',
  notification: 'Notice',
  notification_template: 'Notice',
  broadcast_notification: 'Notice',
  newsletter_notification: 'Notice',
  status_notification: 'Notice',
  e2e_notification: 'Encryption notice',
  pinned_message: 'Pinned a message',
  message_history_bundle: 'Shared earlier messages',
  history_bundle: 'Shared earlier messages',
  message_history_notice: 'Shared earlier messages',
  guest_upsell_system_msg: 'Notice',
  call_log: 'Call',
}

/**
 * Entries that report a change of another message, or nothing that anyone wrote: not stored, since what they change is recorded
 * with that message.
 */
export const CHANGE_TYPES = [
  'protocol',
  'reaction',
  'reaction_enc',
  'poll_update',
  'poll_add_option_encrypted',
  'poll_add_option_decrypted',
  'poll_edit_encrypted',
  'event_edit_encrypted',
  'message_edit_encrypted',
  'pin_message',
  'keep_in_chat',
  'debug',
  'debug_placeholder',
]

/** For the page: these are not the newest message of a chat. */
export const NOTICE_TYPES = Object.keys(NOTICES)

/** All types that are known. */
export const MESSAGE_TYPES: readonly string[] = [...Object.keys(WORDS), ...NOTICE_TYPES]

/** Returns how a message of this type counts. */
export function standingOf(type: string): Standing {
  if (Object.hasOwn(NOTICES, type)) return 'notice'
  return Object.hasOwn(WORDS, type) ? 'message' : 'unknown'
}

/** Returns the English words for a type; null for one that is unknown. */
export function wordsOf(type: string): string | null {
  return lookUp(WORDS, type) ?? lookUp(NOTICES, type)
}

function lookUp(table: Record<string, string>, name: string): string | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null
}
