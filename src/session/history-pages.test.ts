/** Reading back stops where nothing more is to be kept, and only there. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { historyOf } from '../../test/history-of.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { toJid } from '../model/ids.ts'
import { KEEP_ALL, type KeepRules } from '../model/keeping.ts'
import { openStore, type Store } from '../store/store.ts'
import { createHistoryPages, type HistoryEngine } from './history-pages.ts'
import { createKeeping } from './keeping.ts'

const AMARA = toJid('15551110000@c.us')
const DAY_S = 86_400

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-pages-'))
  store = openStore(join(dir, 'a.db'))
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

/** One message a day, the newest from today, for a year; two to a page. `expired`: days of those that have disappeared. */
function read(rules: Partial<KeepRules>, expired: (day: number) => boolean = () => false) {
  const clock = createTestClock()
  const now = Math.floor(clock.now() / 1000)
  const asked: (string | null)[] = []
  const message = (day: number) =>
    seenMessage({
      chat: AMARA,
      bareId: `day ${day}`,
      body: '',
      sentAt: now - day * DAY_S - 1,
      expiresAt: expired(day) ? now - 1 : null,
    })
  const year = Array.from({ length: 362 }, (_, index) => message(361 - index))
  const engine: HistoryEngine = {
    readMessages: async (_, options) => {
      asked.push(options.before?.without.at(0) ?? null)
      return historyOf(year, options)
    },
  }
  const chat = store.chats.insert('direct', { person: store.people.idOf(AMARA) })
  const keeping = createKeeping(store, { ...KEEP_ALL, ...rules }, clock)
  const page = createHistoryPages(engine, store, keeping, clock, 0).walk(chat, null).read(2)
  return page.then(({ messages, end }) => ({ ids: messages.map(({ bareId }) => bareId), end, asked }))
}

it('a page within what is kept is as WhatsApp Web gave it', async () => {
  expect(await read({ days: 30 })).toEqual({ ids: ['day 1', 'day 0'], end: false, asked: [null] })
})

it('a page that reaches beyond it is the last', async () => {
  expect(await read({ days: 1 })).toEqual({ ids: ['day 0'], end: true, asked: [null] })
})

it('of a chat that is never stored nothing is asked', async () => {
  expect(await read({ never: [{ jid: AMARA }] })).toEqual({ ids: [], end: true, asked: [] })
})

it('behind messages that have disappeared it goes on', async () => {
  const page = await read({}, (day) => day < 4)
  expect(page).toEqual({ ids: ['day 5', 'day 4'], end: false, asked: [null, 'day 1', 'day 3'] })
})
