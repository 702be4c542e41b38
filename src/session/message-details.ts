/** What a message has beside its text, as the table of messages stores it: content, quote, mentions, marks, expiry. */
import type { Content } from '../model/content.ts'
import type { Jid } from '../model/ids.ts'
import type { SeenMessage } from '../model/seen.ts'
import type { MessageDetails } from '../store/message-row.ts'

/** Facts that a seen copy may lack. */
type Known = Pick<MessageDetails, 'media' | 'quoted' | 'mentions' | 'transcript' | 'text'>

/**
 * The details of a message as seen. Facts that this copy lacks are as `known`.
 * @param senderId returns the person who had this address at that time (Unix seconds)
 */
export function toDetails(
  seen: SeenMessage,
  senderId: (jid: Jid, at: number) => number,
  {
    expiresAt = seen.expiresAt,
    marks = marksOf(seen, {}),
    known = {},
  }: { expiresAt?: number | null; marks?: Marks; known?: Known } = {},
): MessageDetails {
  return {
    ...withKnownMedia(known, seen.content),
    ...(seen.quoted === null
      ? pick(known, 'quoted')
      : {
          quoted: {
            bare_id: seen.quoted.bareId,
            sender: seen.quoted.sender === null ? null : senderId(seen.quoted.sender, seen.sentAt),
            body: seen.quoted.body,
          },
        }),
    ...(seen.mentions.length === 0
      ? pick(known, 'mentions')
      : { mentions: seen.mentions.map((jid) => senderId(jid, seen.sentAt)) }),
    ...(seen.forwarded ? { forwarded: 1 as const } : {}),
    ...toExpiry(expiresAt),
    ...toMarks(marks),
  }
}

/** The content among the details of a stored message. */
export function contentIn({
  quoted,
  mentions,
  forwarded,
  expires_at,
  starred,
  pinned_until,
  ...content
}: MessageDetails): Content {
  return content
}

/** A copy of a message may come with fewer facts about its media than an earlier one, and has no words of it. */
export function withKnownMedia(
  known: Pick<Content, 'media' | 'transcript' | 'text'>,
  content: Content,
): Content {
  const media = known.media === undefined ? {} : { media: { ...known.media, ...content.media } }
  return {
    ...pick(known, 'media'),
    ...content,
    ...media,
    ...pick(known, 'transcript'),
    ...pick(known, 'text'),
  }
}

function pick<T extends object, K extends keyof T>(from: T, name: K): Partial<Pick<T, K>> {
  return from[name] === undefined ? {} : ({ [name]: from[name] } as Partial<Pick<T, K>>)
}

/** `pinnedUntil`: Unix seconds; null: it is not pinned. */
export type Marks = { starred: boolean; pinnedUntil: number | null }

/** The star and the pin of a message: as seen, else as known. */
export function marksOf(
  { starred, pinnedUntil }: Pick<SeenMessage, 'starred' | 'pinnedUntil'>,
  known: MessageDetails,
): Marks {
  return {
    starred: starred ?? known.starred === 1,
    pinnedUntil: pinnedUntil === undefined ? (known.pinned_until ?? null) : pinnedUntil,
  }
}

export const toMarks = ({ starred, pinnedUntil }: Marks): MessageDetails => ({
  ...(starred ? { starred: 1 } : {}),
  ...(pinnedUntil === null ? {} : { pinned_until: pinnedUntil }),
})

/** `at`: Unix seconds; null: it does not expire. */
export const toExpiry = (at: number | null): MessageDetails => (at === null ? {} : { expires_at: at })

/** As in the table; null: no details. */
export function toJson(details: MessageDetails): string | null {
  return Object.keys(details).length === 0 ? null : JSON.stringify(details)
}
