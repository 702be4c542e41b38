/**
 * Converts events of the library's client and of our own watch to engine events: one synchronous listener
 * each (F26).
 */
import type { Log } from '../../log.ts'
import { chatKindOf, type Jid, toJid } from '../../model/ids.ts'
import type { EngineEvent } from '../engine.ts'
import type { Acting } from './acting.ts'
import type { LibraryClient, LibraryMessage } from './linked-client.ts'
import type { CallRow, Changes, RawMessage, VoteRow } from './raw.ts'
import type { Sender } from './sender.ts'
import { originalKeyOf } from './translate.ts'
import type { Translator } from './translator.ts'

/**
 * Subscribes to a client. `emit` receives its messages in the order in which WhatsApp Web reports them.
 * Not used are `message` (a part of `message_create`), and the library's chat events, which load the chat
 * again with a server request per group, and may reject unhandled (F22): page-watch.ts has ours, for
 * `onChanged`.
 */
export function listenTo(
  client: LibraryClient,
  sender: Sender,
  acting: Pick<Acting, 'reportEdit'>,
  translator: Translator,
  emit: (event: EngineEvent) => void,
  log: Log,
): { onChanged(changes: Changes): void } {
  /** The library swallows an exception of a listener, and skips the next listener (F26). */
  function guarded(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      log.error({ err: error }, 'an event of WhatsApp Web could not be read')
    }
  }

  function report(raw: RawMessage): void {
    const message = translator.message(raw)
    if (message !== null) emit({ type: 'message', message })
  }

  // Also for placeholders, once they can be read.
  client.on('message_create', (message) =>
    guarded(() => {
      sender.onCreated(message)
      report(message.rawData)
    }),
  )
  client.on('message_ciphertext', ({ rawData }) => guarded(() => report(rawData)))
  client.on('message_edit', ({ id, rawData }) =>
    guarded(() => {
      const text = rawData.type === 'chat' ? rawData.body : rawData.caption
      acting.reportEdit(id.id, text, () => guarded(() => report(rawData)))
    }),
  )
  // The second argument is the earlier message, kept in one slot and usually absent; the archive has it.
  client.on('message_revoke_everyone', ({ rawData }) => guarded(() => report(rawData)))
  client.on('message_ack', (message, ack) =>
    guarded(() => {
      sender.onAck(message, ack)
      const { rawData } = message
      const key = originalKeyOf(rawData)
      if (key === null || !key.fromMe) return
      // Own media is reported before the upload; only now its location is known. Acks may skip steps. An older message is history.
      if (isUploaded(message) && ack >= 1 && isNew(rawData)) report(rawData)
      emit({ type: 'ack', chat: key.chat, bareId: key.bareId, ack })
    }),
  )
  client.on('message_reaction', (reaction) =>
    guarded(() => {
      const seen = translator.reaction(reaction)
      if (seen !== null) emit({ type: 'reaction', ...seen })
      else log.warn('a reaction has no key: this build of WhatsApp Web is unknown')
    }),
  )

  return { onChanged: (changes) => guarded(() => toEvents(changes, translator).forEach(emit)) }
}

const isUploaded = ({ rawData }: LibraryMessage) => Boolean(rawData.directPath)

/**
 * Converts changes of the page's memory to events: chats and people that are new or changed, removed chats,
 * messages whose expiry changed, messages that were stored without an event, votes, calls, pictures.
 */
function toEvents(
  {
    chats = [],
    removed = [],
    transferred = [],
    contacts = [],
    messages = [],
    stored = [],
    votes = [],
    calls = [],
    pictures = [],
  }: Changes,
  translator: Translator,
): EngineEvent[] {
  const seenChats = chats.flatMap((row) => translator.chat(row) ?? [])
  const seenContacts = contacts.flatMap((row) => translator.contact(row) ?? [])
  return [
    ...(seenContacts.length > 0 ? [{ type: 'contacts' as const, contacts: seenContacts }] : []),
    ...(seenChats.length > 0 ? [{ type: 'chats' as const, chats: seenChats }] : []),
    ...removed.map((id): { type: 'chat_removed'; chat: Jid } => ({ type: 'chat_removed', chat: toJid(id) })),
    ...transferred.map((id): EngineEvent => ({ type: 'history_came', chat: toJid(id) })),
    ...messagesOf('message', messages, translator),
    ...messagesOf('stored', stored, translator),
    ...votesOf(votes, translator),
    ...calls.flatMap(callsOf),
    ...pictures.map(({ id, tag }): EngineEvent => ({ type: 'picture', of: toJid(id), tag })),
  ]
}

function messagesOf(
  type: 'message' | 'stored',
  rows: readonly RawMessage[],
  translator: Translator,
): EngineEvent[] {
  return rows.flatMap((raw) => {
    const message = translator.message(raw)
    return message === null ? [] : [{ type, message }]
  })
}

/** A call as an event; one without a caller is left out. */
function callsOf({ from, group, ...call }: CallRow): EngineEvent[] {
  const caller = toJid(from)
  if (chatKindOf(caller) !== 'direct') return []
  return [{ type: 'call', call: { ...call, from: caller, group: group === null ? null : toJid(group) } }]
}

/** Votes as the page has them, as events; one that cannot be placed is left out. */
export function votesOf(rows: readonly VoteRow[], translator: Translator) {
  return rows.flatMap((row) => {
    const seen = translator.vote(row)
    return seen === null ? [] : [{ type: 'vote' as const, ...seen }]
  })
}

/** Sent within a day: an upload takes no longer, and no clock is further behind. */
function isNew({ t }: RawMessage): boolean {
  return typeof t !== 'number' || t > Date.now() / 1000 - 86_400
}
