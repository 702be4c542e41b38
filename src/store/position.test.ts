import { describe, expect, it } from 'vitest'
import { firstIn, lastIn, placesBetween, timeOf } from './position.ts'

const T = 1_700_000_000

describe('a position', () => {
  it('holds its time, exactly, from 2009 to 2077', () => {
    for (const t of [1_230_768_000, T, T + 1, 3_378_251_647]) {
      expect(timeOf(firstIn(t))).toBe(t)
      expect(timeOf(lastIn(t))).toBe(t)
      expect(Number.isSafeInteger(lastIn(t))).toBe(true)
    }
    expect(firstIn(T + 1)).toBe(lastIn(T) + 1)
  })

  it('is the nearest one for times outside', () => {
    expect(timeOf(firstIn(0))).toBe(1_230_768_000)
    expect(timeOf(firstIn(-5))).toBe(1_230_768_000)
    expect(Number.isSafeInteger(lastIn(9e12))).toBe(true)
  })
})

describe('placesBetween', () => {
  const isAscending = (places: number[]) =>
    places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0))

  it('leaves room on both sides of the first message of a second', () => {
    const [only] = placesBetween(T, null, null, 1)
    expect(only).toBeGreaterThan(firstIn(T) + 1_000_000)
    expect(only).toBeLessThan(lastIn(T) - 1_000_000)
  })

  it.each([
    ['in an empty second', null, null],
    ['after what is there', firstIn(T) + 5_000, null],
    ['before what is there', null, firstIn(T) + 3_000_000],
    ['between two', firstIn(T) + 1_000, firstIn(T) + 9_000],
  ])('puts a row %s, in order', (_, after, before) => {
    const places = placesBetween(T, after, before, 100)
    expect(places).toHaveLength(100)
    expect(isAscending([after ?? firstIn(T) - 1, ...places, before ?? lastIn(T) + 1])).toBe(true)
  })

  it('leaves room between neighbours, so that what comes late finds a place', () => {
    const [first = 0, second = 0] = placesBetween(T, null, null, 2)
    expect(placesBetween(T, first, second, 200)).toHaveLength(200)
  })

  it('gives as many as fit', () => {
    expect(placesBetween(T, firstIn(T), firstIn(T) + 3, 5)).toEqual([firstIn(T) + 1, firstIn(T) + 2])
    expect(placesBetween(T, firstIn(T), firstIn(T) + 1, 5)).toEqual([])
  })

  it('takes a flood of one second, one after the other', () => {
    let last: number | null = null
    for (let n = 0; n < 10_000; n += 1) {
      const [place] = placesBetween(T, last, null, 1)
      if (place === undefined) throw new Error(`no room for message ${n}`)
      expect(place).toBeGreaterThan(last ?? 0)
      last = place
    }
  })
})
