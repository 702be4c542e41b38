/** `whatsapp-mcp-api watch`: follows the events of the running server. */
import { readEvents } from '../../clients/typescript/src/transport/events.ts'
import { toJson } from '../json.ts'
import type { Event } from '../model/events.ts'
import { openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'
import { findChat } from './find-chat.ts'
import { eventText } from './lines.ts'

/** What is printed when the connection changes. */
const SAID = { lost: 'The connection was lost. Reconnecting.\n', open: 'Connected again.\n' } as const

type WatchFlags = { kinds: string; chat: string; after: string; json: boolean }

/**
 * Prints each event as it happens, and reconnects after the last one if the connection is lost. Resolves with the exit code
 * once the reader of standard output is gone; an interrupt ends the program.
 */
export async function watch(server: Server, { kinds, chat, after, json }: WatchFlags): Promise<number> {
  const api = openApi(server)
  const filter = {
    ...(kinds === '' ? {} : { kinds: [kinds] }),
    ...(chat === '' ? {} : { chat: await findChat(api, chat) }),
  }
  // Asked even if `after` is given, so that the command fails if no server responds at the start.
  const { next_after } = await api.get<{ next_after: string }>('/api/events')
  const unread = new AbortController()
  process.stdout.once('error', () => unread.abort())
  process.stderr.write('Watching. Press Ctrl+C to end.\n')
  // A new client checks again which program listens there.
  const ask = (path: string, signal?: AbortSignal) => openApi(server).open(path, signal)
  const events = readEvents(ask, {
    ...filter,
    after: after || next_after,
    signal: unread.signal,
    onConnection: (state) => void process.stderr.write(SAID[state]),
  })
  for await (const event of events) process.stdout.write(textOf(event as Event, json))
  return EXIT.ok
}

function textOf(event: Event, json: boolean): string {
  return json ? `${toJson(event)}\n` : eventText(event)
}
