/** What a session has sent lately, so that a client whose connection broke gets the rest of it (Last-Event-ID). */
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'
import { jsonLength } from '../../json.ts'

/** Together, in characters, about as JSON has them; a message longer than all of it is not kept. */
const MOST_KEPT = 256 * 1024
const MOST_EVENTS = 200

/** Ids say which stream they belong to, so that nothing need be kept to continue one; they count up within a session. */
export function createEventStore(): EventStore {
  const kept: { place: number; stream: string; message: JSONRPCMessage; length: number }[] = []
  let last = 0
  let size = 0
  return {
    async storeEvent(stream, message) {
      last += 1
      // Before the first message of a stream comes an empty one, only for its id.
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
