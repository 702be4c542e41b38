/** Lookups of numbers that WhatsApp answers late or never, by our in-page code on a window of the test's. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { installPageTasks, type PageTasks } from './page-tasks.ts'

const LIMIT_MS = 29_000
const SILENT = '15559990001@c.us'
const people = (count: number) => Array.from({ length: count }, (_, index) => `1555111000${index}@c.us`)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A page in which the lookup of {@link SILENT} never settles, and each other one takes so long. `asked`: who was looked up, and when. */
function openPage(answerMs = 100) {
  const asked: [id: string, atMs: number][] = []
  const startedAt = Date.now()
  const queryWidExists = async (wid: object) => {
    asked.push([String(wid), Date.now() - startedAt])
    if (String(wid) === SILENT) await new Promise(() => {})
    await new Promise((resolve) => setTimeout(resolve, answerMs))
    return { wid }
  }
  const page = {
    whatsappMcpTasks: {} as PageTasks,
    require: () => ({ createWid: (id: string) => ({ server: 'c.us', toString: () => id }) }),
    whatsappMcpModules: { ensure: async () => ({ queryWidExists }) },
    whatsappMcpRows: { others: () => [] },
  }
  vi.stubGlobal('window', page)
  installPageTasks()
  const lookUp = (ids: string[], limitMs = LIMIT_MS) =>
    Promise.all(ids.map((id) => page.whatsappMcpTasks.lookUp(id, Date.now() + limitMs))).then(
      (found) => found.map(String),
      (error: Error) => error.message,
    )
  return { asked, lookUp }
}

it('a lookup that WhatsApp never answers delays the next ones for some seconds, which still run in turn', async () => {
  const { asked, lookUp } = openPage()
  const lost = lookUp([SILENT])
  const found = lookUp(people(3))
  await vi.advanceTimersByTimeAsync(15_000)
  expect(asked.map(([id]) => id)).toEqual([SILENT, ...people(3)])
  const times = asked.map(([, atMs]) => atMs)
  for (const [index, atMs] of times.entries())
    if (index > 0) expect(atMs - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(200)
  expect(await found).toEqual(people(3))
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  expect(await lost).toContain('not begun')
  const again = lookUp(people(1))
  await vi.advanceTimersByTimeAsync(500)
  expect(await again).toEqual(people(1))
})

it('nobody is looked up for a request that has its answer', async () => {
  const { asked, lookUp } = openPage(5_000)
  const late = lookUp(people(9), 12_000)
  await vi.advanceTimersByTimeAsync(12_000)
  expect(await late).toContain('not begun')
  const count = asked.length
  const next = lookUp([people(9)[8] ?? ''])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await next).toEqual([people(9)[8]])
  expect(asked.length).toBe(count + 1)
})
