/** The issuer of access tokens: finds its keys by its metadata, and checks the tokens that it signed. */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type Clock, DeadlineError, withDeadline } from '../clock.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'

export type Issuer = {
  /**
   * Returns the claims of a token that this issuer signed and that is valid now, whatever its audience.
   * @throws AppError `token_invalid`, `issuer_unavailable`
   */
  claimsOf(token: string): Promise<JWTPayload & { sub: string; exp: number }>
  /** Reads the metadata in advance, so that the first client does not wait. Never rejects: the log has what is wrong. */
  warm(): Promise<void>
}

export type IssuerOptions = {
  /** As the settings have it. */
  url: string
  clock: Clock
  log: Pick<Log, 'warn'>
}

/** A request is answered within 2 s (door.ts), so an issuer that needs longer than this counts as unavailable. */
const ANSWER_MS = 1_500
const FETCH_MS = 5_000
/** An issuer that failed is asked again by the first token after this time. */
const RETRY_MS = 5_000
/** Clocks of two computers differ. */
export const TOLERANCE_S = 5
/** With public keys only: a secret that two servers share would let this one issue tokens. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** What the codes of jose say of a token. Its other errors are those of the request for the keys. */
const INVALID: Record<string, string> = {
  ERR_JWT_EXPIRED: 'The access token has expired.',
  ERR_JWT_CLAIM_VALIDATION_FAILED:
    'The access token is of another issuer, not valid yet, or lacks sub or exp.',
  ERR_JWKS_NO_MATCHING_KEY: 'The access token is signed with a key that its issuer does not publish.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The access token does not name the key that signed it.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the access token is wrong.',
  ERR_JOSE_ALG_NOT_ALLOWED: 'The access token is signed with an algorithm that this server does not accept.',
  ERR_JOSE_NOT_SUPPORTED: 'The access token is signed in a form that this server does not accept.',
  ERR_JWS_INVALID: 'The access token is not a signed JWT.',
  ERR_JWT_INVALID: 'The access token is not a signed JWT.',
}

type Known = { issuer: string; keys: JWTVerifyGetKey }

/** Opens nothing: the first token, or {@link Issuer.warm}, makes the first request. */
export function createIssuer({ url, clock, log }: IssuerOptions): Issuer {
  let known: Promise<Known> | null = null
  let failedAt = Number.NEGATIVE_INFINITY

  function find(): Promise<Known> {
    if (known !== null) return known
    if (clock.now() - failedAt < RETRY_MS) fail('issuer_unavailable', { retryAfterS: RETRY_MS / 1_000 })
    known = discover(url)
    known.catch((error) => {
      known = null
      failedAt = clock.now()
      log.warn({ err: error }, 'the issuer of access tokens cannot be used')
    })
    return known
  }

  async function verify(token: string): Promise<JWTPayload> {
    const { issuer, keys } = await find()
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: TOLERANCE_S,
      currentDate: new Date(clock.now()),
    })
    return payload
  }

  return {
    async claimsOf(token) {
      const claims = await withDeadline(clock, 'Checking an access token', ANSWER_MS, verify(token)).catch(
        (cause) => {
          if (cause instanceof AppError) throw cause
          const detail = cause instanceof errors.JOSEError ? INVALID[cause.code] : undefined
          if (detail !== undefined) return fail('token_invalid', { detail, cause })
          if (!(cause instanceof DeadlineError)) log.warn({ err: cause }, 'access tokens cannot be checked')
          return fail('issuer_unavailable', { retryAfterS: RETRY_MS / 1_000, cause })
        },
      )
      // A bound token (RFC 7800) is worth something only with a proof that this server does not ask for.
      if (claims.cnf !== undefined)
        fail('token_invalid', { detail: 'The access token is bound to a key of its client (cnf).' })
      return { ...claims, sub: String(claims.sub), exp: Number(claims.exp) }
    },
    warm: () =>
      find().then(
        () => {},
        () => {},
      ),
  }
}

/** Reads the metadata (RFC 8414, 3; OpenID Connect Discovery 1.0, 4). Throws what is wrong with it. */
async function discover(url: string): Promise<Known> {
  const { origin, pathname } = new URL(url)
  const path = pathname.replace(/\/$/, '')
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  const problems: unknown[] = []
  for (const place of places) {
    try {
      const { issuer, jwks_uri } = Object(await read(place))
      if (issuer !== url)
        throw new Error(`The issuer names itself ${issuer}. Set WHATSAPP_MCP_OAUTH_ISSUER to exactly this.`)
      const at = new URL(String(jwks_uri))
      if (at.protocol !== 'https:' && at.origin !== origin) throw new Error('Its jwks_uri is not HTTPS.')
      return { issuer, keys: createRemoteJWKSet(at, { timeoutDuration: FETCH_MS }) }
    } catch (error) {
      problems.push(error)
    }
  }
  throw new AggregateError(problems, `${places.join(' and ')} cannot be used: ${problems.join('; ')}`)
}

async function read(place: string): Promise<unknown> {
  const response = await fetch(place, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_MS),
  })
  if (!response.ok) throw new Error(`${place} returned ${response.status}`)
  return response.json()
}
