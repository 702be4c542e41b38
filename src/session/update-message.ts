/** Updates a stored message with what has changed, each change with its event. */
import type { SeenMessage } from '../model/seen.ts'
import { type MessageDetails, type MessageRow, numberOf } from '../store/message-row.ts'
import { ME } from '../store/people.ts'
import { detailsOf as storedDetails } from '../store/render.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'
import {
  contentIn,
  marksOf,
  toDetails,
  toExpiry,
  toJson,
  toMarks,
  withKnownMedia,
} from './message-details.ts'
import type { Log } from './record-reactions.ts'

export type MessageUpdater = {
  /** Updates text, media, details, marks and ack. `isLive`: WhatsApp reported this copy, it was not read. */
  update(row: MessageRow, seen: SeenMessage, isLive: boolean): void
  /** An ack never decreases, except to -1: failed. */
  setAck(row: MessageRow, ack: number): void
}

/** Only texts and captions are edited. Other texts differ where an earlier version stored something else. */
const EDITED = new Set(['chat', 'image', 'video', 'gif', 'document'])

/** An earlier version stored the name of a file as its caption. */
const isFileName = (row: MessageRow, { body, content }: SeenMessage) =>
  row.type === 'document' && body === '' && row.body !== '' && row.body === content.media?.filename

/** The text to store if this copy is no edit: a text that can be edited stays as it is. */
const bodyOf = (row: MessageRow, seen: SeenMessage) =>
  EDITED.has(row.type) && !isFileName(row, seen) ? row.body : seen.body

/** True for a placeholder that cannot be read (yet): stored data is better. */
export const isUnreadable = ({ type }: { type: string }) => type === 'ciphertext' || type === 'unknown'

/** Stores the message as received, and what a download requires. `body`: as in the table of messages. */
export type SetRaw = (message: number, seen: SeenMessage, body: string) => void

export function createMessageUpdater(
  { messages, raws, changes, chats }: Store,
  where: Pick<IdentityResolver, 'senderId'>,
  log: Log,
  setRaw: SetRaw,
  now: () => number,
): MessageUpdater {
  /** Updates the row. A notice is never a chat's last message, so the last message is found again if the row becomes or was one. */
  function restand(row: MessageRow, change: Partial<MessageRow> & Pick<MessageRow, 'standing'>): void {
    messages.update({ ...row, ...change })
    const notice = numberOf('notice')
    if ((row.standing === notice) !== (change.standing === notice)) chats.refreshLast(row.chat)
  }

  function update(row: MessageRow, seen: SeenMessage, isLive: boolean): void {
    const { type, body } = row
    const addRevision = (what: 'edited' | 'revoked', untilMs: number) =>
      changes.addRevision(row.id, { what, type, body, untilMs })
    // The newest state wins; a deleted message stays deleted, even if an older copy arrives.
    if (row.type !== 'revoked') {
      const known = storedDetails(row)
      // A deleted message no longer carries its expiry, and its earlier text must disappear with it.
      const expiresAt = seen.isKept ? null : (seen.expiresAt ?? known.expires_at ?? null)
      const { mentions: _, ...lasting } = known
      // An edit may take mentions out of the text.
      const isEdit = isNewerText(row, seen, isLive)
      const details = toJson(
        toDetails(seen, where.senderId, {
          expiresAt,
          marks: marksOf({}, known),
          known: isEdit ? lasting : known,
        }),
      )
      if (seen.type === 'revoked') {
        const revision = addRevision('revoked', now())
        restand(row, {
          type: 'revoked',
          body: '',
          has_media: 0,
          revoked_at_ms: now(),
          details: toJson(toExpiry(expiresAt)),
          standing: numberOf('message'),
        })
        raws.drop([row.id])
        log('message.revoked', row, { revision })
      } else if (isUnreadable(row) && !isUnreadable(seen)) {
        const has_media = Number(seen.hasMedia)
        const standing = numberOf(seen.standing)
        restand(row, { type: seen.type, body: seen.body, has_media, details, standing })
        setRaw(row.id, seen, seen.body)
        log('message.decrypted', row)
      } else if (isEdit) {
        const editedAt = seen.editedAt ?? now()
        const revision = addRevision('edited', editedAt)
        messages.update({ ...row, type: seen.type, body: seen.body, edited_at_ms: editedAt, details })
        setRaw(row.id, seen, seen.body)
        log('message.edited', row, { revision })
      } else if (seen.type === row.type && seen.hasMedia && row.has_media === 0) {
        // Own media, first seen before the upload.
        messages.update({ ...row, has_media: 1, body: seen.body, details })
        setRaw(row.id, seen, seen.body)
      } else if (!isUnreadable(seen) && isOtherContent(row, known, seen)) {
        // A kind that one version knew stays known.
        const standing = seen.standing === 'unknown' ? row.standing : numberOf(seen.standing)
        const kept = bodyOf(row, seen)
        restand(row, { body: kept, details, standing })
        setRaw(row.id, seen, kept)
      } else if (expiresAt !== (known.expires_at ?? null)) {
        // A member kept the message in the chat, or no longer keeps it.
        const { expires_at: _, ...others } = known
        messages.update({ ...row, details: toJson({ ...others, ...toExpiry(expiresAt) }) })
      }
    }
    moveSource(row, seen)
    setMarks(row, seen)
    if (seen.fromMe) setAck(row, seen.ack)
  }

  /** Takes over the new path of a file that the phone has uploaded again. */
  function moveSource({ id }: MessageRow, { source }: SeenMessage): void {
    const known = source === null ? null : raws.source(id)
    if (known === null || source === null || source.directPath === known.directPath) return
    if (source.filehash === known.filehash) raws.setSource(id, { ...known, directPath: source.directPath })
  }

  /** True for a place that moves, an event that is cancelled, and what an earlier version did not store or know. */
  function isOtherContent(row: MessageRow, known: MessageDetails, seen: SeenMessage): boolean {
    const { type, standing, content, raw } = seen
    if (type !== row.type) return false
    if (isFileName(row, seen)) return true
    if (standing !== 'unknown' && row.standing === numberOf('unknown')) return true
    if (raw !== null && !raws.hasModel(row.id)) return true
    return JSON.stringify(contentIn(known)) !== JSON.stringify(withKnownMedia(known, content))
  }

  /** Updates star and pin, which other devices change too. A deleted message has none. */
  function setMarks(before: MessageRow, seen: SeenMessage): void {
    const known = marksOf({}, storedDetails(before))
    const { starred, pinnedUntil } = marksOf(seen, storedDetails(before))
    if (starred === known.starred && pinnedUntil === known.pinnedUntil) return
    const row = messages.get(before.id)
    if (row === undefined || row.type === 'revoked') return
    const { starred: _, pinned_until: __, ...others } = storedDetails(row)
    messages.update({ ...row, details: toJson({ ...others, ...toMarks({ starred, pinnedUntil }) }) })
    if (starred !== known.starred) log('message.starred', row, { starred })
    if (pinnedUntil !== known.pinnedUntil) log('message.pinned', row, { pinned_until: pinnedUntil })
  }

  function isNewerText(row: MessageRow, seen: SeenMessage, isLive: boolean): boolean {
    if (isUnreadable(seen) || seen.body === row.body || isFileName(row, seen)) return false
    if (seen.editedAt === null && !EDITED.has(row.type)) return false
    if (Number(seen.hasMedia) !== row.has_media) return false
    if (seen.editedAt !== null) return seen.editedAt > (row.edited_at_ms ?? 0)
    if (row.edited_at_ms === null) return true
    // This build sends no edit time: accept a live text that the message did not have before.
    const before = isLive ? changes.textsBefore(row.id) : []
    return before.length > 0 && !before.includes(seen.body)
  }

  function setAck(row: MessageRow, ack: number): void {
    if (row.sender !== ME || row.ack === ack || (ack >= 0 && ack < row.ack) || (ack < 0 && row.ack > 0))
      return
    messages.setAck(row.id, ack)
    log('message.ack', row, { ack })
  }

  return { update, setAck }
}
