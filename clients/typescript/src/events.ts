/** Events as an async iterator over server-sent events. */
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
      if (!answer.response.ok) throw new ApiError(toProblem(answer.error, answer.response.status))
      for await (const { id, kind, data } of framesOf(answer.data as unknown as ReadableStream<Uint8Array>)) {
        if (kind === 'error') throw new ApiError(toProblem(JSON.parse(data), 500))
        failures = 0
        if (data !== '') yield JSON.parse(data) as EventOf<Kind>
        // It moves past events of other kinds too, so that it does not expire while none is of these.
        if (id !== '') cursor = id
      }
    } catch (error) {
      if (isEnded()) return
      if (error instanceof ApiError && !TEMPORARY.has(error.problem.retry)) throw error
    }
    failures += 1
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), signal).catch(() => {})
  }
}

type Frame = { id: string; kind: string; data: string }

/** Yields each frame of the stream, also those that only move the position, which other parsers leave out. */
async function* framesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const blocks = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(':')[0], line.replace(/^[^:]*: ?/, '')]),
      )
      yield { id: fields.get('id') ?? '', kind: fields.get('event') ?? '', data: fields.get('data') ?? '' }
    }
  }
}
