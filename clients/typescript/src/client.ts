/** The client: typed calls of every route, with the key, idempotency keys and retries. */
import createFetch, { type Client as FetchClient } from 'openapi-fetch'
import { type EventKind, type EventOf, type EventOptions, readEvents } from './events.ts'
import { createRetrying } from './retrying.ts'
import type { paths } from './schema.ts'

export type Options = {
  /** URL of the server, or of one of its accounts. Default: http://127.0.0.1:8790. */
  url?: string
  /** Key of the caller. Default: none. */
  key?: string
  /** Id of the account. Default: `default`. */
  account?: string
  /** The most repetitions of a request. Default: 3. 0: none. */
  retries?: number
  /** Sends requests. Default: the global fetch. */
  fetch?: (request: Request) => Promise<Response>
}

export type Client = FetchClient<paths> & {
  /**
   * Yields events as they happen. Reconnects after the last event, so that none is missed, until `signal` is aborted or the
   * loop ends.
   * @throws ApiError for an error that a new connection does not mend
   */
  events<Kind extends EventKind = EventKind>(
    options?: EventOptions<Kind>,
  ): AsyncGenerator<EventOf<Kind>, void>
}

/** Routes of the server, not of one account. */
const GLOBAL = /^\/api\/(?:accounts|audit|keys|outbox|rules|uploads|webhooks)\b/
const WITHOUT_KEY = /^\/api\/uploads$/

/** Returns a client. Requests that change something get an idempotency key, so that a repetition changes it once. */
export function createClient({
  url = 'http://127.0.0.1:8790',
  key,
  account = 'default',
  retries = 3,
  fetch: given = (request) => fetch(request),
}: Options = {}): Client {
  const baseUrl = url.replace(/\/+$/, '')
  const isOther = account !== 'default'
  const client = createFetch<paths>({ baseUrl, fetch: createRetrying(given, retries) })
  client.use({
    onRequest({ request, schemaPath }) {
      if (key !== undefined) request.headers.set('authorization', `Bearer ${key}`)
      const needsKey = request.method !== 'GET' && !WITHOUT_KEY.test(schemaPath)
      if (needsKey && !request.headers.has('idempotency-key'))
        request.headers.set('idempotency-key', crypto.randomUUID())
      if (!isOther || GLOBAL.test(schemaPath) || !schemaPath.startsWith('/api/')) return request
      const at = new URL(request.url)
      const base = new URL(baseUrl).pathname.replace(/\/$/, '')
      at.pathname = `${base}/api/accounts/${account}${at.pathname.slice(`${base}/api`.length)}`
      return new Request(at, request)
    },
  })
  return Object.assign(client, {
    events: <Kind extends EventKind = EventKind>(options: EventOptions<Kind> = {}) =>
      readEvents(client, options),
  })
}
