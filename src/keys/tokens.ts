/** The callers of access tokens: what a token of the issuer allows, within the limits that the owner set. */
import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { type Caller, hasAccount, hasScope, OWNER, type Scope } from '../model/caller.ts'
import type { OAuthRules } from '../model/oauth.ts'
import { type Policy, sendsBy } from '../model/policy.ts'
import { type Issuer, TOLERANCE_S } from './issuer.ts'
import type { Keys } from './keys.ts'

export type Tokens = {
  /**
   * Returns the caller of this access token. Tokens of one client and user that allow the same have one caller: it ends when the
   * last of them expires, so that a new token continues what an older one began.
   * @throws AppError `token_invalid`, `scope_missing` (it has no scope of ours), `issuer_unavailable`
   */
  callerWith(token: string): Promise<Caller>
  /**
   * Returns what a caller of tokens may do at most, without a token: for what waits longer than tokens are valid. Null for
   * another id, or if the key that limits tokens is gone.
   */
  callerOf(id: string): Caller | null
  /** Calls `listener` when a caller ends: its streams and sessions must end too. */
  onEnd(listener: (caller: Caller) => void): void
  /** See {@link Issuer.warm}. */
  warm(): Promise<void>
  close(): void
}

export type TokensOptions = {
  rules: OAuthRules
  issuer: Issuer
  keys: Pick<Keys, 'callerOf' | 'onEnd'>
  /** The policy of callers whose limits have none. */
  sends: Policy
  /** Returns the account whose MCP endpoint has this URL; null if there is none. */
  accountAt(url: string): string | null
  clock: Clock
}

/** The ids of these callers. Keys have others. */
const PREFIX = 'oauth_'

export function createTokens({ rules, issuer, keys, sends, accountAt, clock }: TokensOptions): Tokens {
  /** By what their tokens allow: id, scopes and account, as JSON. */
  const open = new Map<string, { caller: Caller; untilMs: number; cancel(): void }>()
  const listeners: ((caller: Caller) => void)[] = []

  /** @param account null: all that the limits allow */
  function toCaller(id: string, scopes: readonly Scope[], account: string | null): Caller | null {
    const limits = rules.key === null ? OWNER : keys.callerOf(rules.key)
    if (limits === null) return null
    const one = account !== null && hasAccount(limits, account) ? [account] : []
    return {
      ...limits,
      id,
      scopes: new Set(scopes.filter((scope) => hasScope(limits, scope))),
      accounts: account === null ? limits.accounts : new Set(one),
      sends: limits.sends ?? sendsBy(sends),
    }
  }

  function end(name: string): void {
    const known = open.get(name)
    if (known === undefined) return
    known.cancel()
    open.delete(name)
    for (const listener of listeners) listener(known.caller)
  }

  /** Keeps the caller until this time, at least. */
  function keep(name: string, caller: Caller, untilMs: number): Caller {
    const known = open.get(name)
    if (known !== undefined && known.untilMs >= untilMs) return known.caller
    known?.cancel()
    const one = known?.caller ?? caller
    open.set(name, { caller: one, untilMs, cancel: clock.after(untilMs - clock.now(), () => end(name)) })
    return one
  }

  // Callers have the limits of the key, and end when it changes. A token that is still valid then gets a new caller.
  keys.onEnd(({ id }) => {
    if (id === rules.key) for (const name of [...open.keys()]) end(name)
  })

  /** The account that a token is for; null: all. Tokens for others are refused (RFC 8707, 2). */
  function accountFor({ aud }: JWTPayload): string | null {
    const audiences = [aud ?? []].flat()
    if (rules.audience !== null && audiences.includes(rules.audience)) return null
    const own = rules.audience === null ? audiences.map(accountAt).find((one) => one !== null) : undefined
    return own ?? fail('token_invalid', { detail: 'The access token is for another server (aud).' })
  }

  return {
    async callerWith(token) {
      const claims = await issuer.claimsOf(token)
      const account = accountFor(claims)
      const given = scopesIn(claims)
      const scopes = [...rules.scopes].flatMap(([scope, name]) => (given.includes(name) ? [scope] : []))
      const id = `${PREFIX}${hashOf([rules.issuer, claims.sub, claims.client_id ?? claims.azp ?? null])}`
      const caller = toCaller(id, scopes, account)
      if (caller === null)
        return fail('token_invalid', {
          detail: 'The key that limits access tokens is revoked or has expired.',
        })
      if (caller.scopes.size === 0)
        fail('scope_missing', {
          detail: 'The access token has no scope that this server accepts.',
          hint: `Ask the issuer for a token with one of ${[...rules.scopes.values()].join(', ')}.`,
        })
      return keep(JSON.stringify([id, scopes, account]), caller, (claims.exp + TOLERANCE_S) * 1_000)
    },
    callerOf: (id) => (id.startsWith(PREFIX) ? toCaller(id, [...rules.scopes.keys()], null) : null),
    onEnd: (listener) => void listeners.push(listener),
    warm: issuer.warm,
    close() {
      for (const { cancel } of open.values()) cancel()
    },
  }
}

const hashOf = (parts: unknown[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)

/** RFC 9068, 2.2.3. Some issuers call them `scp`, as a list. */
function scopesIn({ scope, scp }: JWTPayload): string[] {
  return [scope ?? scp ?? []].flat().flatMap((one) => String(one).split(' '))
}
