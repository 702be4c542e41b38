/**
 * Serves rows that give events: the event log as server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). Each stream is a cursor in the log. Events that a slow
 * reader has not read stay in the log, on disk.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { toAppError } from '../../errors.ts'
import { toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import type { Event } from '../../model/events.ts'
import { accountIn } from '../../operations/call.ts'
import type { Door, EventReading } from '../../operations/door.ts'
import { NO_ID } from '../../operations/events.ts'
import type { StreamRow } from '../../operations/operation.ts'
import { turn } from '../../turn.ts'
import { callOf } from './calls.ts'
import { inputOf } from './input.ts'
import { waitUntilRead } from './pace.ts'
import { toProblem } from './problem.ts'

/** A comment is sent at this interval, because proxies and clients close silent connections. */
const HEARTBEAT_MS = 15_000
/** Events that are read at once. */
const PAGE = 20
/** How long a client waits before it reconnects, in ms. */
const RETRY_MS = 1_000

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Without `no-transform`, a proxy that compresses delays events (RFC 9111, 5.2.2.6).
  'cache-control': 'no-store, no-transform',
  // The connection is not reused, so a stopping server does not wait for it.
  connection: 'close',
  // Without this, nginx buffers events (ngx_http_proxy_module, proxy_buffering).
  'x-accel-buffering': 'no',
} as const

export type StreamOptions = { door: Door; clock: Clock; log: Log }

/**
 * Responds with the events of this row. Errors before the stream begins are thrown. Later errors are sent as an
 * `event: error` frame, and the stream ends. The stream ends without a frame if no more events can follow: see
 * `EventReading.ended`.
 * @throws AppError `invalid_input`, like {@link Door.enter}, the row's own codes
 */
export async function serveEvents(
  row: StreamRow,
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamOptions,
): Promise<void> {
  const lastEventId = request.headers['last-event-id']
  const given = inputOf(request)
  const hasId = lastEventId !== undefined && !NO_ID.includes(lastEventId)
  const input = hasId ? { ...Object(given), lastEventId } : given
  const reading = await options.door.enter(row, input, callOf(request, reply, 'rest'), row.run)
  reply.hijack()
  reply.raw.once('close', reading.close)
  reply.raw.on('error', reading.close)
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS })) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  // An id without data: the client has a cursor from the start, even if no event follows for long.
  reply.raw.write(`retry: ${RETRY_MS}\n${idLine(reading)}\n`)
  void stream(reading, reply.raw, request, options)
}

/** Runs until the reading or the connection ends. Never rejects. */
async function stream(
  reading: EventReading,
  raw: ServerResponse,
  { id, params }: FastifyRequest,
  { clock, log }: StreamOptions,
): Promise<void> {
  let sent = reading.cursor()
  let cancelHeartbeat = () => {}
  const beat = () => {
    cancelHeartbeat = clock.after(HEARTBEAT_MS, beat)
    if (raw.writableNeedDrain) return
    raw.write(reading.cursor() === sent ? ':\n\n' : `:\n${idLine(reading)}\n`)
    sent = reading.cursor()
  }
  cancelHeartbeat = clock.after(HEARTBEAT_MS, beat)
  try {
    while (!reading.ended.aborted) {
      await turn('events')
      const { events, hasMore } = await reading.next(PAGE)
      for (const event of events) {
        sent = event.cursor
        // One at a time: at most one event waits in memory for a slow reader.
        if (!raw.write(toFrame(event))) await waitUntilRead(raw, reading.ended, clock)
        if (reading.ended.aborted) break
      }
      if (!hasMore) await reading.grown()
    }
  } catch (thrown) {
    const error = toAppError(thrown)
    log.warn({ request_id: id, code: error.code, err: error.cause }, 'an event stream failed')
    raw.write(`event: error\ndata: ${toJson(toProblem(error, id, accountIn(params)))}\n\n`)
  } finally {
    cancelHeartbeat()
    reading.close()
    // The server does not wait for a slow reader, which can reconnect and resume.
    if (raw.writableNeedDrain) raw.destroy()
    else raw.end()
  }
}

/** Frames of events that are still referenced. Most readers receive the same events. */
const frames = new WeakMap<Event, string>()

function toFrame(event: Event): string {
  const known = frames.get(event)
  if (known !== undefined) return known
  const frame = `id: ${event.cursor}\nevent: ${event.kind}\ndata: ${toJson(event)}\n\n`
  frames.set(event, frame)
  return frame
}

function idLine(reading: EventReading): string {
  return `id: ${reading.cursor()}\n`
}
