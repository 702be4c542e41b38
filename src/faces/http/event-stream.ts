/**
 * GET /api/events/stream: the event log as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Each stream is a place in the log; what a slow reader has not taken yet stays there, on disk.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { toAppError } from '../../errors.ts'
import { toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import { Event } from '../../model/events.ts'
import type { Door, EventReading } from '../../operations/door.ts'
import { EVENT_ERRORS, eventFilter } from '../../operations/events.ts'
import { parseInput } from '../../operations/parse-input.ts'
import { callOf } from './calls.ts'
import { inputOf } from './input.ts'
import { turn, untilTaken } from './pace.ts'
import { toProblem } from './problem.ts'

/** A comment this often: proxies and clients give up on connections on which nothing comes. */
const HEARTBEAT_MS = 15_000
/** Read and written in one go. */
const PAGE = 20
/** How long a client waits before it comes back, ms. */
const RETRY_MS = 1_000

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A proxy that compresses would hold events back (RFC 9111, 5.2.2.6).
  'cache-control': 'no-store, no-transform',
  // Nothing follows on this connection, so that a stopping server need not wait for it.
  connection: 'close',
  // nginx would hold it back (ngx_http_proxy_module, proxy_buffering).
  'x-accel-buffering': 'no',
} as const

const streamInput = z.strictObject({
  ...eventFilter,
  lastEventId: z
    .string()
    .max(200)
    .optional()
    .describe('The same as the header Last-Event-ID, for clients that cannot set one.'),
})

/** The route as it is described beside the operations. */
export const EVENT_STREAM = {
  name: 'stream_events',
  title: 'Events as a stream',
  tag: 'events',
  scope: 'read',
  needs: 'nothing',
  description:
    'The same events as list_events, as server-sent events: `id` is the cursor, `event` the kind, `data` the event as one line of JSON. A client that comes back sends the last id as Last-Event-ID, which goes before `after`, and misses nothing. Comments come every 15 s where nothing else does.',
  routes: ['GET /api/events/stream'],
  input: streamInput,
  output: Event,
  errors: [...EVENT_ERRORS],
  example: { input: { kind: ['message.received', 'message.sent'] } },
} as const

export type StreamOptions = { door: Door; clock: Clock; log: Log }

/**
 * Adds the route. What is wrong before the stream begins is problem JSON, afterwards an `event: error` frame with the
 * same, and the end. Ends without one where there is nothing more to come: see `EventReading.ended`.
 */
export function addEventStream(server: FastifyInstance, options: StreamOptions): void {
  server.get('/api/events/stream', { exposeHeadRoute: false }, (request, reply) => {
    const { after, kind, chat_id, lastEventId } = parseInput(streamInput, inputOf(request))
    // A client that comes back repeats the address that it began with; the last id says how far it got.
    const reached = [request.headers['last-event-id'], lastEventId].flat().find(isId)
    const { events } = options.door.admit(EVENT_STREAM, callOf(request, reply, 'rest'))
    const reading = events.open({
      after: reached ?? after,
      kinds: kind,
      chat: chat_id,
    })
    reply.hijack()
    reply.raw.once('close', reading.close)
    reply.raw.on('error', reading.close)
    for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS })) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    // An id without data: how far it got is known from the start, also where nothing happens for long.
    reply.raw.write(`retry: ${RETRY_MS}\n${idLine(reading)}\n`)
    void stream(reading, reply.raw, request.id, options)
  })
}

/** Polyfills of EventSource write what they have before the first id came: nothing, as a word. */
function isId(text: string | undefined): text is string {
  return text !== undefined && !['', 'undefined', 'null'].includes(text)
}

/** Until the reading or the connection ends. Never fails. */
async function stream(
  reading: EventReading,
  raw: ServerResponse,
  requestId: string,
  { clock, log }: StreamOptions,
): Promise<void> {
  let told = reading.cursor()
  let cancelHeartbeat = () => {}
  const beat = () => {
    cancelHeartbeat = clock.after(HEARTBEAT_MS, beat)
    if (raw.writableNeedDrain) return
    raw.write(reading.cursor() === told ? ':\n\n' : `:\n${idLine(reading)}\n`)
    told = reading.cursor()
  }
  cancelHeartbeat = clock.after(HEARTBEAT_MS, beat)
  try {
    while (!reading.ended.aborted) {
      await turn()
      const { events, hasMore } = reading.next(PAGE)
      for (const event of events) {
        told = event.cursor
        // One at a time: what waits in memory for a reader that takes nothing is never more than one of them.
        if (!raw.write(toFrame(event))) await untilTaken(raw, reading.ended, clock)
        if (reading.ended.aborted) break
      }
      if (!hasMore) await reading.grown()
    }
  } catch (thrown) {
    const error = toAppError(thrown)
    log.warn({ request_id: requestId, code: error.code, err: error.cause }, 'an event stream failed')
    raw.write(`event: error\ndata: ${toJson(toProblem(error, requestId))}\n\n`)
  } finally {
    cancelHeartbeat()
    reading.close()
    // What a slow reader has not taken is not waited for: it comes back for it.
    if (raw.writableNeedDrain) raw.destroy()
    else raw.end()
  }
}

/** Those of events that somebody still holds: many readers are mostly told the same. */
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
