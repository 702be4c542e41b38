/** What a change of a chat is called, by our in-page code on a window of the test's. */
import { afterEach, expect, it, vi } from 'vitest'
import { toJid } from '../../../model/ids.ts'
import { changeChat, showState } from './chats.ts'

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

it.each<[shown: string | undefined, sent: string[]]>([
  ['mine', ['paused']],
  ['of another call', []],
  [undefined, []],
])('a state is taken back only while it is the one that is shown: %s', async (shown, sent) => {
  const states = new Map(shown === undefined ? [] : [['15550001101@c.us', shown]])
  const said: string[] = []
  const later: (() => void)[] = []
  const say = (state: string) => async () => void said.push(state)
  vi.stubGlobal('window', {
    whatsappMcpTasks: {
      states,
      after: (_ms: number, run: () => void) => void later.push(run),
      need: async () => ({
        sendChatStateComposing: say('composing'),
        sendChatStateRecording: say('recording'),
        sendChatStatePaused: say('paused'),
      }),
      inChat: (id: string, _endsAt: number, work: (one: object) => unknown) => work({ id }),
    },
  })
  const chat = toJid('15550001101@c.us')
  const takes = { chat, state: 'paused', seconds: 1, by: 'mine', still: true } as const
  expect(await showState.run(takes, Date.now() + 1_000)).toEqual({ gives: null })
  for (const run of later) run()
  expect(said).toEqual(sent)
  expect(states.get(chat)).toBe(shown === 'mine' ? undefined : shown)
})
