/** Stores the last messages of a session, so that a client can resume after a lost connection (Last-Event-ID). */
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'
import { jsonLength } from '../../json.ts'

/** Limit for all stored messages, in characters of JSON. A longer message is not stored. */
const MOST_KEPT = 256 * 1024
const MOST_EVENTS = 200

/** Returns an empty store. Event ids count up within a session and include their stream, so resuming needs no other state. */
export function createEventStore(): EventStore {
  const kept: { place: number; stream: string; message: JSONRPCMessage; length: number }[] = []
  let last = 0
  let size = 0
  return {
    async storeEvent(stream, message) {
      last += 1
      // The first event of a stream is empty: it only sets the id.
      const length = 'jsonrpc' in message ? jsonLength(message) : Number.POSITIVE_INFINITY
      if (length <= MOST_KEPT) {
        kept.push({ place: last, stream, message, length })
        size += length
        while (size > MOST_KEPT || kept.length > MOST_EVENTS) size -= kept.shift()?.length ?? 0
      }
      return `${last}.${stream}`
    },
    async getStreamIdForEventId(id) {
      return parse(id)?.stream
    },
    async replayEventsAfter(id, { send }) {
      const { place, stream } = parse(id) ?? { place: last, stream: '' }
      for (const event of kept.filter((one) => one.stream === stream && one.place > place)) {
        await send(`${event.place}.${stream}`, event.message)
      }
      return stream
    },
  }
}

function parse(id: string): { place: number; stream: string } | undefined {
  const match = /^(\d{1,15})\.([\w-]{1,64})$/.exec(id)
  return match === null ? undefined : { place: Number(match[1]), stream: match[2] ?? '' }
}
