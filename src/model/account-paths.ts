/** The paths of an account: `/api/X` is of `default`, and `/api/accounts/{account}/X` is the same of another. Pages and endpoints likewise. */
import { DEFAULT_ACCOUNT } from './ids.ts'

/** A route or page of one account in a sentence, with nothing before its path that makes it part of an address. */
const PATHS = /(?<![\w/.:])\/(?:api\/(?!accounts\b)[\w{]|(?:qr|mcp)\b)/g

/** Returns the path of this account. @param path of `default`; a path that is not of one account is returned as it is */
export function accountPath(path: string, account: string): string {
  if (account === DEFAULT_ACCOUNT) return path
  if (path.startsWith('/api/accounts')) return path
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
