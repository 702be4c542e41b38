/** Links to the media of one message: signed, for one caller and one hour. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { accountPath } from '../model/account-paths.ts'

const HOUR_MS = 3_600_000

/** What a link is for. `caller`: its id; a link ends with its caller. */
export type Linked = { account: string; caller: string; message: string }

export type MediaLinks = {
  /** The path and query of a new link. Not for the log. */
  make(what: Linked): { path: string; expiresAt: Date }
  /** @throws AppError `link_invalid` if the link is not for this, or has expired */
  check(what: Linked, expires: number, signature: string): void
}

/** @param secret of this server */
export function createMediaLinks(secret: string, clock: Pick<Clock, 'now'>): MediaLinks {
  const sign = ({ account, caller, message }: Linked, expires: number): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify(['media', account, caller, message, expires]))
      .digest('base64url')

  return {
    make(what) {
      const expires = Math.floor((clock.now() + HOUR_MS) / 1000)
      const query = new URLSearchParams({ expires: String(expires), signature: sign(what, expires) })
      const path = accountPath(`/api/messages/${encodeURIComponent(what.message)}/media`, what.account)
      return { path: `${path}?${query}`, expiresAt: new Date(expires * 1000) }
    },
    check(what, expires, signature) {
      const given = Buffer.from(signature)
      const own = Buffer.from(sign(what, expires))
      const isOurs = given.length === own.length && timingSafeEqual(given, own)
      if (!isOurs || expires * 1000 <= clock.now()) fail('link_invalid')
    },
  }
}
