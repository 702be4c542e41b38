/** What can happen in the archive: the entries of the event log. Each is written with the change it tells of. */

/**
 * - `message.received`, `message.sent`: a message is new here. `data.late`: it came while nothing listened.
 * - `message.edited`, `message.revoked`: its text changed; what it said before is kept as a revision.
 * - `message.ack`: an own message came further on its way (`data.ack`).
 * - `message.reaction`: somebody reacted, or took it back (`data.emoji` is empty).
 * - `message.decrypted`: what stood as a placeholder can be read now.
 * - `chat.changed`: name, unread count, archived, pinned, muted or members changed (`data` names the fields).
 * - `chat.removed`: the chat was deleted on WhatsApp; its messages stay in the archive.
 * - `contact.changed`: a name or an address of a person changed.
 * - `history.loaded`: older messages were added (`data.count`); they have no events of their own.
 * - `gap.found`, `gap.filled`: messages are known to be missing, and no longer.
 */
export const EVENT_KINDS = [
  'message.received',
  'message.sent',
  'message.edited',
  'message.revoked',
  'message.ack',
  'message.reaction',
  'message.decrypted',
  'chat.changed',
  'chat.removed',
  'contact.changed',
  'history.loaded',
  'gap.found',
  'gap.filled',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]
