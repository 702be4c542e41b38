import { describe, expect, it } from 'vitest'
import { remembering } from './remember.ts'

/** A reading that counts how often it looked. */
function stage() {
  const world = { writes: 0, now: 100, until: Number.POSITIVE_INFINITY, looked: 0 }
  const read = remembering(
    { writes: () => world.writes },
    () => world.now,
    (name: string, options: { limit: number }) => {
      world.looked += 1
      return { value: `${name} ${options.limit} ${world.looked}`, until: world.until }
    },
  )
  return { world, read }
}

describe('a reading that remembers', () => {
  it('looks once for the same arguments, and for others again', () => {
    const { read } = stage()
    expect(read('a', { limit: 1 })).toBe('a 1 1')
    expect(read('a', { limit: 1 })).toBe('a 1 1')
    expect(read('a', { limit: 2 })).toBe('a 2 2')
    expect(read('b', { limit: 1 })).toBe('b 1 3')
    expect(read('a', { limit: 1 })).toBe('a 1 1')
  })

  it('looks again once something was written', () => {
    const { world, read } = stage()
    read('a', { limit: 1 })
    world.writes += 1
    expect(read('a', { limit: 1 })).toBe('a 1 2')
  })

  it('looks again from the time on that the reading named', () => {
    const { world, read } = stage()
    world.until = 102
    read('a', { limit: 1 })
    world.now = 101
    expect(read('a', { limit: 1 })).toBe('a 1 1')
    world.now = 102
    expect(read('a', { limit: 1 })).toBe('a 1 2')
  })

  it('remembers no more than so many', () => {
    const { world, read } = stage()
    for (let limit = 0; limit < 1_000; limit += 1) read('a', { limit })
    for (let limit = 0; limit < 1_000; limit += 1) read('a', { limit })
    expect(world.looked).toBeGreaterThan(1_900)
  })
})
