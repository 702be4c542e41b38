/** Operations on events: what happened after a cursor, with or without a wait, and the stream. */
import { setImmediate as turn } from 'node:timers/promises'
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { ChatName } from '../model/chat.ts'
import { EVENT_KINDS, Event, KINDS } from '../model/events.ts'
import { shortOf } from '../model/fields.ts'
import { Message } from '../model/message.ts'
import { contactLine, facts, indented, lines, messageLine, named, quoted } from './brief.ts'
import { chatIdInput, limit, oneOrMore, whole } from './inputs.ts'
import { defineOperation, defineStream, PATIENCE_MS } from './operation.ts'
import { READING_ERRORS } from './reading.ts'

/** The longest wait in seconds. */
const MAX_WAIT_S = 60

/** The filter: the same for the list and the stream. */
export const eventFilter = {
  after: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Cursor: returns events after it. next_after of the last response, or cursor of an event. "0": from the oldest stored event. Default: from now on.',
    ),
  kind: oneOrMore(EVENT_KINDS).optional().describe('Only these kinds, as a list or separated by commas.'),
  chat_id: chatIdInput.optional().describe('Only events of the chat with this id.'),
}

/** Error codes of reading events, besides those that any call can return. */
export const EVENT_ERRORS = [
  ...READING_ERRORS,
  'cursor_foreign',
  'cursor_expired',
  'chat_not_found',
  'too_many_readers',
  'shutting_down',
] as const satisfies ErrorCode[]

/** One shape for all kinds of events: the fields that their lines need. */
const BriefEvent = z.object({
  at: z.string(),
  kind: z.enum(EVENT_KINDS),
  chat: ChatName.nullable(),
  message: shortOf(Message).nullable(),
  data: z.object(
    Object.fromEntries(
      [...KINDS.values()].flatMap(({ line }) =>
        Object.entries(line?.shape ?? {}).map(([name, field]) => [name, field.optional()]),
      ),
    ),
  ),
})

function eventLine({ at, kind, chat, message, data }: z.infer<typeof BriefEvent>): string {
  const more = facts(KINDS.get(kind)?.line?.facts(data, { quoted, person: contactLine }) ?? {})
  return lines(
    `${at} ${kind}${chat === null ? '' : ` in ${named(chat)}`}${more === '' ? '' : `: ${more}`}`,
    indented(message === null ? [] : [messageLine(message)]),
  )
}

export const listEvents = defineOperation({
  name: 'list_events',
  title: 'Events',
  tag: 'events',
  description:
    'Returns what happened after a cursor, oldest first: messages received or sent, edits, deletions, reactions, acks, changes of chats, people and the session. Call it without after first: it returns only next_after, the position of now. Then call it again and again with after set to next_after. Add wait to get the response as soon as something happens, or an empty one when the time is up. has_more: true means call again at once. Each event carries its message in its current form. For unread messages, use {{list_unread}}.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  uses: ['receive', 'receive_reactions', 'receive_calls'],
  routes: ['GET /api/events'],
  input: z
    .strictObject({
      ...eventFilter,
      wait: whole(0, MAX_WAIT_S)
        .default(0)
        .describe(
          `Seconds to wait if nothing has happened yet, 0 to ${MAX_WAIT_S} (as a tool 0 to ${PATIENCE_MS / 1000}, unless the client receives progress). Requires after. Default 0: no wait.`,
        ),
      limit: limit(50),
    })
    // Without this check, a client that forgets to pass next_after would loop without a wait.
    .refine(({ after, wait }) => after !== undefined || wait === 0, {
      path: ['wait'],
      message: 'requires after: call once without wait, then pass next_after as after',
    }),
  output: z.object({
    ok: z.literal(true),
    events: z.array(Event).describe('Oldest first. Empty if no event matches.'),
    next_after: z
      .string()
      .describe('Pass it as `after` to continue. It also moves past events that the filter excludes.'),
    has_more: z.boolean().describe('True if there is more to read now: call again without wait.'),
  }),
  errors: [...EVENT_ERRORS],
  limitMs: (MAX_WAIT_S + 2) * 1000,
  example: { input: { after: '0', kind: ['message.received'] } },
  brief: {
    sizes: { limit: 'events' },
    shape: z.object({ events: z.array(BriefEvent), next_after: z.string(), has_more: z.boolean() }),
    text: ({ events, next_after, has_more }) =>
      lines(
        events.length === 0 && 'No events',
        events.map(eventLine),
        `${has_more ? 'There are more events: call again at once' : 'To continue, call'} with after ${next_after}`,
      ),
  },
  async run({ after, kind, chat_id, wait, limit }, { events, clock, signal, patienceMs }) {
    const reading = events.open({ after, kinds: kind, chat: chat_id })
    const cancelTimeout = clock.after(Math.min(wait * 1000, patienceMs ?? MAX_WAIT_S * 1000), reading.close)
    signal.addEventListener('abort', reading.close)
    try {
      let page = after === undefined ? { events: [], hasMore: false } : await reading.next(limit)
      while (after !== undefined && page.events.length === 0 && (wait > 0 || page.hasMore)) {
        // Lets other requests run while many events are filtered out.
        await (page.hasMore ? turn() : reading.grown())
        if (reading.ended.aborted) break
        page = await reading.next(limit)
      }
      return {
        ok: true as const,
        events: page.events,
        next_after: reading.cursor(),
        has_more: page.hasMore,
      }
    } finally {
      cancelTimeout()
      signal.removeEventListener('abort', reading.close)
      reading.close()
    }
  },
})

/** EventSource polyfills send what they have before the first id arrives: nothing, or nothing as a word. */
export const NO_ID: readonly unknown[] = ['', 'undefined', 'null']

export const streamEvents = defineStream({
  name: 'stream_events',
  title: 'Events as a stream',
  tag: 'events',
  description:
    'Returns the events of {{list_events}} as server-sent events: `id` is the cursor, `event` the kind, `data` the event as one line of JSON. A client that reconnects sends the last id it received as the header Last-Event-ID, or as lastEventId in the query, and misses nothing; both override `after`. A comment arrives every 15 s if nothing else does.',
  uses: ['receive', 'receive_reactions', 'receive_calls'],
  routes: ['GET /api/events/stream'],
  input: z.strictObject({
    ...eventFilter,
    lastEventId: z
      .string()
      .max(200)
      .optional()
      .describe('The same as the header Last-Event-ID, for clients that cannot set headers.'),
  }),
  output: Event,
  errors: [...EVENT_ERRORS],
  example: { input: { kind: ['message.received', 'message.sent'] } },
  run({ after, kind, chat_id, lastEventId = '' }, { events }) {
    const reached = NO_ID.includes(lastEventId) ? after : lastEventId
    return events.open({ after: reached, kinds: kind, chat: chat_id })
  },
})
