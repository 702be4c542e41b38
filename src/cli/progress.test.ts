import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createProgress } from './progress.ts'

let written: string[]
let listened: NodeJS.ExitListener[]
/** What is to be done when the process ends. */
const added = () => process.listeners('exit').filter((one) => !listened.includes(one))
const wasTTY = process.stderr.isTTY
beforeEach(() => {
  written = []
  listened = process.listeners('exit')
  vi.useFakeTimers({ toFake: ['performance'] })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
})
afterEach(() => {
  process.stderr.isTTY = wasTTY
  for (const listener of added()) process.off('exit', listener)
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Ten steps a second, each said; what was written after so many seconds. */
function after(seconds: number, isTTY: boolean): string[] {
  process.stderr.isTTY = isTTY
  const progress = createProgress((done) => `${done} done`)
  for (let step = 1; step <= seconds * 10; step += 1) {
    vi.advanceTimersByTime(100)
    progress(step)
  }
  return written
}

it.each([true, false])('says nothing of what is short (terminal: %s)', (isTTY) => {
  expect(after(0.9, isTTY)).toEqual([])
})

it('is redrawn twice a second on a terminal, and leaves no trace on it', () => {
  const line = (done: number) => `\r\u001b[K${done} done`
  expect(after(2.2, true)).toEqual([line(10), line(15), line(20)])
  for (const listener of added()) listener(0)
  expect(written.at(-1)).toBe('\r\u001b[K')
})

it('is a line every ten seconds elsewhere, without anything that steers a terminal', () => {
  expect(after(25, false)).toEqual(['10 done\n', '110 done\n', '210 done\n'])
})
