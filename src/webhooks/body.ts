/** The body of a delivery. */
import { toJson } from '../json.ts'
import type { Event } from '../model/events.ts'
import { parseMessageKey } from '../model/ids.ts'

/** The JSON of each event, for as long as the event is referenced: most webhooks receive the same events. */
const bodies = new WeakMap<Event, string>()

/** Returns the event as JSON. */
export function bodyOf(event: Event): string {
  const known = bodies.get(event)
  if (known !== undefined) return known
  const body = toJson(event)
  bodies.set(event, body)
  return body
}

/** Returns the part of a message's id that stays when its chat gets another address. Any other text is returned as it is. */
export const bareIdOf = (id: string): string => parseMessageKey(id)?.bareId ?? id

/** Returns the body of a delivery whose message was forgotten: the same event as a tombstone, without any text. */
export function tombstoneOf(body: string, messageId: string): string {
  const { v, cursor, at, chat }: Event = JSON.parse(body)
  return toJson({ v, cursor, at, kind: 'message.forgotten', chat, message: null, data: { id: messageId } })
}

/** Returns the body of a test. It has the fields of an event, and a kind and a cursor that no event has. */
export function testBody(webhook: string, at: string): string {
  return toJson({ v: 1, cursor: '0', at, kind: 'webhook.test', chat: null, message: null, data: { webhook } })
}
