/** Links to the media of one message: signed, for one caller and one hour. They need no key. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { accountPath } from '../model/account-paths.ts'
import type { Jid } from '../model/ids.ts'
import type { Caller, Face } from './call.ts'
import { sightOf } from './seen.ts'

const HOUR_MS = 3_600_000

/** What a link is for. `caller`: the id of the caller to whom it was given; `face`: where. */
export type Linked = { account: string; caller: string; face: Face; message: string }

export type MediaLinks = {
  /** The path and query of a new link. Not for the log. */
  make(what: Linked): { path: string; expiresAt: Date }
  /**
   * Returns the caller that received this link, and on which face; null if the query has no signature, so it is no link.
   * `query`: by name.
   * @throws AppError `link_invalid` if the link is not for this message, or has expired
   */
  read(
    what: Pick<Linked, 'account' | 'message'>,
    query: Record<string, string | string[]>,
  ): Pick<Linked, 'caller' | 'face'> | null
}

/** @param secret of this server */
export function createMediaLinks(secret: string, clock: Pick<Clock, 'now'>): MediaLinks {
  const sign = ({ account, caller, face, message }: Linked, expires: number): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify(['media', account, caller, face, message, expires]))
      .digest('base64url')

  return {
    make(what) {
      const expires = Math.floor((clock.now() + HOUR_MS) / 1000)
      const { caller, face } = what
      const query = { expires: String(expires), caller, face, signature: sign(what, expires) }
      const path = accountPath(`/api/messages/${encodeURIComponent(what.message)}/media`, what.account)
      return { path: `${path}?${new URLSearchParams(query)}`, expiresAt: new Date(expires * 1000) }
    },
    read(what, { expires, caller, face, signature }) {
      if (signature === undefined) return null
      const to = { caller: String(caller), face: face === 'mcp' ? ('mcp' as const) : ('rest' as const) }
      const given = Buffer.from(String(signature))
      const own = Buffer.from(sign({ ...what, ...to }, Number(expires)))
      const isOurs = given.length === own.length && timingSafeEqual(given, own)
      if (!isOurs || Number(expires) * 1000 <= clock.now()) fail('link_invalid')
      return to
    },
  }
}

export type LinkedCallerOptions = {
  links: Pick<MediaLinks, 'read'>
  /** Returns the caller with this id, as it is now; null if there is none any more. */
  callerOf(id: string): Caller | null
  /** The chats that the settings hide, see {@link sightOf}. */
  hideChats: readonly Jid[]
}

/** Returns the caller of a request by a link, with what it may see now; null if the request has none. Fails as `MediaLinks.read`. */
export type LinkedCaller = (...request: Parameters<MediaLinks['read']>) => Caller | null

/** A link ends with its caller, and shows only what the caller sees on the face where it was given. */
export function createLinkedCaller({ links, callerOf, hideChats }: LinkedCallerOptions): LinkedCaller {
  return (what, query) => {
    const to = links.read(what, query)
    if (to === null) return null
    const caller = callerOf(to.caller) ?? fail('link_invalid')
    return { ...caller, sees: sightOf({ caller, face: to.face }, hideChats) }
  }
}
