/** Events as an async iterator over server-sent events. */
import { ApiError, toProblem } from './problem.ts'
import { pause } from './retrying.ts'

export type Reading = {
  /** Only these kinds. Default: all, as for an empty list. */
  kinds?: readonly string[]
  /** Only events of this chat, by id or phone number. Default: all. */
  chat?: string
  /** Cursor of the last event that was processed: begins after it. `"0"`: with the oldest stored event. Default: now. */
  after?: string
  /** Ends the iteration. */
  signal?: AbortSignal
  /** Called when the connection is lost, and when it is open again. */
  onConnection?: (state: 'lost' | 'open') => void
}

/** Sends a reading request. Rejects with ApiError if the server returns an error. */
export type Ask = (path: string, signal: AbortSignal | undefined) => Promise<Response>

/** The pause before a connection is opened again doubles with each failure, the first included: 1 s, 2 s, … */
const BASE_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const TEMPORARY = new Set(['safe', 'later'])

/**
 * Yields events as they happen. Reconnects after the last event, so that none is missed, until `signal` is aborted or the
 * loop ends.
 * @throws ApiError for an error that a new connection does not mend
 */
export async function* readEvents(
  ask: Ask,
  { kinds = [], chat, after, signal, onConnection }: Reading,
): AsyncGenerator<unknown, void> {
  const filter = {
    ...(kinds.length === 0 ? {} : { kind: kinds.join() }),
    ...(chat === undefined ? {} : { chat_id: chat }),
  }
  let cursor = after
  let isLost = false
  const isEnded = () => signal?.aborted === true
  for (let failures = 0; !isEnded(); ) {
    try {
      // A position before the first event, so that nothing is missed if the first connection is lost.
      cursor ??= await currentCursor(ask, signal)
      const query = new URLSearchParams({ ...filter, after: cursor })
      const { body } = await ask(`/api/events/stream?${query}`, signal)
      if (isLost) onConnection?.('open')
      isLost = false
      for await (const { id, kind, data } of framesOf(body)) {
        if (kind === 'error') throw new ApiError(toProblem(JSON.parse(data), 500))
        failures = 0
        if (data !== '') yield JSON.parse(data)
        // The server also sends positions after other events, so that the cursor does not expire while no wanted event comes.
        if (id !== '') cursor = id
      }
    } catch (error) {
      if (isEnded()) return
      if (error instanceof ApiError && !TEMPORARY.has(error.problem.retry)) throw error
    }
    if (!isLost) onConnection?.('lost')
    isLost = true
    failures += 1
    await pause(Math.min(BASE_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), signal).catch(() => {})
  }
}

async function currentCursor(ask: Ask, signal: AbortSignal | undefined): Promise<string> {
  const { next_after } = (await (await ask('/api/events', signal)).json()) as { next_after: string }
  return next_after
}

/** `id`: the position in the log, also of a frame without data. `kind`, `data`: empty if the frame has none. */
export type Frame = { id: string; kind: string; data: string }

/** Yields each frame of the stream, also those that only move the position, which other parsers leave out. */
export async function* framesOf(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    const blocks = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) yield toFrame(block)
  }
}

function toFrame(block: string): Frame {
  const fields = new Map(block.split('\n').map((line) => [line.split(':')[0], line.replace(/^[^:]*: ?/, '')]))
  return { id: fields.get('id') ?? '', kind: fields.get('event') ?? '', data: fields.get('data') ?? '' }
}
