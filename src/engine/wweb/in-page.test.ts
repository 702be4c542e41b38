import { afterEach, expect, test, vi } from 'vitest'
import { suppressLibraryWatches } from './in-page.ts'

afterEach(() => vi.unstubAllGlobals())

test('the library does not subscribe to what is not used of it, and everything else is as before', () => {
  const listening: string[] = []
  const collection = (name: string) => ({
    on(events: string) {
      listening.push(`${name} ${events}`)
      return this
    },
  })
  const collections = { Chat: collection('Chat'), Msg: collection('Msg') }
  const page = {
    require: () => collections,
    onChangeMessageEvent() {},
    onMessageAckEvent() {},
    onRemoveChatEvent() {},
  }
  vi.stubGlobal('window', page)
  suppressLibraryWatches()
  const { Chat, Msg } = collections as unknown as Record<'Chat' | 'Msg', { on(...given: unknown[]): unknown }>
  expect(Msg.on('change', () => page.onChangeMessageEvent())).toBe(Msg)
  Msg.on('change:ack', () => page.onMessageAckEvent())
  Chat.on('remove', () => page.onRemoveChatEvent())
  Chat.on('remove', () => {})
  expect(listening).toEqual(['Msg change:ack', 'Chat remove'])
})
