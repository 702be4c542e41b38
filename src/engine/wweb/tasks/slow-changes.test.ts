/** Changes of chats on a slow line, by our in-page code on a window of the test's. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { installPageTasks } from '../page-tasks.ts'
import { changeChat } from './chats.ts'

const LIMIT_MS = 29_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  Reflect.deleteProperty(globalThis, 'window')
})

/** A page whose commands are done after this time; `pins`: how many other chats are pinned. */
function openPage(afterMs: number, pins = 0) {
  const chat: Record<string, unknown> = { id: 'a@c.us', unreadCount: 0, mute: { expiration: 0 } }
  const later = (field: string, value: unknown) =>
    void setTimeout(() => Object.assign(chat, { [field]: value }), afterMs)
  Object.assign(Object(chat.mute), {
    mute: async ({ expiration }: { expiration: number }) => {
      setTimeout(() => Object.assign(Object(chat.mute), { expiration }), afterMs)
    },
  })
  const Cmd = {
    archiveChat: async (_: unknown, on: boolean) => later('archive', on),
    pinChat: async (_: unknown, on: boolean) => later('pin', on ? 1 : 0),
    markChatUnread: async () => later('unreadCount', -1),
  }
  const others = Array.from({ length: pins }, () => ({ pin: 1 }))
  const page = {
    whatsappMcpRows: { findChat: () => chat, chats: () => [], attempt: <T>(look: () => T) => look() },
    whatsappMcpModules: { ensure: async () => ({ Cmd }) },
    require: () => ({ Chat: { getModelsArray: () => [chat, ...others] } }),
  }
  Object.assign(globalThis, { window: page })
  installPageTasks()
}

async function change(changes: Parameters<typeof changeChat.run>[0]['changes']) {
  const asked = changeChat.run({ chat: 'a@c.us' as never, changes }, Date.now() + LIMIT_MS)
  const startedAt = Date.now()
  let tookMs = 0
  void asked.finally(() => {
    tookMs = Date.now() - startedAt
  })
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  const { problem } = await asked
  return { problem, tookMs }
}

it.each([
  ['archived', { archived: true }],
  ['pinned', { pinned: true }],
  ['muted', { mutedUntil: -1 }],
  ['unread', { unread: true }],
])('a chat that is %s after 12 s on a slow line is so', async (_, changes) => {
  openPage(12_000)
  const { problem, tookMs } = await change(changes)
  expect(problem).toBeUndefined()
  expect(tookMs).toBeLessThan(12_200)
})

it('what WhatsApp Web never shows is unknown before the time of the request is over', async () => {
  openPage(60_000)
  const { problem, tookMs } = await change({ archived: true })
  expect([problem, tookMs < LIMIT_MS]).toEqual(['open', true])
  expect(tookMs).toBeGreaterThan(25_000)
})

it('a fourth pin is refused at once', async () => {
  openPage(60_000, 3)
  const { problem, tookMs } = await change({ pinned: true })
  expect([problem, tookMs < 4_000]).toEqual(['refused', true])
})
