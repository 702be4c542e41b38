import { describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { toJid } from '../model/ids.ts'
import { createPace, type Paced, type PaceLimits } from './pace.ts'

const AMARA = toJid('15550001101@c.us')

/** A pace, and a clock that a test moves. `take` returns 'sent', or the seconds to wait. */
function open(limits: Partial<PaceLimits>) {
  let now = 0
  const pace = createPace({ perMinute: 0, perHour: 0, newPeoplePerDay: 0, ...limits }, { now: () => now })
  const take = (paced: Partial<Paced> = {}) => {
    try {
      pace.take({ account: 'default', caller: 'key_1', chat: AMARA, isNew: false, isAlone: false, ...paced })
      return 'sent'
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      expect(error.code).toBe('sends_too_fast')
      return error.retryAfterS
    }
  }
  const many = (count: number, paced: Partial<Paced> = {}) => Array.from({ length: count }, () => take(paced))
  const wait = (seconds: number) => {
    now += seconds * 1_000
  }
  return { take, many, wait }
}
const sent = (count: number) => Array.from({ length: count }, () => 'sent')
const person = (n: number) => toJid(`1555000${2000 + n}@c.us`)

describe('a pace', () => {
  it('without limits lets everything go', () => {
    expect(open({}).many(1_000, { isNew: true })).toEqual(sent(1_000))
  })

  it.each([
    ['minute', { perMinute: 3 }, 60],
    ['hour', { perHour: 3 }, 3_600],
  ])('lets the caller send so many in any %s, and says when the next one can go', (_, limits, seconds) => {
    const { take, many, wait } = open(limits)
    expect(many(2)).toEqual(sent(2))
    wait(10)
    expect([take(), take()]).toEqual(['sent', seconds - 10])
    wait(seconds - 11)
    expect(take()).toBe(1)
    wait(1)
    expect(many(3)).toEqual(['sent', 'sent', 10])
  })

  it('counts nothing that was refused', () => {
    const { take, many, wait } = open({ perMinute: 2 })
    many(50)
    wait(60)
    expect([take(), take()]).toEqual(sent(2))
  })

  it('counts each caller and each account by itself, and all of an account together', () => {
    const { take, many } = open({ perMinute: 2 })
    expect(many(3, { caller: 'a' })).toEqual(['sent', 'sent', 60])
    expect(many(2, { caller: 'b' })).toEqual(sent(2))
    expect(take({ caller: 'c' })).toBe(60)
    expect(take({ caller: 'c', account: 'work' })).toBe('sent')
  })

  it('never makes the owner wait for others, and counts what the owner sends', () => {
    const { take, many } = open({ perMinute: 30 })
    many(30, { caller: 'a' })
    many(30, { caller: 'b' })
    expect(many(30, { caller: 'owner', isAlone: true })).toEqual(sent(30))
    expect(take({ caller: 'owner', isAlone: true })).toBe(60)
    expect(take({ caller: 'c' })).toBe(60)
  })

  it('lets a caller write to so many new people in a day, and to each of them again', () => {
    const { take, wait } = open({ newPeoplePerDay: 2 })
    const meet = (n: number) => take({ chat: person(n), isNew: true })
    expect([meet(1), meet(1), meet(2), meet(1), meet(3)]).toEqual(['sent', 'sent', 'sent', 'sent', 86_400])
    expect(take({ chat: person(3), isNew: false })).toBe('sent')
    wait(86_400)
    expect(meet(3)).toBe('sent')
  })
})
