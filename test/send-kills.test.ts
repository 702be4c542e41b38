/** The short run of sends through kills (G4): at most one delivery for a key. `npm run soak -- sends` is the long one. */
import { expect, it } from 'vitest'
import { sendRun } from './soak/send-run.ts'

const LIMIT_MS = 400_000

it(
  'sends of three tries each go out once through killed browsers and servers, and every answer is true',
  async () => {
    const run = await sendRun({ sends: 60, kills: 3, seed: 1, limitMs: LIMIT_MS })
    expect(run.problems).toEqual([])
    expect([...run.others]).toEqual([])
    // At most those that were on their way when something was killed.
    expect(run.unknown).toBeLessThanOrEqual(9)
    expect(run.sent + run.unknown).toBe(60)
  },
  LIMIT_MS + 10_000,
)
