/** The short kill run (G1, G2): browser and server are killed while messages come in. `npm run soak` is the long one. */
import { expect, it } from 'vitest'
import { killRun } from './soak/kill-run.ts'
import { wasClean } from './soak/report.ts'

/** A browser that is killed while it is being launched is given up after 30 s. */
const LIMIT_MS = 300_000

it.each([
  ['silently', {}],
  ['as late events', { lateShare: 1 }],
])(
  'killed browsers and servers lose, double and disorder nothing; what came meanwhile is there %s',
  async (_, late) => {
    const run = await killRun({
      messages: 200,
      browserKills: 1,
      serverKills: 1,
      seed: 1,
      phaseMs: 2_000,
      limitMs: LIMIT_MS,
      ...late,
    })
    expect(run.problems).toEqual([])
    expect(run).toMatchObject({ told: 200, kept: run.expected, orphans: 0 })
    expect(wasClean(run)).toBe(true)
  },
  LIMIT_MS + 10_000,
)
