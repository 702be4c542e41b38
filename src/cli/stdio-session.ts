/**
 * The session of a client of the eras before 2026-07-28: begun by its `initialize`, and begun anew, as it began it, where
 * the server no longer knows it.
 */
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipeFailure } from './stdio-failure.ts'
import { type Http, isEventStream, Lost, Stopping, textsOf } from './stdio-http.ts'
import { isRecord, type Message, readAnswer, saysStopping } from './stdio-message.ts'

export type LegacySession = {
  /** Headers that say which session a message is of. */
  headers(): Record<string, string>
  /** Id of the session now; null where there is none. */
  id(): string | null
  /** The client has begun one, and this was the answer. A session from before is ended. */
  begun(initialize: Message, answer: IncomingMessage, text: string): void
  /** A message that went through: what must be said again in a new session is kept. */
  passed(message: Message): void
  /** Resolves once a session that is being begun anew has begun, or could not be. */
  ready(): Promise<void>
  /** The rest of a stream that broke off after the event of this id. @throws Lost where there is none to be had */
  resume(reached: string, signal: AbortSignal): Promise<IncomingMessage>
  /** The server does not know the session of this id any more: begin it anew, once for all who find that out. */
  renew(lostId: string): Promise<void>
  /** End it, for good. */
  close(): Promise<void>
}

export type SessionOptions = {
  http: Http
  /** What the server says by itself, each a JSON text. */
  onText(text: string): Promise<void>
  say(line: string): void
}

const ACCEPT_BOTH = 'application/json, text/event-stream'
const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
/** Between two tries to open the stream of notices again. */
const RETRY_MS = { first: 1_000, most: 30_000 } as const
/** Telling the server that the session is over is a courtesy. */
const GOODBYE_MS = 1_000

/** What is sent with every message. */
export const POST_HEADERS = { 'content-type': 'application/json', accept: ACCEPT_BOTH } as const

export function createLegacySession({ http, onText, say }: SessionOptions): LegacySession {
  let initialize: string | null = null
  let id: string | null = null
  let version: string | null = null
  let renewal: Promise<void> | null = null
  /** The stream of notices that is open now. */
  let notices = new AbortController()
  /** `resources/subscribe` by address: a new session knows nothing of them. */
  const subscribed = new Map<string, string>()

  const headers = () => ({
    ...(id === null ? {} : { 'mcp-session-id': id }),
    ...(version === null ? {} : { 'mcp-protocol-version': version }),
  })

  function begin(answer: IncomingMessage, text: string): void {
    const [part] = readAnswer(text)?.parts ?? []
    const result = isRecord(part?.result) ? part.result : {}
    const given = answer.headers['mcp-session-id']
    id = typeof given === 'string' ? given : null
    version = typeof result.protocolVersion === 'string' ? result.protocolVersion : null
  }

  async function post(body: string): Promise<IncomingMessage> {
    return http.request({ method: 'POST', headers: { ...POST_HEADERS, ...headers() }, body })
  }

  async function beginAnew(initialize: string): Promise<void> {
    const before = { id, version }
    id = null
    version = null
    say('the server does not know this session any more: it is begun anew')
    try {
      const answer = await post(initialize)
      const texts: string[] = []
      for await (const text of textsOf(answer)) texts.push(text)
      if (texts.some((one) => saysStopping(readAnswer(one)?.parts ?? []))) throw new Stopping()
      const text = texts.find((one) => (readAnswer(one)?.parts ?? []).some((part) => 'result' in part))
      if (answer.statusCode !== 200 || text === undefined) throw notBegun()
      begin(answer, text)
      for (const one of [INITIALIZED, ...subscribed.values()]) (await post(one)).resume()
      void listen()
    } catch (error) {
      // The next request finds it lost again.
      ;({ id, version } = before)
      throw error
    }
  }

  /** The session's stream, or from here on the one that this event was of. */
  function get(reached: string | null, signal: AbortSignal): Promise<IncomingMessage> {
    const from = reached === null ? {} : { 'last-event-id': reached }
    const accept = 'text/event-stream'
    return http.request({ method: 'GET', headers: { accept, ...from, ...headers() }, signal, isFresh: true })
  }

  /** The stream of notices, opened again for as long as the session lives. Never fails, and starts no server. */
  async function listen(): Promise<void> {
    notices.abort()
    notices = new AbortController()
    const { signal } = notices
    let reached: string | null = null
    for (let pauseMs: number = RETRY_MS.first; !signal.aborted && id !== null; ) {
      const asked = id
      try {
        const answer = await get(reached, signal)
        if (answer.statusCode === 404) return await renew(asked)
        // There is none for this client. Anything else passes: a server that stops, or one in between that knows none.
        if (answer.statusCode === 405) return void answer.resume()
        if (!isEventStream(answer)) throw new Lost('no stream', false)
        const onId = (at: string) => {
          reached = at
        }
        for await (const text of textsOf(answer, onId)) {
          pauseMs = RETRY_MS.first
          await onText(text)
        }
      } catch {
        // It broke off, or nobody answers: whoever asks for something next finds that out.
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      pauseMs = Math.min(RETRY_MS.most, pauseMs * 2)
    }
  }

  function renew(lostId: string): Promise<void> {
    const isDone = id !== lostId && renewal === null
    if (isDone || initialize === null) return Promise.resolve()
    renewal ??= beginAnew(initialize).finally(() => {
      renewal = null
    })
    return renewal
  }

  async function close(): Promise<void> {
    notices.abort()
    if (id === null) return
    const ended = headers()
    id = null
    const signal = AbortSignal.timeout(GOODBYE_MS)
    const answer = await http.request({ method: 'DELETE', headers: ended, signal }).catch(() => null)
    answer?.resume()
  }

  return {
    headers,
    id: () => id,
    begun(message, answer, text) {
      void close()
      subscribed.clear()
      initialize = message.text
      begin(answer, text)
    },
    passed({ method, params, text }) {
      if (method === 'notifications/initialized' && id !== null) void listen()
      if (method === 'resources/subscribe') subscribed.set(String(params.uri), text)
      if (method === 'resources/unsubscribe') subscribed.delete(String(params.uri))
    },
    async ready() {
      await renewal?.catch(() => {})
    },
    async resume(reached, signal) {
      // Whatever becomes of this: the request itself has long been sent.
      const answer = await get(reached, signal).catch((error) => {
        throw error instanceof Lost ? new Lost(error, true) : error
      })
      if (isEventStream(answer)) return answer
      answer.resume()
      throw new Lost('the answer broke off', true)
    },
    renew,
    close,
  }
}

function notBegun(): PipeFailure {
  return new PipeFailure(
    'server_unreachable',
    'The server was started anew and would not begin the session again.',
    'Connect again: end this MCP server in the client, and start it.',
  )
}
