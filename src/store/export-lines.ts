/** Converts one row of the archive to one line of an export (export-format.ts). */
import type { z } from 'zod'
import { toJson } from '../json.ts'
import type { MediaSource, RawModel } from '../model/content.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { ReactionRow, RevisionRow, VoteRow } from './changes.ts'
import type { ChatRow, StayRow } from './chats.ts'
import type { ArchiveLine, ChatLine, EndLine, MessageLine, PersonLine } from './export-format.ts'
import type { GapRow } from './gaps.ts'
import { type MessageRow, STANDINGS } from './message-row.ts'
import { ME, type PersonRow, type PhoneSpan } from './people.ts'
import { timeOf } from './position.ts'
import { detailsOf, toRevision } from './render.ts'
import { msToIso, toIso, toSeconds } from './times.ts'

/** Returns the address of a person; null for none. */
export type AddressOf = (person: number) => string | null

type Line = z.infer<
  typeof ArchiveLine | typeof PersonLine | typeof ChatLine | typeof MessageLine | typeof EndLine
>

/** As written to the file. */
export function toLine(line: Line): string {
  return `${toJson(line)}\n`
}

/** The data that a person's line requires. */
export type PersonParts = { spans: readonly PhoneSpan[]; aliases: readonly Jid[] }

export function toPersonLine(person: PersonRow, { spans, aliases }: PersonParts): z.infer<typeof PersonLine> {
  const { phone, lid, name, pushname } = person
  return {
    line: 'person',
    phone,
    lid,
    name,
    pushname,
    in_address_book: person.in_address_book === 1,
    is_business: person.is_business === 1,
    is_blocked: person.is_blocked === 1,
    ...(spans.length === 0
      ? {}
      : {
          phones: spans.map(({ phone: number, from_ms, until_ms }) => ({
            phone: number,
            from: from_ms === 0 ? null : msToIso(from_ms),
            until: toIsoOrNull(until_ms),
          })),
        }),
    ...(aliases.length === 0 ? {} : { asked_as: [...aliases] }),
  }
}

/** The data that a chat's line requires. */
export type ChatParts = {
  members: readonly { person: number; is_admin: number }[]
  stays: readonly StayRow[]
  gaps: readonly GapRow[]
  isFamiliar: boolean
}

export function toChatLine(
  row: ChatRow,
  chat: string,
  { members, stays, gaps, isFamiliar }: ChatParts,
  addressOf: AddressOf,
): z.infer<typeof ChatLine> {
  return {
    line: 'chat',
    chat,
    kind: row.kind,
    name: row.name,
    unread_count: row.unread_count,
    timestamp: row.timestamp,
    pinned_at: row.pinned_at,
    muted_until: row.muted_until,
    removed_at: row.removed_at,
    forgotten_before: row.forgotten_before,
    forgotten_until: row.forgotten_until,
    goes_on_from: row.goes_on_from,
    archived: row.archived === 1,
    is_read_only: row.is_read_only === 1,
    caught_up_to: row.caught_up_to,
    // The settings of the server that imports the file may keep more.
    history_complete: row.history === 'all' && row.history_reason !== 'settings',
    members: members.flatMap(({ person, is_admin }) => {
      const id = addressOf(person)
      return id === null ? [] : [{ id, is_admin: is_admin === 1 }]
    }),
    ...(stays.length === 0
      ? {}
      : {
          stays: stays.flatMap(({ person, since_ms, until_ms }) => {
            const id = addressOf(person)
            return id === null ? [] : [{ id, since: toIsoOrNull(since_ms), until: toIsoOrNull(until_ms) }]
          }),
        }),
    ...(isFamiliar ? { familiar: true } : {}),
    gaps: gaps.map(({ after_message, before_message, found_at_ms }) => ({
      after: after_message,
      before: before_message,
      found_at: msToIso(found_at_ms),
    })),
  }
}

const toIsoOrNull = (ms: number | null) => (ms === null ? null : msToIso(ms))

/** The data that a message's line requires. */
export type MessageParts = {
  revisions: readonly RevisionRow[]
  reactions: readonly ReactionRow[]
  votes: readonly VoteRow[]
  raw: RawModel | undefined
  source: MediaSource | undefined
  preview: Uint8Array | undefined
}

export function toMessageLine(
  row: MessageRow,
  chat: string,
  { revisions, reactions, votes, raw, source, preview }: MessageParts,
  addressOf: AddressOf,
): z.infer<typeof MessageLine> {
  const { quoted, mentions, expires_at, pinned_until, ...others } = detailsOf(row)
  const rest = {
    ...others,
    ...(expires_at === undefined ? {} : { expires_at: toSeconds(expires_at) }),
    ...(pinned_until === undefined ? {} : { pinned_until: toSeconds(pinned_until) }),
  }
  return {
    line: 'message',
    position: row.id,
    chat,
    bare_id: row.bare_id,
    from_me: row.sender === ME,
    from: row.sender === ME ? null : addressOf(row.sender),
    sent_at: toIso(timeOf(row.id)),
    type: row.type,
    body: row.body,
    ack: row.ack,
    has_media: row.has_media === 1,
    ...(row.edited_at_ms === null ? {} : { edited_at: msToIso(row.edited_at_ms) }),
    ...(row.revoked_at_ms === null ? {} : { revoked_at: msToIso(row.revoked_at_ms) }),
    ...(quoted === undefined
      ? {}
      : {
          reply_to: {
            bare_id: quoted.bare_id,
            from: quoted.sender === null ? null : addressOf(quoted.sender),
            body: quoted.body,
          },
        }),
    ...(mentions === undefined
      ? {}
      : { mentions: mentions.map(addressOf).filter((address) => address !== null) }),
    ...(Object.keys(rest).length === 0 ? {} : { details: rest }),
    ...(row.by_phone ? { by_phone: toJid(`${row.by_phone}@c.us`) } : {}),
    ...(row.standing === 0 ? {} : { standing: STANDINGS[row.standing] }),
    ...(source && { source }),
    ...(preview && { preview: Buffer.from(preview).toString('base64') }),
    ...(raw && { raw }),
    ...(revisions.length === 0 ? {} : { revisions: revisions.map(toRevision) }),
    ...(reactions.length === 0
      ? {}
      : {
          reactions: reactions.flatMap(({ sender, emoji, at_ms }) => {
            const from = addressOf(sender)
            return from === null ? [] : [{ from, emoji, at: msToIso(at_ms) }]
          }),
        }),
    ...(votes.length === 0
      ? {}
      : {
          votes: votes.flatMap(({ voter, choice, at_ms }) => {
            const from = addressOf(voter)
            const options = choice === null ? null : JSON.parse(choice)
            return from === null ? [] : [{ from, options, at: msToIso(at_ms) }]
          }),
        }),
  }
}
