/** What a change of a chat is called, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { changeChat } from './chats.ts'

afterEach(() => vi.unstubAllGlobals())

it.each([
  [3, 'refused'],
  [2, 'open'],
])('a pin that does not show beside %i others: %s', async (count, problem) => {
  const chat = { pin: 0 }
  const others = Array.from({ length: count }, () => ({ pin: 1 }))
  vi.stubGlobal('window', {
    require: () => ({ Chat: { getModelsArray: () => [chat, ...others, { pin: 0 }] } }),
    whatsappMcpTasks: {
      need: async () => ({ Cmd: { pinChat: async () => {} } }),
      shown: async () => false,
      inChat: (_id: string, _endsAt: number, work: (one: object) => unknown) => work(chat),
    },
  })
  const changed = await changeChat.run(
    { chat: toJid('15550001101@c.us'), changes: { pinned: true } },
    Date.now() + 1_000,
  )
  expect(changed).toMatchObject({ problem })
})
