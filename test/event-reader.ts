/** A reader of GET /api/events/stream as a careful program writes one: frames, the last id, and coming back. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { accountPath } from '../src/model/account-paths.ts'
import type { Event } from '../src/model/events.ts'

export type Frame = { id: string | null; event: string | null; data: string | null }

export type EventStream = {
  response: IncomingMessage
  /** Everything that came, oldest first: frames with data. */
  frames: Frame[]
  /** The same as events. */
  events(): Event[]
  /** Comments that came. */
  comments(): number
  /** The last id that came, in whatever frame. */
  lastId(): string | null
  /** Settles when the server ended it (`true`: cleanly), or the connection broke. */
  ended: Promise<boolean>
  /** Take nothing from the socket until `resume`. */
  pause(): void
  resume(): void
  /** Hang up. */
  close(): void
}

/** What a stream was answered with in place of a stream. */
export class StreamRefused extends Error {
  readonly status: number
  readonly body: string

  constructor(status: number, body: string) {
    super(`${status} ${body}`)
    this.status = status
    this.body = body
  }
}

/**
 * Resolves when the stream has begun; rejects with {@link StreamRefused} for any other answer.
 * @param heard called with each frame the moment it is complete
 */
export function openStream(
  base: string,
  options: {
    account?: string
    query?: string
    headers?: Record<string, string>
    heard?: (frame: Frame) => void
  } = {},
): Promise<EventStream> {
  const { account = 'default', query = '', headers = {}, heard = () => {} } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${base}${accountPath('/api/events/stream', account)}${query}`,
      { headers, agent: false },
      (response) => {
        response.setEncoding('utf8')
        if (response.statusCode !== 200) {
          let body = ''
          response.on('data', (chunk: string) => {
            body += chunk
          })
          response.on('end', () => reject(new StreamRefused(response.statusCode ?? 0, body)))
          return
        }
        resolve(follow(response, heard, () => request.destroy()))
      },
    )
    request.on('error', reject)
    request.end()
  })
}

function follow(response: IncomingMessage, heard: (frame: Frame) => void, close: () => void): EventStream {
  const frames: Frame[] = []
  let comments = 0
  let lastId: string | null = null
  let rest = ''
  response.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const frame: Frame = { id: null, event: null, data: null }
      for (const line of part.split('\n')) {
        const [, name, value = ''] = /^([a-z]*): ?(.*)$/.exec(line) ?? []
        if (name === '') comments += 1
        if (name === 'id' || name === 'event' || name === 'data') frame[name] = value
      }
      lastId = frame.id ?? lastId
      if (frame.data === null) continue
      frames.push(frame)
      heard(frame)
    }
  })
  const ended = new Promise<boolean>((resolve) => {
    response.once('close', () => resolve(response.complete))
    response.on('error', () => {})
  })
  return {
    response,
    frames,
    events: () => frames.map(({ data }) => JSON.parse(data ?? 'null')),
    comments: () => comments,
    lastId: () => lastId,
    ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close,
  }
}
