/** A million messages in the order in which history is loaded: chats newest first, each in pages of 50 backwards. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { toJid } from '../../src/model/ids.ts'
import type { SeenMessage } from '../../src/model/seen.ts'
import { openArchive } from '../../src/store/unlock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { addressOf, toMessage } from '../archive/recording.ts'
import { createSearchTexts } from './texts.ts'

export type Filling = {
  /** All of writing, in microseconds a message. */
  usPerMessage: number
  /** Of one page of 50, in ms. */
  page: { p50: number; p99: number }
  /** Of the live path with the archive full: one message, one transaction, one flush to the disk; ms. */
  single: { p50: number; p99: number }
  /** Bytes a message: the whole file, and the index alone. */
  fileBytes: number
  indexBytes: number
}

export type FillingOptions = {
  count: number
  chats: number
  /** False: as it was without a search index, to see what that costs. */
  indexed: boolean
  /** What the archive is encrypted with; null: nothing. */
  secret: string | null
  /** Is given everything that was written, outside the clock. */
  onText?: (id: string, chat: string, text: string, sentAt: number) => void
}

const PAGE = 50
const SINGLES = 300
const NOW_S = 1_760_000_000
const YEARS_S = 2 * 365 * 86_400
const ACCOUNT = '15550001000@c.us'

/** Write them into a new archive at `file`. */
export function fill(file: string, options: FillingOptions): Filling {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const store = openArchive(file, options.secret)
  if (!options.indexed) Object.assign(store.search, { add: () => {} })
  store.meta.set('account_wid', ACCOUNT)
  const inbox = createTestInbox(store, systemClock, { own: [toJid(ACCOUNT)] })
  const texts = createSearchTexts(7)
  const sizes = new Array<number>(options.chats).fill(0)
  for (let n = 0; n < options.count; n += 1) {
    const chat = Math.floor(texts.random() ** 3 * options.chats)
    sizes[chat] = (sizes[chat] ?? 0) + 1
  }
  let written = 0
  let spentMs = 0
  const pages: number[] = []
  for (const [index, size] of sizes.entries()) {
    if (size === 0) continue
    const address = addressOf(index)
    const chat = inbox.where.chatId(address)
    if (chat === null) throw new Error(`${address} is no chat`)
    let sentAt = NOW_S - index * 60
    let before: number | null = null
    for (let left = size; left > 0; left -= PAGE) {
      const page: SeenMessage[] = []
      while (page.length < Math.min(PAGE, left)) {
        sentAt -= 1 + Math.floor((texts.random() * 2 * YEARS_S) / size)
        const message = toMessage(written, address, texts.text(), sentAt)
        options.onText?.(message.bareId, address, message.body, sentAt)
        page.unshift(message)
        written += 1
      }
      const startedAt = performance.now()
      before = inbox.recordStretch(chat, page, () => 'history', before).oldest
      pages.push(performance.now() - startedAt)
      spentMs += pages.at(-1) ?? 0
    }
  }
  const singles = Array.from({ length: SINGLES }, (_, n) => {
    const message = toMessage(written + n, addressOf(n % 50), texts.text(), NOW_S + n)
    const startedAt = performance.now()
    inbox.take({ type: 'message', message })
    inbox.flush()
    return performance.now() - startedAt
  })
  const size = (where: string) =>
    store.db.query<{ bytes: number }>(`SELECT sum(pgsize) AS bytes FROM dbstat ${where}`).get()?.bytes ?? 0
  const result = {
    usPerMessage: (spentMs * 1000) / written,
    page: latencyOf(pages),
    single: latencyOf(singles),
    fileBytes: size('') / written,
    indexBytes: size(`WHERE name LIKE 'search%'`) / written,
  }
  store.close()
  return result
}

function latencyOf(list: readonly number[]): { p50: number; p99: number } {
  const sorted = list.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
