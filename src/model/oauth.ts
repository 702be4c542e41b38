/** The rules by which access tokens of another server are accepted, and the setting that maps its scopes to ours. */
import { z } from 'zod'
import { SCOPES, type Scope } from './caller.ts'

export type OAuthRules = {
  /** The server that issues the tokens, exactly as its metadata and its tokens name it. */
  issuer: string
  /** The audience of every token that is accepted; null: the URL of the MCP endpoint that the token is used for. */
  audience: string | null
  /** Our scopes that tokens can give, each with the issuer's name for it. */
  scopes: ReadonlyMap<Scope, string>
  /** The id of the key that limits what tokens allow; null: none. */
  key: string | null
}

const isScope = (word: string): word is Scope => SCOPES.some((scope) => scope === word)

/** Parses `read=whatsapp:read,send=…`. A scope that is not in the list is given by no token. */
export const scopeNames = z.string().transform((text, context): ReadonlyMap<Scope, string> => {
  const names = new Map<Scope, string>()
  for (const pair of text.split(',')) {
    const [, scope = '', name = ''] = /^\s*(\w+)=([\x21\x23-\x5b\x5d-\x7e]+)\s*$/.exec(pair) ?? []
    if (isScope(scope) && !names.has(scope)) names.set(scope, name)
    else {
      context.addIssue(
        `a list such as read=whatsapp:read,send=whatsapp:send, with each of ${SCOPES.join(', ')} at most once`,
      )
      return z.NEVER
    }
  }
  return names
})

/** Parses the URL of an issuer: HTTPS, or HTTP of this computer. Returns it as it is written; null if it is empty. */
export const issuerUrl = (isLoopback: (host: string) => boolean) =>
  z.string().transform((text, context): string | null => {
    if (text === '') return null
    const url = URL.canParse(text) ? new URL(text) : null
    const isSafe =
      url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname.toLowerCase()))
    if (url !== null && isSafe && url.search + url.hash + url.username === '') return text
    context.addIssue('the HTTPS URL of an issuer, such as https://login.example.org/realms/home')
    return z.NEVER
  })
