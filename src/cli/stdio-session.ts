/**
 * The session of a client that uses a revision before 2026-07-28. The client's `initialize` starts it. If the server no
 * longer has the session, the pipe starts a new one with the same `initialize`.
 */
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord } from '../json.ts'
import { PipeFailure } from './stdio-failure.ts'
import { type Http, isEventStream, Lost, Stopping, textsOf } from './stdio-http.ts'
import { announcesStop, type Message, readAnswer } from './stdio-message.ts'

export type LegacySession = {
  /** Returns the headers that name the session. */
  headers(): Record<string, string>
  /** Returns the id of the current session; null if there is none. */
  id(): string | null
  /** Stores the session that the client has started with this response. Ends an earlier session. */
  begun(initialize: Message, answer: IncomingMessage, text: string): void
  /** Records a delivered message, if a new session must repeat it. */
  passed(message: Message): void
  /** Resolves when a renewal under way has ended, with or without success. */
  ready(): Promise<void>
  /** Returns the rest of a stream that broke after the event with this id. @throws Lost if it cannot be resumed */
  resume(reached: string, signal: AbortSignal): Promise<IncomingMessage>
  /** Starts a new session after the server lost the one with this id. Concurrent calls share one renewal. */
  renew(lostId: string): Promise<void>
  /** Ends the session permanently. */
  close(): Promise<void>
}

export type SessionOptions = {
  http: Http
  /** Called with each JSON text that the server sends on its own. */
  onText(text: string): Promise<void>
  say(line: string): void
}

const ACCEPT_BOTH = 'application/json, text/event-stream'
const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
/** The tool that changes the session itself. */
const ENABLE_TOOLSET = 'whatsapp_enable_toolset'
/** Pause between two attempts to reopen the stream of notifications. */
const RETRY_MS = { first: 1_000, most: 30_000 } as const
/** Time limit of the request that ends the session. It is optional. */
const GOODBYE_MS = 1_000

/** The headers of every message. */
export const POST_HEADERS = { 'content-type': 'application/json', accept: ACCEPT_BOTH } as const

export function createLegacySession({ http, onText, say }: SessionOptions): LegacySession {
  let initialize: string | null = null
  let id: string | null = null
  let version: string | null = null
  let renewal: Promise<void> | null = null
  /** The open stream of notifications. */
  let notices = new AbortController()
  /** Subscriptions to resources and switched-on toolsets, by URI or toolset: messages to repeat in a new session. */
  const repeated = new Map<string, string>()

  const headers = () => ({
    ...(id === null ? {} : { 'mcp-session-id': id }),
    ...(version === null ? {} : { 'mcp-protocol-version': version }),
  })

  /** Takes the id and the revision of the session from the response to `initialize`. */
  function adopt(answer: IncomingMessage, text: string): void {
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
    say('the server no longer has this session: starting a new one')
    try {
      const answer = await post(initialize)
      const texts: string[] = []
      for await (const text of textsOf(answer)) texts.push(text)
      if (texts.some((one) => announcesStop(readAnswer(one)?.parts ?? []))) throw new Stopping()
      const text = texts.find((one) => (readAnswer(one)?.parts ?? []).some((part) => 'result' in part))
      if (answer.statusCode !== 200 || text === undefined) throw notBegun()
      adopt(answer, text)
      for (const one of [INITIALIZED, ...repeated.values()]) (await post(one)).resume()
      void listen()
    } catch (error) {
      // The next request finds the session lost and tries again.
      ;({ id, version } = before)
      throw error
    }
  }

  /** Opens the session's stream, or resumes the stream of this event. */
  function get(reached: string | null, signal: AbortSignal): Promise<IncomingMessage> {
    const from = reached === null ? {} : { 'last-event-id': reached }
    const accept = 'text/event-stream'
    return http.request({ method: 'GET', headers: { accept, ...from, ...headers() }, signal, isFresh: true })
  }

  /** Keeps the stream of notifications open while the session lives. Never rejects, and starts no server. */
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
        // 405: the server has no stream for this client. Other statuses are temporary, such as from a stopping server.
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
        // The stream broke, or no server responds. The next request detects that.
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
      repeated.clear()
      initialize = message.text
      adopt(answer, text)
    },
    passed({ method, params, text }) {
      if (method === 'notifications/initialized' && id !== null) void listen()
      if (method === 'resources/subscribe') repeated.set(String(params.uri), text)
      if (method === 'tools/call' && params.name === ENABLE_TOOLSET)
        repeated.set(JSON.stringify(params.arguments), text)
      if (method === 'resources/unsubscribe') repeated.delete(String(params.uri))
    },
    async ready() {
      await renewal?.catch(() => {})
    },
    async resume(reached, signal) {
      // The original request was sent, even if the resumption fails.
      const answer = await get(reached, signal).catch((error) => {
        throw error instanceof Lost ? new Lost(error, true) : error
      })
      if (isEventStream(answer)) return answer
      answer.resume()
      throw new Lost('the response was interrupted', true)
    },
    renew,
    close,
  }
}

function notBegun(): PipeFailure {
  return new PipeFailure(
    'server_unreachable',
    'The server was restarted and did not accept a new session.',
    'Restart this MCP server in the client.',
  )
}
