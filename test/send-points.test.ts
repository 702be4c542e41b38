/** A sample of the steps at which the server, or its browser, is killed during a send. `npm run soak -- points` tries every step. */
import { expect, it } from 'vitest'
import { pointRun } from './soak/point-run.ts'

const LIMIT_MS = 900_000

it.each(['server', 'browser'] as const)(
  'a message is delivered at most once, and none that was approved is lost, at whatever step the %s is killed',
  async (victim) => {
    const { points, problems } = await pointRun({ every: 25, seed: 7, victim })
    expect(problems).toEqual([])
    expect(points.size).toBeGreaterThan(4)
  },
  LIMIT_MS,
)
