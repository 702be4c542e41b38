/** The only writer of what WhatsApp reports: every message and ack comes through here, whatever brought it. */
import type { EngineEvent } from '../engine/engine.ts'
import type { Log } from '../log.ts'
import { isGroup, toJid } from '../model/ids.ts'

export type InboxEvent = Extract<EngineEvent, { type: 'message' | 'ack' }>

export type Inbox = {
  /** Record what the engine reported. Never throws: a failure here must not cost the next message. */
  record(event: InboxEvent): void
}

/** @param hash makes the short word under which a chat may stand in the log */
export function createInbox(options: { log: Log; hash: (jid: string) => string }): Inbox {
  const { log, hash } = options
  return {
    record(event) {
      if (event.type === 'ack') {
        log.debug({ message: hash(event.id), ack: event.ack }, 'message.ack')
        return
      }
      const { message } = event
      const chat = toJid(message.from_me ? message.to : message.from)
      log.info(
        { chat: hash(chat), group: isGroup(chat), type: message.type },
        message.from_me ? 'message.sent' : 'message.received',
      )
    },
  }
}
