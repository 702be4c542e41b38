/** The threads, with a script that waits at a gate as SQLite does: without a turn of its event loop. */
import { afterEach, describe, expect, it } from 'vitest'
import { createThreads, type Requests, type Threads } from './threads.ts'

const SCRIPT = new URL(
  `data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads'
  const seen = []
  parentPort.on('message', (message) => {
    if (message === null) return parentPort.close()
    if (message.crash) throw new Error('crashed')
    seen.push(message.text)
    if (message.gate) Atomics.wait(message.gate, 0, 0)
    parentPort.postMessage({ value: message.seen ? seen : message.text })
  })
  parentPort.postMessage('ready')
`)}`,
)

/** The same, but its start takes 1.5 s. */
const SLOW_START = new URL(
  SCRIPT.href.replace(
    encodeURIComponent(`parentPort.postMessage('ready')`),
    encodeURIComponent(
      `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500); parentPort.postMessage('ready')`,
    ),
  ),
)

let threads: Threads
const open = (limitMs?: number, script = SCRIPT): Requests => {
  threads = createThreads(() => script, limitMs)
  return threads.open()
}
const gates: Int32Array[] = []
/** A request that runs until it is let through. */
const held = (text: string) => {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  gates.push(gate)
  return { text, gate }
}
const letThrough = (...which: Int32Array[]) => {
  for (const gate of which) {
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
  }
}
afterEach(async () => {
  letThrough(...gates.splice(0))
  await threads.close()
})

const answer = async (requests: Requests, message: unknown, options = {}) =>
  (await requests.ask(message, options)).value

describe('threads', () => {
  it('answer short requests while long ones run, of which one thread is enough', async () => {
    const requests = open()
    const first = held('first')
    const longs = [first, { text: 'second' }].map((one) => answer(requests, one, { isLong: true }))
    expect(await answer(requests, { text: 'short' })).toBe('short')
    letThrough(first.gate)
    expect(await Promise.all(longs)).toEqual(['first', 'second'])
  })

  it('are not all taken by one archive while there is another', async () => {
    const one = open()
    const other = threads.open()
    const busy = ['a', 'b', 'c', 'd'].map(held)
    const answers = busy.map((message) => answer(one, message))
    expect(await answer(other, { text: 'other' })).toBe('other')
    letThrough(...busy.map(({ gate }) => gate))
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('have their time limit from their start on, however long that takes', async () => {
    // Above what a loaded machine takes to answer, below what the start takes.
    const requests = open(700, SLOW_START)
    const answers = ['a', 'b'].map((text) => answer(requests, { text }))
    expect(await Promise.all(answers)).toEqual(['a', 'b'])
  })

  it('are replaced if a request exceeds its time limit, which is said at once', async () => {
    const requests = open(100)
    const slow = ['a', 'b'].map((text) => answer(requests, held(text)))
    const ends = await Promise.all(slow.map((one) => one.catch((error) => error)))
    expect(ends).toMatchObject([{ code: 'whatsapp_timeout' }, { code: 'whatsapp_timeout' }])
    await expect.poll(() => answer(requests, { text: 'next' }).catch(() => null)).toBe('next')
  })

  it('refuse at once what no more of them could answer, in place of the thread that asks', async () => {
    const requests = open(100)
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f'])
      await expect(answer(requests, held(text))).rejects.toMatchObject({ code: 'whatsapp_timeout' })
    expect(threads.isReady()).toBe(true)
  })

  it('cost only their own request if they crash', async () => {
    const requests = open()
    const answers = [{ crash: true }, { text: 'a' }, { text: 'b' }].map((one) => answer(requests, one))
    await expect(answers[0]).rejects.toMatchObject({ code: 'archive_unavailable' })
    expect(await Promise.all(answers.slice(1))).toEqual(['a', 'b'])
    expect(await answer(requests, { text: 'c' })).toBe('c')
  })

  it('that cannot start fail what waits for them, and are not tried again at once', async () => {
    let tried = 0
    threads = createThreads(() => {
      tried += 1
      return new URL('data:text/javascript,throw new Error("broken")')
    })
    const requests = threads.open()
    const failed = { code: 'archive_unavailable', cause: expect.objectContaining({ message: 'broken' }) }
    await expect(answer(requests, { text: 'a' })).rejects.toMatchObject(failed)
    await expect(answer(requests, { text: 'b' })).rejects.toMatchObject(failed)
    expect([threads.isReady(), tried]).toEqual([false, 1])
  })

  it('never receive a request that was cancelled while it waited', async () => {
    const requests = open()
    const first = held('first')
    const running = requests.ask(first, { isLong: true })
    const gone = new AbortController()
    const waiting = answer(requests, { text: 'cancelled' }, { isLong: true, signal: gone.signal })
    gone.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    letThrough(first.gate)
    const { at } = await running
    expect(await answer(requests, { text: 'last', seen: true }, { at })).toEqual(['first', 'last'])
  })

  it('leave an archive alone once what runs has ended, and go on with what came meanwhile', async () => {
    const requests = open()
    await answer(requests, { text: 'zero' })
    const first = held('first')
    const running = requests.ask(first)
    const done: string[] = []
    const alone = requests.alone(() => done.push('alone'))
    const later = answer(requests, { text: 'later' }).then((text) => done.push(String(text)))
    expect(await answer(threads.open(), { text: 'of another archive' })).toBe('of another archive')
    expect(done).toEqual([])
    letThrough(first.gate)
    await Promise.all([running, alone, later])
    expect(done).toEqual(['alone', 'later'])
  })

  it('close an archive after running calls, and drop waiting ones', async () => {
    const requests = open()
    await answer(requests, { text: 'zero' })
    const first = held('first')
    const running = requests.ask(first, { isLong: true })
    const waiting = answer(requests, { text: 'waiting' }, { isLong: true })
    const ended = requests.end({ text: 'farewell' })
    await expect(waiting).rejects.toMatchObject({ code: 'shutting_down' })
    letThrough(first.gate)
    const { at } = await running
    await ended
    expect(await answer(threads.open(), { seen: true }, { at })).toEqual([
      'zero',
      'first',
      'farewell',
      undefined,
    ])
    await expect(answer(requests, { text: 'late' })).rejects.toMatchObject({ code: 'shutting_down' })
  })
})
