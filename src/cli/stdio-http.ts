/**
 * The HTTP half of the pipe: one request, and the JSON texts of its answer as they come. node:http and not fetch, which
 * gives up on a stream where nothing comes for five minutes, and takes longer to load than all else here.
 */
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as SecureAgent } from 'node:https'
import { createParser } from 'eventsource-parser'
import { errnoOf, isBeforeSent } from './errno.ts'

/** A connection on this machine is there at once, or never; one to elsewhere may take its time. */
const CONNECT_MS = 10_000
/** No answer is waited for longer, whatever the caller asked for: what has not begun by then has hung. */
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

/** The server took nothing of it, since it is stopping; it is there again soon, or another can be started. */
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
  /** On a connection of its own: a kept one may be closed by the server at this very moment, and nobody would know
   * whether it took the request. */
  isFresh?: boolean
}

export type Http = {
  /** The answer once its headers are there. @throws Lost, and an AbortError where the signal said so */
  request(request: HttpRequest): Promise<IncomingMessage>
}

/**
 * @param url of the MCP endpoint
 * @param isOurs asked before each request: may whoever listens there have it? Without it: whoever it is.
 */
export function createHttp(url: string, isOurs: () => boolean = () => true): Http {
  const isSecure = url.startsWith('https:')
  const kept = isSecure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  const open = isSecure ? requestHttps : requestHttp
  return {
    request: ({ method, headers, body, signal, isFresh = false }) =>
      new Promise((resolve, reject) => {
        if (!isOurs()) throw new Lost('nobody of this user listens there', false)
        const agent = isFresh ? false : kept
        const asked = open(url, { method, agent, headers, ...(signal === undefined ? {} : { signal }) })
        const giveUp = (says: string, wasSent: boolean) => () => void asked.destroy(new Lost(says, wasSent))
        const unanswered = setTimeout(giveUp(`no answer in ${ANSWER_MS / 1_000} s`, true), ANSWER_MS)
        const unconnected = setTimeout(giveUp(`no connection in ${CONNECT_MS / 1_000} s`, false), CONNECT_MS)
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
 * The JSON texts of an answer, each as it comes: one, or those of an event stream.
 * @param onId told how far the stream has come, where it says so
 * @throws Lost where it breaks off
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
