/** What is reported of changes in the page's memory, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { installPageWatch } from './page-watch.ts'

afterEach(() => vi.unstubAllGlobals())

it('a placeholder that an earlier document received is reported once it can be read', async () => {
  const listeners = new Map<string, (model: object) => void>()
  const collection = {
    on(names: string, listener: (model: object) => void) {
      for (const name of names.split(' ')) listeners.set(name, listener)
    },
    getModelsArray: () => [],
  }
  const other = { on: () => {}, getModelsArray: () => [] }
  const changes: unknown[] = []
  const attempt = (work: () => unknown) => work()
  const none = () => []
  vi.stubGlobal('window', {
    require: () => ({
      Chat: other,
      Contact: other,
      GroupMetadata: other,
      PinInChatCollection: other,
      Msg: collection,
      Socket: { state: 'CONNECTED' },
    }),
    whatsappMcpRows: { attempt, chats: none, contacts: none, messages: (ids: string[]) => ids },
    whatsappMcpChanged: ({ messages }: { messages: unknown[] }) => changes.push(...messages),
  })
  expect(installPageWatch()).toBe(true)
  listeners.get('change:type')?.({ id: 'false_15550001101@c.us_A', type: 'chat' })
  await expect.poll(() => changes).toEqual(['false_15550001101@c.us_A'])
})
