/**
 * What every client of a server shares, typed or not: the key, the path of the account, the idempotency key and repetitions.
 * The command line uses it too. Imports nothing but its own folder.
 */
import { createRetrying, type Fetch, type Retries } from './retrying.ts'

export type Transport = Retries & {
  /** URL of the server, without a slash at the end. */
  url: string
  /** Key of the caller; null: none. */
  key: string | null
  /** Id of the account. */
  account: string
  fetch: Fetch
}

/** The routes of the API that belong to the server and not to one account. */
const OF_SERVER = /^\/api\/(?:accounts|audit|keys|outbox|rules|webhooks)\b/
/** The other paths that belong to one account. */
const PAGES = /^\/(?:qr|mcp)$/
/** An upload gets no key, so it is not repeated: the file is read once and not held in memory. */
const WITHOUT_KEY = /\/uploads$/

/**
 * Returns a fetch for the paths of the account `default`, which sends them as those of this account. Requests that change
 * something get an idempotency key if they have none, so that a repetition changes it once.
 */
export function createTransport({ url, key, account, fetch, ...retries }: Transport): Fetch {
  const send = createRetrying(fetch, retries)
  const base = new URL(url).pathname.replace(/\/$/, '')
  return (request) => {
    const at = new URL(request.url)
    const path = at.pathname.slice(base.length)
    if (key !== null) request.headers.set('authorization', `Bearer ${key}`)
    const needsKey = request.method !== 'GET' && !WITHOUT_KEY.test(path)
    if (needsKey && !request.headers.has('idempotency-key'))
      request.headers.set('idempotency-key', crypto.randomUUID())
    const own = account === 'default' ? path : pathOf(account, path)
    if (own === path) return send(request)
    at.pathname = `${base}${own}`
    return send(new Request(at, request))
  }
}

function pathOf(account: string, path: string): string {
  if (OF_SERVER.test(path)) return path
  if (path.startsWith('/api/')) return `/api/accounts/${account}${path.slice('/api'.length)}`
  return PAGES.test(path) ? `/accounts/${account}${path}` : path
}
