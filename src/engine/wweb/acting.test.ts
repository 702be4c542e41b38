/** Actions in the page's functions, run in Node on a message of the test: what an outcome is called. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../clock.ts'
import type { Action } from '../../model/action.ts'
import { toJid, toMessageKey } from '../../model/ids.ts'
import { createActing } from './acting.ts'
import { installPageActs } from './page-acts.ts'
import type { ReadingClient } from './reading.ts'
import type { Translator } from './translator.ts'

const FORWARD: Action = {
  kind: 'forward',
  to: toJid('15550001101@c.us'),
  bareId: '3EB0000000000000000000',
  isOneOfSeveral: false,
}
const STAR: Action = { kind: 'star', starred: true }

type Page = {
  forwardMessages?: () => Promise<void>
  pending?: Promise<unknown>
  sendReactionToMsg?: () => unknown
  /** A photo whose file never comes. */
  photo?: true
  /** A read of the page's database fails after the first one. */
  breaks?: true
}

/** Opens a page with one message. Its functions see this page as their `window`. */
function open(page: Page) {
  let reads = 0
  const stars: unknown[] = []
  const promises = { sendStarMsgs: page.pending }
  void page.pending?.then(() => {
    promises.sendStarMsgs = undefined
  })
  const chat = { msgs: { getModelsArray: () => [] }, promises }
  const modules: Record<string, object> = {
    WAWebMsgActionCapability: { canStarMsg: () => true, canForwardMsg: () => !page.photo },
    WAWebCmd: { Cmd: { sendStarMsgs: (...given: unknown[]) => stars.push(given) } },
    WAWebSendReactionMsgAction: { sendReactionToMsg: page.sendReactionToMsg },
  }
  vi.stubGlobal('window', {
    whatsappMcpRows: {
      findChat: () => chat,
      isMessage: () => true,
      isMember: () => true,
      attempt: () => null,
    },
    whatsappMcpFind: async () => {
      reads += 1
      if (page.breaks && reads > 1) throw new Error('r: r')
      const file = { type: 'image', directPath: '/v/photo', downloadMedia: () => new Promise(() => {}) }
      const id = { remote: '15550001101@c.us', fromMe: false }
      return { id, type: 'chat', ...(page.photo && file) }
    },
    whatsappMcpKey: () => null,
    whatsappMcpModules: { ensure: async () => page },
    WWebJS: { getChat: async () => chat },
    require: (name: string) => modules[name] ?? {},
  })
  installPageActs()
  return { stars, ...acting((run, ...given) => run(...given)) }
}

function acting(evaluate: (run: (...given: unknown[]) => unknown, ...given: unknown[]) => unknown) {
  const client = { pupPage: { evaluate } } as unknown as ReadingClient
  const { act } = createActing(client, { message: () => null } as unknown as Translator, systemClock)
  const codeOf = (action: Action, limitMs = 30_000) =>
    act({ keys: [] }, action, limitMs).then(
      () => 'done',
      (error) => error.code,
    )
  return { codeOf }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('new texts of a message whose edit is on its way', () => {
  const KEY = toMessageKey('true_15550001101@c.us_3EB0000000000000000000')
  const MINE: Action = { kind: 'edit', text: 'mine ' }

  /** Edits end as `ends` says, in turn. Returns what is reported. */
  async function edit(ends: ('done' | 'failed' | 'gone')[], texts: string[]) {
    const ending: (() => void)[] = []
    const evaluate = () => {
      const end = ends[ending.length]
      return new Promise((resolve, reject) =>
        ending.push(() =>
          end === 'gone' ? reject(new Error('Target closed')) : resolve({ verdict: end, message: null }),
        ),
      )
    }
    const client = { pupPage: { evaluate } } as unknown as ReadingClient
    const acting = createActing(client, {} as unknown as Translator, systemClock)
    const edits = ends.map(() => acting.act({ keys: [KEY] }, MINE, 30_000).catch(() => {}))
    const reported: string[] = []
    for (const text of texts) acting.reportEdit('3EB0000000000000000000', text, () => reported.push(text))
    expect(reported).toEqual([])
    for (const [index, end] of ending.entries()) {
      end()
      await edits[index]
    }
    return reported
  }

  it.each<[what: string, ends: ('done' | 'failed' | 'gone')[], texts: string[], reported: string[]]>([
    ['it is done', ['done'], ['mine'], ['mine']],
    ['it fails', ['failed'], ['mine'], []],
    ['nothing shows whether it is done', ['gone'], ['mine'], ['mine']],
    ['it fails, and the phone edited after it', ['failed'], ['mine', 'of the phone'], ['of the phone']],
    ['it fails, and the phone edited before it', ['failed'], ['of the phone', 'mine'], ['of the phone']],
    ['a second one fails', ['done', 'failed'], ['of the phone'], ['of the phone']],
    ['a first one fails', ['failed', 'done'], ['of the phone'], ['of the phone']],
  ])('%s', async (_, ends, texts, reported) => {
    expect(await edit(ends, texts)).toEqual(reported)
  })
})

it.each([
  'Execution context was destroyed, most likely because of a navigation.',
  'Protocol error (Runtime.callFunctionOn): Target closed',
  'Navigating frame was detached',
])('is unknown if the page is gone: %s', async (text) => {
  const { codeOf } = acting(() => Promise.reject(new Error(text)))
  expect(await codeOf(FORWARD)).toBe('outcome_unknown')
})

it('is a failure if the page threw before it acted', async () => {
  const { codeOf } = acting(() => Promise.reject(new Error('no such module')))
  expect(await codeOf(FORWARD)).toBe('whatsapp_error')
})

it('never begins once its time is up: a star behind another', async () => {
  let free = () => {}
  const hung = new Promise<void>((resolve) => {
    free = resolve
  })
  const { codeOf, stars } = open({ pending: hung })
  const code = codeOf(STAR, 1_000)
  await vi.advanceTimersByTimeAsync(1_500)
  expect(await code).toBe('outcome_unknown')
  free()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(stars).toEqual([])
})

it('does not wait for a forward that never ends', async () => {
  const calls: number[] = []
  const forwardMessages = () => {
    calls.push(Date.now())
    return new Promise<void>(() => {})
  }
  const { codeOf } = open({ forwardMessages })
  const codes = [codeOf(FORWARD, 1_000), codeOf(FORWARD, 1_000)]
  await vi.advanceTimersByTimeAsync(1_500)
  expect(await Promise.all(codes)).toEqual(['outcome_unknown', 'outcome_unknown'])
  expect(calls).toHaveLength(2)
})

it('says that nothing was changed if it reaches the page too late', async () => {
  const { codeOf } = open({ forwardMessages: () => Promise.reject(new Error('begun')) })
  expect(await codeOf(FORWARD, 0)).toBe('whatsapp_timeout')
})

it('says that nothing was changed if the photo to forward does not come in time', async () => {
  const { codeOf } = open({ photo: true })
  const code = codeOf(FORWARD)
  await vi.advanceTimersByTimeAsync(26_000)
  expect(await code).toBe('whatsapp_timeout')
})

it('is unknown if WhatsApp Web fails after the act has begun, and a failure if it cannot begin', async () => {
  const begun = open({ sendReactionToMsg: () => Promise.reject(new Error('Reaction send error')) })
  expect(await begun.codeOf({ kind: 'react', emoji: '👍' })).toBe('outcome_unknown')
  const missing = open({})
  expect(await missing.codeOf({ kind: 'react', emoji: '👍' })).toBe('whatsapp_error')
})

it.each([
  ['OK', 'done'],
  [undefined, 'done'],
  ['ERROR_UNKNOWN', 'whatsapp_error'],
])('a reaction that resolves with %s: %s', async (messageSendResult, code) => {
  const { codeOf } = open({ sendReactionToMsg: async () => ({ messageSendResult }) })
  expect(await codeOf({ kind: 'react', emoji: '👍' })).toBe(code)
})

it('is unknown if WhatsApp Web fails while it forwards', async () => {
  const { codeOf } = open({ forwardMessages: () => Promise.reject(new Error('upload')) })
  const code = codeOf(FORWARD)
  await vi.advanceTimersByTimeAsync(6_000)
  expect(await code).toBe('outcome_unknown')
})

it('what is done stays done if the message cannot be read again', async () => {
  const { codeOf } = open({ sendReactionToMsg: async () => ({ messageSendResult: 'OK' }), breaks: true })
  expect(await codeOf({ kind: 'react', emoji: '👍' })).toBe('done')
})
