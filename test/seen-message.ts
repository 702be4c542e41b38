/** For tests and benches: a message as the engine reports it, of which only what matters need be said. */
import type { SeenMessage } from '../src/model/seen.ts'

/** A text from the one whose chat it is (or from this account, with `fromMe`), of late 2023, with nothing special about it. */
export function seenMessage(
  facts: Pick<SeenMessage, 'chat' | 'bareId' | 'body'> & Partial<SeenMessage>,
): SeenMessage {
  return {
    fromMe: false,
    sender: facts.fromMe === true ? null : facts.chat,
    senderName: null,
    type: 'chat',
    sentAt: 1_700_000_000,
    ack: 1,
    hasMedia: false,
    standing: 'message',
    content: {},
    source: null,
    raw: null,
    quoted: null,
    mentions: [],
    forwarded: false,
    editedAt: null,
    expiresAt: null,
    reactions: null,
    ...facts,
  }
}
