/** A sample of the steps at which the server, or its browser, is killed during a send. `npm run soak -- points` tries every step. */
import { expect, it } from 'vitest'
import { pointRun } from './soak/point-run.ts'

const LIMIT_MS = 240_000

it.each([
  ['server', 25],
  ['browser', 40],
] as const)(
  'a message is delivered at most once, and none that was approved is lost, at whatever step the %s is killed',
  async (victim, every) => {
    const { points, problems } = await pointRun({ every, seed: 7, victim })
    expect(problems).toEqual([])
    expect(points.size).toBeGreaterThan(3)
  },
  LIMIT_MS,
)
