/** A receiver of webhooks that fails now and then, while the server that calls it is killed again and again: nothing is lost. */
import { expect, it } from 'vitest'
import { hookRun } from './soak/hook-run.ts'

const KILLS = 4

it('loses no event, and keeps the order of each chat', async () => {
  const run = await hookRun({ messages: 220, kills: KILLS, seed: 12, refused: 10, limitMs: 200_000 })
  expect(run.problems).toEqual([])
  expect(run.events).toBe(220)
}, 400_000)
