/** The order of messages of one second, whatever else the archive has in that second. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { SeenMessage } from '../model/seen.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Inbox } from './inbox.ts'

const T = 1_700_000_000
const chats = Array.from({ length: 100 }, (_, n) => toJid(`1555${1_000_000 + n}@c.us`))
const [AMARA = toJid('1@c.us'), OTHER = AMARA] = chats

let dir: string
let store: Store
let inbox: Inbox
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-places-'))
  store = openStore(join(dir, 'a.db'))
  inbox = createTestInbox(store, createTestClock(), { own: [toJid('15550001000@c.us')] })
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

const message = (chat: Jid, bareId: string, fromMe = false): SeenMessage =>
  seenMessage({ chat, bareId, body: bareId, sentAt: T, fromMe })

function live(...seen: SeenMessage[]): void {
  for (const one of seen) inbox.take({ type: 'message', message: one })
  inbox.flush()
}

function rows(chat: Jid): string[] {
  return store.db
    .query<{ bare_id: string }>('SELECT bare_id FROM messages WHERE chat = ? ORDER BY id')
    .all(inbox.where.findChat(chat) ?? -1)
    .map(({ bare_id }) => bare_id)
}

/** Reads what WhatsApp Web has of a chat backwards, in pages, as catching up does. */
function readBack(chat: Jid, web: readonly SeenMessage[], page: () => number, meanwhile = () => {}): void {
  const id = inbox.where.chatId(chat, T) ?? 0
  let before: number | null = null
  for (let end = web.length; end > 0; ) {
    const from = Math.max(0, end - page())
    const newest = store.messages.newest(id)?.id ?? -1
    meanwhile()
    before ??= store.messages.nextIn(id, newest)
    before = inbox.recordStretch(id, web.slice(from, end), () => 'late', before).oldest
    end = from
  }
}

/** The same numbers on every run. */
function createDice(seed: number): (sides: number) => number {
  let state = seed + 1
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647
    return state % sides
  }
}

const many = (chat: Jid, prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => message(chat, `${prefix}${n}`))
const ids = (seen: readonly SeenMessage[]) => seen.map(({ bareId }) => bareId)

it.each([
  [120, 50],
  [60, 20],
  [300, 7],
])('%i messages in pages of %i stand in order behind a live one of another chat', (count, page) => {
  live(message(OTHER, 'live'))
  const web = many(AMARA, 'M', count)
  readBack(AMARA, web, () => page)
  expect(rows(AMARA)).toEqual(ids(web))
})

it('a hundred chats with a hundred messages each in one second are in order', () => {
  live(message(OTHER, 'live'))
  for (const chat of chats.slice(2)) {
    const web = many(chat, 'M', 105)
    readBack(chat, web, () => 50)
    expect(rows(chat)).toEqual(ids(web))
  }
})

it('what comes live while the first page is on its way follows the page', () => {
  const web = many(AMARA, 'M', 5)
  readBack(
    AMARA,
    web,
    () => 50,
    () => live(message(AMARA, 'live')),
  )
  expect(rows(AMARA)).toEqual([...ids(web), 'live'])
})

it.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'a chat has the order of WhatsApp Web, whatever pages, live and own messages there are (%i)',
  (seed) => {
    const dice = createDice(seed)
    // Before the server stops, chats take turns.
    const web: SeenMessage[] = []
    for (let n = dice(6); n > 0; n -= 1) {
      const one = message(AMARA, `before${n}`, dice(2) === 0)
      live(message(OTHER, `other${n}`), one)
      web.push(one)
    }
    web.push(...many(AMARA, 'M', dice(600)))
    const size = 1 + dice(60)
    let arrived = 0
    // Of what comes meanwhile a page may have some already; WhatsApp Web reports it all the same.
    const after: SeenMessage[] = []
    readBack(
      AMARA,
      web,
      () => 1 + dice(size),
      () => {
        for (let n = dice(3); n > 0 && arrived < 20; n -= 1) {
          arrived += 1
          const one = message(AMARA, `after${arrived}`, dice(2) === 0)
          after.push(one)
          live(one, message(OTHER, `meanwhile${arrived}`))
        }
      },
    )
    // The same again, over what is there: nothing moves.
    readBack(AMARA, [...web, ...after], () => 1 + dice(60))
    expect(rows(AMARA)).toEqual(ids([...web, ...after]))
  },
)

it('two messages with hundreds between them keep their places, and those between precede the second', () => {
  const [first, last] = [message(AMARA, 'first'), message(AMARA, 'last')]
  live(first, last)
  const between = many(AMARA, 'M', 1_000)
  readBack(AMARA, [first, ...between, last], () => 50)
  expect(rows(AMARA)).toEqual(ids([first, ...between, last]))
})
