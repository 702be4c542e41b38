import { expect, it } from 'vitest'
import { localSecond, localTime } from './local-time.ts'

it('shows times in the zone of this computer', () => {
  const at = new Date(2024, 6, 1, 9, 5, 7)
  expect([localTime(at.getTime()), localTime(at.toISOString())]).toEqual([
    '2024-07-01 09:05',
    '2024-07-01 09:05',
  ])
  expect(localSecond(at.toISOString())).toBe('2024-07-01 09:05:07')
})
