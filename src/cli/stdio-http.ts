/**
 * The HTTP side of the pipe: sends a request and returns the JSON texts of the response as they arrive. Uses node:http,
 * because fetch aborts a stream that is silent for five minutes, and takes longer to load than the rest of this command.
 */
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as SecureAgent } from 'node:https'
import { createParser } from 'eventsource-parser'
import { errnoOf, isBeforeSent } from './errno.ts'

/** A connection on this computer opens at once or never; a remote one may take time. */
const CONNECT_MS = 10_000
/** The time limit for the start of a response. A response that has not started by then hangs. */
const ANSWER_MS = 300_000

/** The connection failed. `wasSent`: the request may have reached the server. */
export class Lost extends Error {
  readonly wasSent: boolean
  constructor(cause: unknown, wasSent: boolean) {
    super(errnoOf(cause) ?? (cause instanceof Error ? cause.message : String(cause)), { cause })
    this.name = 'Lost'
    this.wasSent = wasSent
  }
}

/** The server did not accept the request, because it is stopping. It may be back soon, or another can be started. */
export class Stopping extends Lost {
  constructor() {
    super('the server is stopping', false)
    this.name = 'Stopping'
  }
}

export type HttpRequest = {
  method: 'POST' | 'GET' | 'DELETE'
  headers?: OutgoingHttpHeaders
  body?: string
  signal?: AbortSignal
  /** Use a new connection. The server may close a kept one at this moment, and it would be unknown whether it received
   * the request. */
  isFresh?: boolean
}

export type Http = {
  /** Resolves with the response when its headers have arrived. @throws Lost, and an AbortError after `signal` */
  request(request: HttpRequest): Promise<IncomingMessage>
}

/**
 * Returns a client for one URL.
 * @param url of the MCP endpoint, or of `/health`
 * @param isOurs called before each request; false if the listener must not receive it. Default: always true.
 * @param key sent with each request. Default: none.
 */
export function createHttp(url: string, isOurs = () => true, key: string | null = null): Http {
  const keyed = key === null ? {} : { authorization: `Bearer ${key}` }
  const isSecure = url.startsWith('https:')
  const kept = isSecure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  const open = isSecure ? requestHttps : requestHttp
  return {
    request: ({ method, headers, body, signal, isFresh = false }) =>
      new Promise((resolve, reject) => {
        if (!isOurs()) throw new Lost('no process of this user listens there', false)
        const agent = isFresh ? false : kept
        const asked = open(url, {
          method,
          agent,
          headers: { ...headers, ...keyed },
          ...(signal === undefined ? {} : { signal }),
        })
        const failWith = (says: string, wasSent: boolean) => () => void asked.destroy(new Lost(says, wasSent))
        const unanswered = setTimeout(failWith(`no response in ${ANSWER_MS / 1_000} s`, true), ANSWER_MS)
        const unconnected = setTimeout(
          failWith(`no connection in ${CONNECT_MS / 1_000} s`, false),
          CONNECT_MS,
        )
        const settle = () => {
          clearTimeout(unanswered)
          clearTimeout(unconnected)
        }
        asked.once('socket', (socket) => {
          if (!socket.connecting) clearTimeout(unconnected)
          socket.once('connect', () => clearTimeout(unconnected))
        })
        asked.once('response', (answer) => {
          settle()
          resolve(answer)
        })
        asked.on('error', (error) => {
          settle()
          reject(signal?.aborted || error instanceof Lost ? error : new Lost(error, !isBeforeSent(error)))
        })
        asked.end(body)
      }),
  }
}

/**
 * Yields the JSON texts of a response as they arrive: one, or those of an event stream.
 * @param onId called with the id of each event that has one
 * @throws Lost if the connection is lost
 */
export async function* textsOf(
  answer: IncomingMessage,
  onId: (id: string) => void = () => {},
): AsyncGenerator<string> {
  answer.setEncoding('utf8')
  const texts: string[] = []
  const parser = createParser({
    onEvent({ event = 'message', data, id }) {
      if (id !== undefined && id !== '') onId(id)
      if (event === 'message' && data !== '') texts.push(data)
    },
  })
  const isStream = isEventStream(answer)
  let whole = ''
  try {
    for await (const chunk of answer) {
      if (isStream) parser.feed(String(chunk))
      else whole += chunk
      yield* texts.splice(0)
    }
  } catch (error) {
    throw new Lost(error, true)
  }
  if (whole.trim() !== '') yield whole
}

export function isEventStream({ headers }: IncomingMessage): boolean {
  return /^text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '')
}
