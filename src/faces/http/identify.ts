/** Finds the caller of a request: by its key, by its access token, or the owner without one. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Clock } from '../../clock.ts'
import { type AppError, ERRORS, fail } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { OAuthRules } from '../../model/oauth.ts'
import { type Caller, NOBODY, OWNER } from '../../operations/call.ts'

export type IdentifyOptions = {
  /** Returns the caller with this key; null if no key is this one. Throws if keys cannot be checked. */
  callerWith(key: string): Caller | null
  /** Returns the caller with this access token; rejects if it is not valid. Null: access tokens are not accepted. */
  callerWithToken: ((token: string) => Promise<Caller>) | null
  /** True if requests without a key are never served. */
  keysRequired: boolean
  clock: Clock
  log: Pick<Log, 'warn'>
}

/**
 * What is known of a request before its caller. `isOurs`: its process belongs to our user. `isPublic`: it shows nothing of an
 * account. `byCookieOrLink`: the caller that logged in with this browser, or that received the signed link of this request; null
 * if there is none, or if the route accepts none. `isForeign`: a web page of another origin sent it. The user listed the origin, but
 * the code of the page is not the owner.
 */
export type Asked = {
  headers: IncomingHttpHeaders
  isOurs: boolean
  isPublic: boolean
  byCookieOrLink: Caller | null
  isForeign: boolean
}

/** Wrong keys in a minute that are answered as such. A valid key is served at any time, so this locks nobody out. */
const MOST_WRONG = 30
const WINDOW_MS = 60_000

/** Headers that proxies and tunnels add. */
const PROXY_HEADER = /^(?:forwarded|via|x-forwarded-.*|cf-.*)$/

/**
 * Returns a function that finds the caller of a request.
 * @throws AppError `key_required`, `other_user`, `too_many_wrong_keys`, and what `callerWith` and `callerWithToken` throw
 */
export function createIdentify({
  callerWith,
  callerWithToken,
  keysRequired,
  clock,
  log,
}: IdentifyOptions): (asked: Asked) => Promise<Caller> {
  let wrong = 0
  let since = Number.NEGATIVE_INFINITY

  function refuseKey(): never {
    const now = clock.now()
    if (now - since >= WINDOW_MS) {
      since = now
      wrong = 0
    }
    wrong += 1
    if (wrong === MOST_WRONG) log.warn('many requests have a wrong key')
    if (wrong <= MOST_WRONG) fail('key_required')
    return fail('too_many_wrong_keys', { retryAfterS: Math.ceil((since + WINDOW_MS - now) / 1_000) })
  }

  return async ({ headers, isOurs, isPublic, byCookieOrLink, isForeign }) => {
    const key = keyIn(headers)
    if (key !== null) {
      const known = callerWith(key)
      if (known !== null) return known
      // Signatures cannot be guessed, so wrong tokens are not counted.
      return callerWithToken !== null && hasToken(headers) ? callerWithToken(key) : refuseKey()
    }
    if (byCookieOrLink !== null) return byCookieOrLink
    const isProxied = Object.keys(headers).some((name) => PROXY_HEADER.test(name))
    if (keysRequired || isProxied || isForeign) return isPublic ? NOBODY : fail('key_required')
    return isOurs ? OWNER : fail('other_user')
  }
}

/** Returns the key that the request carries; null if it carries none. Credentials of another kind are a wrong key. */
function keyIn({ authorization, 'x-api-key': plain }: IncomingHttpHeaders): string | null {
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  if (token !== undefined) return token
  if (plain !== undefined) return [plain].flat().join(', ').trim()
  return authorization === undefined ? null : ''
}

/** True if the bearer token has the three parts of a signed JWT. Keys have no dots. */
const hasToken = ({ authorization = '' }: IncomingHttpHeaders) =>
  /^Bearer +[\w-]+\.[\w-]+\.[\w-]+ *$/i.test(authorization)

/**
 * Returns the value of `WWW-Authenticate` in the response to this request (RFC 6750, 3); null if there is none. Where access tokens are
 * accepted, it says where they come from and which scopes to ask for (RFC 9728, 5.1): on 403, what the token has and what it lacks.
 * @param caller of the request, if it was found
 */
export function challengeOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { code, message, facts }: AppError,
  tokens: { scopes: OAuthRules['scopes']; metadataUrl: string } | null,
  caller: Caller | undefined,
): string | null {
  const isScope = code === 'scope_missing'
  const hasChallenge = isScope ? tokens !== null && hasToken(headers) : ERRORS[code].status === 401
  if (!hasChallenge) return null
  const fields: Record<string, string> = {}
  if (isScope) fields.error = 'insufficient_scope'
  else if (keyIn(headers) !== null) fields.error = 'invalid_token'
  if (code === 'token_invalid') fields.error_description = message
  if (tokens !== null) {
    const asked = [...tokens.scopes].filter(
      ([scope]) => !isScope || caller === undefined || caller.scopes.has(scope) || facts.scope === scope,
    )
    fields.scope = asked.map(([, name]) => name).join(' ')
    fields.resource_metadata = tokens.metadataUrl
  }
  const listed = Object.entries(fields).map(([name, value]) => `${name}="${value}"`)
  return ['Bearer', listed.join(', ')].filter(Boolean).join(' ')
}
