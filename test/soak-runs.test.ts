/** The runs of `npm run soak` in small, and what they make of their figures. */
import { expect, it } from 'vitest'
import { type Cell, faultRun, toFaultFigure, toFaultTable } from './soak/fault-run.ts'
import { flatRun, judge, stopAndStart, type Use } from './soak/flat-run.ts'
import type { Stage } from './soak/stage.ts'

const USE: Use = { heapMb: 40, memoryMb: 150, openFiles: 40, handles: 20, temporaryFiles: 1 }
const silent = () => {}

it.each([
  ['the same all the time', () => 40, []],
  ['up and down', (round: number) => 40 + (round % 2), []],
  ['one more each time', (round: number) => 40 + round, ['openFiles grew by 17.0, at most 5 is promised']],
  ['less at the end than at the start', (round: number) => 90 - round, []],
  ['a jump while caches fill', (round: number) => (round === 0 ? 10 : 40), []],
])('what a server uses is compared with its limits: %s', (_, openFiles, problems) => {
  const uses = Array.from({ length: 20 }, (_, round) => ({ ...USE, openFiles: openFiles(round) }))
  expect(judge(uses, { growth: { openFiles: 5 } }).problems).toEqual(problems)
})

it('what a server uses at most is compared with its limit', () => {
  const uses = [USE, { ...USE, memoryMb: 201 }, USE]
  expect(judge(uses, { growth: {}, most: { memoryMb: 200 } }).problems).toEqual([
    'memoryMb was 201.0, at most 200 is promised',
  ])
})

it('the table of faults has the longest time of several, and a mark if one of them has a problem', () => {
  const cell = (recoveredMs: number | null, problems: string[] = []): Cell => ({
    ...{ fault: 'browser killed', state: 'ready', detectedMs: 100, recoveredMs, problems },
  })
  const cells = [cell(2_000), cell(4_000), cell(null, ['late'])]
  expect(toFaultTable(cells)).toMatch(/^\| F1 browser killed \|.* 0\.1 s \/ 4\.0 s \*\*!\*\* \|/m)
  expect(toFaultTable(cells)).not.toContain('page killed')
  expect(toFaultFigure(cells)).toBe(
    '3 faults in states, 1 not as promised; shown after p50 0.1 s, p95 0.1 s, most 0.1 s (3); well again after p50 2.0 s, p95 4.0 s, most 4.0 s (2)',
  )
})

it.each(['logged out qr', 'ended by SIGHUP ready'])(
  'a fault in a state: %s',
  async (only) => {
    const options = { only, times: 1, file: null, limitMs: 60_000, slack: 3, say: silent }
    expect(await faultRun(options)).toMatchObject([{ problems: [] }])
  },
  300_000,
)

it('stopping and starting leaves nothing behind', async () => {
  const limits = { growth: { openFiles: 5, handles: 5, temporaryFiles: 0 } }
  // What catching up holds is no growth.
  const round = async (stage: Stage) => {
    await stopAndStart(stage)
    await stage.synced()
  }
  const { uses, problems } = await flatRun({ rounds: 3, round, limits, say: silent })
  expect(problems).toEqual([])
  expect(uses.every(({ heapMb, openFiles }) => heapMb > 10 && openFiles > 10)).toBe(true)
}, 300_000)
