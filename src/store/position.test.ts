import { describe, expect, it } from 'vitest'
import { firstPositionOf, lastPositionOf, placesBetween, timeOf } from './position.ts'

const T = 1_700_000_000

describe('a position', () => {
  it('holds its time, exactly, from 2009 to 2077', () => {
    for (const t of [1_230_768_000, T, T + 1, 3_378_251_647]) {
      expect(timeOf(firstPositionOf(t))).toBe(t)
      expect(timeOf(lastPositionOf(t))).toBe(t)
      expect(Number.isSafeInteger(lastPositionOf(t))).toBe(true)
    }
    expect(firstPositionOf(T + 1)).toBe(lastPositionOf(T) + 1)
  })

  it('is the nearest one for times outside', () => {
    expect(timeOf(firstPositionOf(0))).toBe(1_230_768_000)
    expect(timeOf(firstPositionOf(-5))).toBe(1_230_768_000)
    expect(Number.isSafeInteger(lastPositionOf(9e12))).toBe(true)
  })
})

describe('placesBetween', () => {
  const isAscending = (places: number[]) =>
    places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0))

  it('leaves room on both sides of the first message of a second', () => {
    const [only] = placesBetween(T, null, null, 1)
    expect(only).toBeGreaterThan(firstPositionOf(T) + 1_000_000)
    expect(only).toBeLessThan(lastPositionOf(T) - 1_000_000)
  })

  it.each([
    ['in an empty second', null, null],
    ['after what is there', firstPositionOf(T) + 5_000, null],
    ['before what is there', null, firstPositionOf(T) + 3_000_000],
    ['between two', firstPositionOf(T) + 1_000, firstPositionOf(T) + 9_000],
  ])('puts a row %s, in order', (_, after, before) => {
    const places = placesBetween(T, after, before, 100)
    expect(places).toHaveLength(100)
    expect(isAscending([after ?? firstPositionOf(T) - 1, ...places, before ?? lastPositionOf(T) + 1])).toBe(
      true,
    )
  })

  it('leaves room between neighbours, so that what comes late finds a place', () => {
    const [first = 0, second = 0] = placesBetween(T, null, null, 2)
    expect(placesBetween(T, first, second, 200)).toHaveLength(200)
  })

  it('gives as many as fit', () => {
    expect(placesBetween(T, firstPositionOf(T), firstPositionOf(T) + 3, 5)).toEqual([
      firstPositionOf(T) + 1,
      firstPositionOf(T) + 2,
    ])
    expect(placesBetween(T, firstPositionOf(T), firstPositionOf(T) + 1, 5)).toEqual([])
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
