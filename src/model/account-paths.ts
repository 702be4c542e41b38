/** The paths of an account: `/api/X` is of `default`, and `/api/accounts/{account}/X` is the same of another. Pages and endpoints likewise. */
import { DEFAULT_ACCOUNT } from './ids.ts'

/** What belongs to the server and not to one account, and `accounts`: the first word of its routes. */
const OF_SERVER = '(?:accounts|audit|keys|outbox|rules|webhooks)\\b'
const SERVER_PATH = new RegExp(`^/api/${OF_SERVER}`)

/** A route or page of one account in a sentence, with nothing before its path that makes it part of an address. */
const PATHS = new RegExp(`(?<![\\w/.:])/(?:api/(?!${OF_SERVER})[\\w{]|(?:qr|mcp)\\b)`, 'g')

/** Returns the path of this account. @param path of `default`; a path that is not of one account is returned as it is */
export function accountPath(path: string, account: string): string {
  if (account === DEFAULT_ACCOUNT) return path
  if (SERVER_PATH.test(path)) return path
  if (path.startsWith('/api/')) return `/api/accounts/${account}${path.slice('/api'.length)}`
  return /^\/(qr|mcp)\b/.test(path) ? `/accounts/${account}${path}` : path
}

/** Returns the sentence with the paths of this account. */
export function inAccount(text: string, account: string): string {
  return account === DEFAULT_ACCOUNT ? text : text.replace(PATHS, (found) => accountPath(found, account))
}

/** Returns the path of `default` that is the same as this one. */
export function defaultPath(path: string): string {
  return path.replace(/^(\/api)?\/accounts\/[^/]+(?=\/)/, '$1')
}
