/** The client: typed calls of every route, and typed events, over the transport. */
import createFetch, { type Client as FetchClient } from 'openapi-fetch'
import type { components, paths } from './schema.ts'
import { type Reading, readEvents } from './transport/events.ts'
import { ApiError as AnyApiError, toProblem } from './transport/problem.ts'
import { createTransport } from './transport/transport.ts'

/** Problem JSON (RFC 9457) with a machine-readable `code`, the next step as `hint`, and whether to retry as `retry`. */
export type Problem = components['schemas']['Problem']
/** The server returned an error. */
export const ApiError: new (problem: Problem) => ApiError = AnyApiError
export type ApiError = AnyApiError<Problem>

/** Any event. `kind` says which, and types its `data`. */
export type WhatsAppEvent = components['schemas']['Event']
export type EventKind = WhatsAppEvent['kind']
/** The event of this kind. */
export type EventOf<Kind extends EventKind> = Extract<WhatsAppEvent, { kind: Kind }>
export type EventOptions<Kind extends EventKind = EventKind> = Reading & { kinds?: readonly Kind[] }

export type Options = {
  /** URL of the server. Default: http://127.0.0.1:8790. */
  url?: string
  /** Key of the caller. Default: none. */
  key?: string
  /** Id of the account. Default: `default`. */
  account?: string
  /** The most repetitions of a request. Default: 3. 0: none. */
  retries?: number
  /** Called before each pause, with its length in milliseconds. */
  onPause?: (pauseMs: number) => void
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

/** Returns a client. Requests that change something get an idempotency key, so that a repetition changes it once. */
export function createClient({
  url = 'http://127.0.0.1:8790',
  key,
  account = 'default',
  retries = 3,
  onPause,
  fetch: given = (request) => fetch(request),
}: Options = {}): Client {
  const baseUrl = url.replace(/\/+$/, '')
  const send = createTransport({ url: baseUrl, key: key ?? null, account, retries, onPause, fetch: given })
  const ask = async (path: string, signal: AbortSignal | undefined) => {
    const answer = await send(new Request(`${baseUrl}${path}`, { signal: signal ?? null }))
    if (answer.ok) return answer
    throw new AnyApiError(toProblem(await answer.json().catch(() => null), answer.status), baseUrl)
  }
  return Object.assign(createFetch<paths>({ baseUrl, fetch: send }), {
    events: <Kind extends EventKind = EventKind>(options: EventOptions<Kind> = {}) =>
      readEvents(ask, options) as AsyncGenerator<EventOf<Kind>, void>,
  })
}

type Answered<Data> = { data?: Data; error?: unknown; response: Response }

/**
 * Returns the data of a response.
 * @throws ApiError if the server returned an error
 */
export async function unwrap<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await call
  if (response.ok && data !== undefined) return data
  throw new AnyApiError(toProblem(error, response.status))
}
