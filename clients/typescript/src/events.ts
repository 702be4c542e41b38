/** Events as an async iterator over server-sent events. */
import { createParser } from 'eventsource-parser'
import type { Client as FetchClient } from 'openapi-fetch'
import { ApiError, toProblem, unwrap } from './problem.ts'
import { pause } from './retrying.ts'
import type { components, paths } from './schema.ts'

/** Any event. `kind` says which, and types its `data`. */
export type WhatsAppEvent = components['schemas']['Event']
export type EventKind = WhatsAppEvent['kind']
/** The event of this kind. */
export type EventOf<Kind extends EventKind> = Extract<WhatsAppEvent, { kind: Kind }>

export type EventOptions<Kind extends EventKind = EventKind> = {
  /** Only these kinds. Default: all. */
  kinds?: readonly Kind[]
  /** Only events of this chat, by id or phone number. Default: all. */
  chat?: string
  /** Cursor of the last event that was processed: begins after it. `"0"`: with the oldest stored event. Default: now. */
  after?: string
  /** Ends the iteration. */
  signal?: AbortSignal
}

/** Pauses before a connection is opened again: doubled with each failure, in milliseconds. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const TEMPORARY = new Set(['safe', 'later'])

/** Yields the events. @throws ApiError like {@link Client.events} */
export async function* readEvents<Kind extends EventKind>(
  client: FetchClient<paths>,
  { kinds, chat, after, signal }: EventOptions<Kind>,
): AsyncGenerator<EventOf<Kind>, void> {
  const filter = {
    ...(kinds === undefined ? {} : { kind: [...kinds] }),
    ...(chat === undefined ? {} : { chat_id: chat }),
  }
  let cursor = after
  const isEnded = () => signal?.aborted === true
  for (let failures = 0; !isEnded(); ) {
    try {
      // A position before the first event, so that nothing is missed if the first connection is lost.
      cursor ??= (await unwrap(client.GET('/api/events', { signal: signal ?? null }))).next_after
      const query = { ...filter, after: cursor }
      const answer = await client.GET('/api/events/stream', {
        params: { query },
        parseAs: 'stream',
        signal: signal ?? null,
      })
      if (answer.error !== undefined) throw new ApiError(toProblem(answer.error, answer.response.status))
      for await (const event of parsed(answer.data as unknown as ReadableStream<Uint8Array>)) {
        failures = 0
        yield event as EventOf<Kind>
        cursor = event.cursor
      }
    } catch (error) {
      if (isEnded()) return
      if (error instanceof ApiError && !TEMPORARY.has(error.problem.retry)) throw error
    }
    failures += 1
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), signal).catch(() => {})
  }
}

/** Yields the events of one connection. @throws ApiError for an error that the server sends */
async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<WhatsAppEvent> {
  const found: { kind: string | undefined; data: string }[] = []
  const parser = createParser({ onEvent: ({ event, data }) => found.push({ kind: event, data }) })
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    for (const { kind, data } of found.splice(0)) {
      const value: unknown = JSON.parse(data)
      if (kind === 'error') throw new ApiError(toProblem(value, 500))
      yield value as WhatsAppEvent
    }
  }
}
