/**
 * Reads chats, people and history from the page's memory, in pieces, so that the page is never blocked for
 * long.
 */
import type { Clock } from '../../clock.ts'
import { fail } from '../../errors.ts'
import { chatKindOf, type Jid, phoneJid, toJid } from '../../model/ids.ts'
import { toUnixSeconds } from '../../model/times.ts'
import type { Engine, EngineEvent, HistoryPage, Receipt, Receipts } from '../engine.ts'
import type { Addresses } from './addresses.ts'
import { type Ask, callPage, type PageClient } from './asking.ts'
import type { LibraryClient } from './linked-client.ts'
import { votesOf } from './listeners.ts'
import { pageAskPhone, pageHistory } from './page-history.ts'
import { pageVotes } from './page-polls.ts'
import { pageReceipts } from './page-receipts.ts'
import { pageChatIds, pageChatOf, pageChats, pageContactIds, pageContacts } from './page-rows.ts'
import type { ReceiptsAnswer } from './raw.ts'
import { inChat } from './translate.ts'
import type { Translator } from './translator.ts'

/** Entries per call: chats take about 20 ms, measured with 5,000 of them on the double; people less. */
const PIECE = 250
/** The page responds from memory: after this time it hangs. */
const MEMORY_MS = 10_000
const LOOKUP_MS = 10_000
/** One page of history: queries of the page's database, and for channels of WhatsApp's server. */
const HISTORY_MS = 30_000
/** All pages of one request. What they loaded stays in memory, so the next request gets further. */
const WALK_MS = 120_000

/** The parts of the client that reading uses. */
export type ReadingClient = Pick<LibraryClient, 'getNumberId' | 'getContactLidAndPhone'> & PageClient
export type Reading = Pick<
  Engine,
  'readChats' | 'readContacts' | 'readMessages' | 'readReceipts' | 'readVotes' | 'findNumber' | 'askPhone'
>

export function createReading(
  client: ReadingClient,
  addresses: Addresses,
  translator: Translator,
  ask: Ask,
  clock: Clock,
  emit: (event: EngineEvent) => void,
): Reading {
  function inPage<A extends unknown[], T>(what: string, ms: number, run: (...args: A) => T, ...args: A) {
    return ask(what, ms, callPage(client, run, ...args))
  }

  async function* inPieces<Row, Seen>(
    what: string,
    known: readonly string[] | (() => string[]),
    readRows: (ids: string[]) => Row[],
    toSeen: (row: Row) => Seen | null,
  ): AsyncIterable<{ asked: string[]; seen: Seen[] }> {
    const ids = typeof known === 'function' ? await inPage(what, MEMORY_MS, known) : known
    for (let at = 0; at < ids.length; at += PIECE) {
      const asked = ids.slice(at, at + PIECE)
      const rows = await inPage(what, MEMORY_MS, readRows, asked)
      yield { asked, seen: rows.flatMap((row) => toSeen(row) ?? []) }
    }
  }

  return {
    async findNumber(phone) {
      // Also shows, before a message is on its way, that the page responds: what fails here was not sent.
      const row = await inPage('Looking for the chat', MEMORY_MS, pageChatOf, phoneJid(phone))
      if (row !== null) {
        if (row.lid && row.phone) addresses.learn(toJid(row.lid), toJid(row.phone))
        return toJid(row.id)
      }
      const wid = await ask('Looking the number up', LOOKUP_MS, client.getNumberId(phone))
      if (wid === null) return null
      // Needed only to merge one person's two addresses later; the message is sent without it too.
      const addressesOf = client.getContactLidAndPhone([wid._serialized])
      const [known] = await ask('Looking the number up', LOOKUP_MS, addressesOf).catch(() => [])
      if (known?.lid && known.pn) addresses.learn(toJid(known.lid), toJid(known.pn))
      const found = toJid(known?.pn ?? wid._serialized)
      // Also a LID whose number WhatsApp Web does not say: the chat is found by the number that was asked for.
      if (found !== phoneJid(phone)) addresses.found(phoneJid(phone), found)
      return toJid(wid._serialized)
    },
    async *readChats() {
      const pieces = inPieces('Reading the chats', pageChatIds, pageChats, translator.chat)
      for await (const { asked, seen: chats } of pieces) {
        const read = new Set(chats.map(({ id }) => id))
        yield { chats, unread: asked.map(toJid).filter((id) => chatKindOf(id) !== null && !read.has(id)) }
      }
    },
    async *readContacts(at) {
      const pieces = inPieces('Reading the contacts', at ?? pageContactIds, pageContacts, translator.contact)
      for await (const { seen } of pieces) yield seen
    },
    askPhone: (chat) => inPage('Asking the phone for the history', LOOKUP_MS, pageAskPhone, chat),
    async readReceipts({ keys }) {
      const answer = await inPage('Reading the receipts', MEMORY_MS, pageReceipts, keys)
      if (answer.state === 'unknown') fail('message_not_found')
      if (answer.state === 'refused') fail('action_refused', { detail: 'Only own messages have receipts.' })
      return toReceipts(answer.rows, answer.waiting, addresses)
    },
    async readVotes({ keys }) {
      const answer = await inPage('Reading the votes', MEMORY_MS, pageVotes, keys)
      if (answer.state === 'unknown') fail('message_not_found')
      if (answer.state === 'refused') fail('action_refused', { detail: 'The message is not a poll.' })
      const votes = votesOf(answer.rows, translator)
      votes.forEach(emit)
      return votes.map(({ vote }) => vote)
    },
    async readMessages(chat: Jid, { before, count }): Promise<HistoryPage> {
      const what = 'Reading the history'
      for (const endAt = clock.now() + WALK_MS; ; ) {
        const answer = await inPage(what, HISTORY_MS, pageHistory, chat, before, count)
        if (answer.state === 'unknown') fail('chat_not_found')
        if (answer.state === 'done') {
          const address = toJid(answer.chat)
          const seen = answer.rows
            .flatMap(({ message, reactions, votes }) => translator.message(message, reactions, votes) ?? [])
            .map((message) => inChat(message, address))
          // The page knows no `transfer` of a channel, so `before` is null: at its end, the server may only not have responded.
          return { messages: seen, end: answer.end, before: beforeOf(answer.transfer), next: answer.next }
        }
        if (clock.now() > endAt) fail('whatsapp_timeout')
      }
    },
  }
}

/** One entry for each person, whichever address each receipt names. */
function toReceipts(
  rows: Extract<ReceiptsAnswer, { state: 'done' }>['rows'],
  waiting: number,
  addresses: Addresses,
): Receipts {
  const people = new Map<Jid, Receipt>()
  for (const { person, what, t } of rows) {
    const id = addresses.toPhone(person)
    const known = people.get(id) ?? { person: id, deliveredAt: null, readAt: null, playedAt: null }
    people.set(id, { ...known, [what]: toUnixSeconds(t, null) })
  }
  return { people: [...people.values()], waiting: Math.max(0, waiting) }
}

/**
 * `Conversation.EndOfHistoryTransferType` (WAProto): 0 more is on the phone, 1 nothing is; any other number says
 * that the phone gives no more on demand.
 */
function beforeOf(transfer: number | null): HistoryPage['before'] {
  if (transfer === null) return null
  return transfer === 0 ? 'ask' : transfer === 1 ? 'none' : 'phone'
}
