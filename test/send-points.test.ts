/** A sample of the steps at which the server is killed during a send. `npm run soak -- points` tries every step. */
import { expect, it } from 'vitest'
import { pointRun } from './soak/point-run.ts'

const LIMIT_MS = 240_000

it(
  'a message is delivered at most once, and none that was approved is lost, at whatever step the server is killed',
  async () => {
    const { points, problems } = await pointRun({ every: 25, seed: 7, victim: 'server' })
    expect(problems).toEqual([])
    expect(points.size).toBeGreaterThan(4)
  },
  LIMIT_MS,
)
