/** Changes of several chats while WhatsApp is slow or goes away. */
import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { fail } from '../errors.ts'
import { type Jid, toJid } from '../model/ids.ts'
import { changeChats, setChatPresence } from './chat-changes.ts'

const CHATS = [1, 2, 3].map((n) => toJid(`1555000110${n}@c.us`))
const LIMIT_MS = 30_000

let clock: TestClock
beforeEach(() => {
  clock = createTestClock()
})

/** Archives the chats. `answer`: what WhatsApp does about the chat with this index within the time. */
function archiveAll(answer: (index: number, limitMs: number) => void) {
  const granted = {
    clock,
    demandVisible: async () => {},
    reader: () => ({ recipientAt: async (id: string) => ({ id }) }),
    engine: {
      async perform(_: string, { chat }: { chat: Jid }, { limitMs }: { limitMs: number }) {
        answer(CHATS.indexOf(chat), limitMs)
        return { result: { changed: ['archived'] }, chat: null }
      },
    },
  }
  // Only what the row uses of it.
  return changeChats.run({ chat_ids: CHATS, archived: true }, granted as never)
}

describe('changes of several chats', () => {
  it('return what was done, in time, if the last of them is slow', async () => {
    // Held: on a busy machine the tenth of a second that is left for the next chat would pass by itself.
    clock.hold()
    const began = clock.now()
    const answer = await archiveAll((index, limitMs) => {
      if (index === 0) return clock.advance(19_900)
      clock.advance(limitMs)
      fail('outcome_unknown')
    })
    expect(clock.now() - began).toBeLessThan(LIMIT_MS)
    expect([answer.count, answer.failed.map(({ code }) => code)]).toEqual([
      1,
      ['outcome_unknown', 'whatsapp_timeout'],
    ])
  })

  it('name the chat that may be changed, also if the connection goes after it', async () => {
    const { count, failed } = await archiveAll((index) =>
      fail(index === 0 ? 'outcome_unknown' : 'not_connected'),
    )
    expect([count, failed.map(({ code }) => code)]).toEqual([
      0,
      ['outcome_unknown', 'not_connected', 'not_connected'],
    ])
    await expect(archiveAll(() => fail('not_connected'))).rejects.toMatchObject({ code: 'not_connected' })
  })
})

describe('a state of typing', () => {
  /** Shows it for 20 s. Returns what the engine is asked for then: the state, and whether it is only taken back. */
  async function type(gone: AbortSignal) {
    const asked: [state: string, still: boolean | undefined, by: string][] = []
    const granted = {
      clock,
      gone,
      demandVisible: async () => {},
      reader: () => ({ recipientAt: async (id: string) => ({ id }) }),
      engine: {
        async perform(_: string, { state, still, by }: { state: string; still?: true; by: string }) {
          asked.push([state, still, by])
          return { result: null, chat: null }
        },
      },
    }
    const input = setChatPresence.input.parse({ chat_id: CHATS[0], state: 'typing', seconds: 20 })
    await setChatPresence.run(input, granted as never)
    return asked
  }
  const settle = () => new Promise(setImmediate)

  it('is taken back when the caller goes, if it is still the one that is shown', async () => {
    const session = new AbortController()
    const asked = await type(session.signal)
    expect(asked).toEqual([['typing', undefined, expect.any(String)]])
    session.abort()
    await settle()
    expect(asked.slice(1)).toEqual([['paused', true, asked[0]?.[2]]])
  })

  it('is taken back for a caller that went before the answer', async () => {
    const asked = await type(AbortSignal.abort())
    await settle()
    expect(asked.map(([state]) => state)).toEqual(['typing', 'paused'])
  })

  it('is over after its time, also for a session that ends later', async () => {
    const session = new AbortController()
    const asked = await type(session.signal)
    clock.advance(20_000)
    session.abort()
    await settle()
    expect(asked).toHaveLength(1)
  })
})
