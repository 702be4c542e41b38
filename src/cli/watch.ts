/** `whatsapp-mcp-api watch`: follows the events of the running server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { toJson } from '../json.ts'
import type { Event } from '../model/events.ts'
import { ApiError, openApi, type Problem, type Server } from './client.ts'
import { framesOf } from './event-frames.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { findChat } from './find-chat.ts'
import { eventText } from './lines.ts'

/** The pause before a connection is opened again: doubled with each failure. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
/** Errors after which a new connection can succeed. */
const PASSING = new Set(['safe', 'later'])

type WatchFlags = { kinds: string; chat: string; after: string; json: boolean }

/**
 * Prints each event as it happens, and reconnects after the last one if the connection is lost. Resolves with the exit code
 * once the reader of standard output is gone; an interrupt ends the program.
 */
export async function watch(server: Server, { kinds, chat, after, json }: WatchFlags): Promise<number> {
  const api = openApi(server)
  const filter = {
    ...(kinds === '' ? {} : { kind: kinds }),
    ...(chat === '' ? {} : { chat_id: await findChat(api, chat) }),
  }
  let cursor = after === '' ? (await api.get<{ next_after: string }>('/api/events')).next_after : after
  let isUnread = false
  process.stdout.once('error', () => {
    isUnread = true
  })
  process.stderr.write('Watching. Press Ctrl+C to end.\n')
  for (let pauseMs = 0, isFirst = true; !isUnread; isFirst = false) {
    try {
      // A new client checks again which program listens there.
      const answer = await openApi(server).open(
        `/api/events/stream?${new URLSearchParams({ ...filter, after: cursor })}`,
      )
      if (pauseMs > 0) process.stderr.write('Connected again.\n')
      pauseMs = 0
      for await (const { id, kind, data } of framesOf(answer.body)) {
        if (kind === 'error') throw new ApiError(JSON.parse(data) as Problem, server.url)
        if (data !== '') process.stdout.write(textOf(JSON.parse(data) as Event, json))
        // It moves past events of other kinds too, so that it does not expire while none is of these.
        if (id !== '') cursor = id
        if (isUnread) return EXIT.ok
      }
    } catch (error) {
      const isFinal =
        error instanceof ApiError
          ? !PASSING.has(error.problem.retry)
          : error instanceof CommandError && isFirst
      if (isFinal) throw error
    }
    if (pauseMs === 0) process.stderr.write('The connection was lost. Reconnecting.\n')
    pauseMs = Math.min(pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2, LONGEST_PAUSE_MS)
    await sleep(pauseMs)
  }
  return EXIT.ok
}

function textOf(event: Event, json: boolean): string {
  return json ? `${toJson(event)}\n` : eventText(event)
}
