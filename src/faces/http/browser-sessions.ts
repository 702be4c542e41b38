/** Sessions of browsers: a person types a key once, and the browser gets a cookie. Only pages accept it; a key never stands in a URL. */
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Caller } from '../../operations/call.ts'

export type BrowserSessions = {
  /** Begins a session of this caller. Returns the value of `Set-Cookie`. */
  begin(caller: Caller): string
  /** Returns the caller whose session this header `Cookie` names; null if it names none that is alive. */
  callerOf(cookies: string | undefined): Caller | null
  /** Ends the sessions of this caller: its key was revoked, changed or has expired. */
  end(caller: Caller): void
}

const LIVES_MS = 12 * 3_600_000
/** The most sessions; then the oldest one ends. */
const MOST = 1_000

type Options = {
  /** Of this server. Cookies are shared by all ports of a computer, so the name of the cookie is the server's own. */
  secret: string
  /** True if browsers reach the server over TLS only. */
  isSecure: boolean
  clock: Pick<Clock, 'now'>
}

/** The sessions end with the server. */
export function createBrowserSessions({ secret, isSecure, clock }: Options): BrowserSessions {
  const name = `wma_${hashOf(`cookie ${secret}`).slice(0, 12)}`
  /** By the hash of the id, in the order of their beginning. */
  const alive = new Map<string, { caller: Caller; endsAt: number }>()
  return {
    begin(caller) {
      const [oldest] = alive.keys()
      if (alive.size >= MOST && oldest !== undefined) alive.delete(oldest)
      const id = randomBytes(32).toString('base64url')
      alive.set(hashOf(id), { caller, endsAt: clock.now() + LIVES_MS })
      const secure = isSecure ? '; Secure' : ''
      return `${name}=${id}; Path=/; Max-Age=${LIVES_MS / 1_000}; HttpOnly; SameSite=Strict${secure}`
    },
    callerOf(cookies = '') {
      const [, id] = cookies.match(new RegExp(`(?:^|; ?)${name}=([\\w-]+)`)) ?? []
      if (id === undefined) return null
      const session = alive.get(hashOf(id))
      return session !== undefined && clock.now() < session.endsAt ? session.caller : null
    },
    end(caller) {
      for (const [id, session] of alive) if (session.caller === caller) alive.delete(id)
    },
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
