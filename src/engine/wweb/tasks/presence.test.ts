/** When this account counts as online, by our in-page code on a window of the test's. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { installPageTasks } from '../page-tasks.ts'
import { readChat } from './chats.ts'
import { showPresence } from './profile.ts'

const LIMIT_MS = 29_000
const SILENT = toJid('15550001109@c.us')
const [AMARA, JURGEN] = [toJid('15550001101@c.us'), toJid('15550001102@c.us')]

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/**
 * A page that sends the receipts of a chat after 1 s, those of {@link SILENT} never. It announces that it is online only when that
 * changes. `said`: the announcements; `receipts`: those that were sent while it was online.
 */
function openPage() {
  const said: string[] = []
  const receipts: string[] = []
  const stream = { available: false }
  const mark = (available: boolean) => {
    if (stream.available !== available) said.push(available ? 'online' : 'offline')
    stream.available = available
  }
  const line = { fails: false }
  /** The server has it at once, and answers after 1 s. */
  const send = async (state: string) => {
    if (line.fails) throw new Error('not connected')
    said.push(state)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  const modules: Record<string, object> = {
    WAWebStreamModel: { Stream: { markAvailable: () => mark(true), markUnavailable: () => mark(false) } },
    WAWebPresenceChatAction: {
      sendPresenceAvailable: () => send('online'),
      sendPresenceUnavailable: () => send('offline'),
    },
    WAWebUpdateUnreadChatAction: {
      async sendSeen({ chat }: { chat: { id: string; unreadCount: number } }) {
        if (chat.id === SILENT) await new Promise(() => {})
        await new Promise((resolve) => setTimeout(resolve, 1_000))
        if (said.at(-1) === 'online') receipts.push(chat.id)
        chat.unreadCount = 0
      },
    },
  }
  vi.stubGlobal('window', {
    whatsappMcpModules: { ensure: async (name: string) => modules[name] },
    whatsappMcpRows: {
      attempt: (work: () => unknown) => work(),
      findChat: (id: string) => ({ id, unreadCount: 2 }),
      chats: () => [],
    },
  })
  installPageTasks()
  const read = (chat: typeof AMARA) => readChat.run({ chat }, Date.now() + LIMIT_MS)
  const show = (available: boolean) => showPresence.run({ available }, Date.now() + LIMIT_MS)
  return { said, receipts, line, read, show }
}

async function after<T>(ms: number, asked: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(ms)
  return asked
}

it('a chat is read online, and the account is offline again', async () => {
  const { said, receipts, read } = openPage()
  expect(await after(2_000, read(AMARA))).toMatchObject({ gives: null })
  expect(receipts).toEqual([AMARA])
  expect(said).toEqual(['online', 'offline'])
})

it('an account that is shown as online stays so when it reads', async () => {
  const { said, receipts, read, show } = openPage()
  await after(1_000, show(true))
  await after(2_000, read(AMARA))
  expect(receipts).toEqual([AMARA])
  expect(said).not.toContain('offline')
})

it('after it is shown as offline again, the next receipts are sent too', async () => {
  const { said, receipts, read, show } = openPage()
  await after(1_000, show(true))
  await after(2_000, read(AMARA))
  await after(1_000, show(false))
  expect(said.at(-1)).toBe('offline')
  await after(2_000, read(JURGEN))
  expect(receipts).toEqual([AMARA, JURGEN])
  expect(said.at(-1)).toBe('offline')
})

it('two chats at once: the account is online until both are read', async () => {
  const { said, receipts, read } = openPage()
  const first = read(AMARA)
  await vi.advanceTimersByTimeAsync(500)
  await after(3_000, Promise.all([first, read(JURGEN)]))
  expect(receipts).toEqual([AMARA, JURGEN])
  expect(said).toEqual(['online', 'offline'])
})

it('a chat that WhatsApp never reads keeps the account online until its time is over, and no longer', async () => {
  const { said, receipts, read } = openPage()
  const lost = read(SILENT)
  await after(2_000, read(AMARA))
  expect(receipts).toEqual([AMARA])
  expect(said).toEqual(['online'])
  expect(await after(LIMIT_MS + 5_000, lost)).toEqual({ problem: 'open' })
  expect(said).toEqual(['online', 'offline'])
})

it('an account that is shown as offline while it reads is offline once it has read', async () => {
  const { said, receipts, read, show } = openPage()
  await after(1_000, show(true))
  const reading = read(AMARA)
  await vi.advanceTimersByTimeAsync(500)
  await after(2_000, Promise.all([reading, show(false)]))
  expect(receipts).toEqual([AMARA])
  expect(said.at(-1)).toBe('offline')
})

it('an account that is shown as online while it reads stays so', async () => {
  const { said, read, show } = openPage()
  const reading = read(AMARA)
  await vi.advanceTimersByTimeAsync(500)
  await after(2_000, Promise.all([reading, show(true)]))
  expect(said).not.toContain('offline')
})

it('an account that could not be shown as online is offline once it has read', async () => {
  const { said, line, read, show } = openPage()
  line.fails = true
  await expect(show(true)).rejects.toThrow()
  await after(2_000, read(AMARA))
  expect(said).toEqual(['online', 'offline'])
})

it('a read that begins while the account is being shown as offline sends its receipts', async () => {
  const { said, receipts, read, show } = openPage()
  await after(1_000, show(true))
  await after(2_000, read(AMARA))
  const hiding = show(false)
  await vi.advanceTimersByTimeAsync(500)
  await after(2_000, Promise.all([hiding, read(JURGEN)]))
  expect(receipts).toEqual([AMARA, JURGEN])
  expect(said.at(-1)).toBe('offline')
})
