/** The days on which all tests are run, see days.ts. */
import { expect, it } from 'vitest'
import { DAYS, nextLeapDay } from './days.ts'

it.each([
  [2023, 2024],
  [2025, 2028],
  [2096, 2096],
  // The last year of a century has none, most of the time.
  [2097, 2104],
])('from the first day of %i, the next 29 February is that of %i', (from, year) => {
  expect(nextLeapDay(Date.UTC(from))).toBe(Date.UTC(year, 1, 29, 12))
  expect(nextLeapDay(Date.UTC(year, 1, 29, 12))).toBeGreaterThanOrEqual(Date.UTC(year + 4, 1, 29, 12))
})

it('all are still to come, and two are in zones far from UTC', () => {
  const now = Date.now()
  for (const day of DAYS) expect(day.beginsAt(now), day.name).toBeGreaterThan(now)
  expect(new Set(DAYS.map(({ zone }) => zone)).size).toBeGreaterThanOrEqual(3)
})
