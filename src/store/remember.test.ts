import { describe, expect, it } from 'vitest'
import { cacheReads } from './remember.ts'

/** A reading that counts how often it looked. */
function stage() {
  const world = { writes: 0, now: 100, until: Number.POSITIVE_INFINITY, looked: 0, fails: false }
  const read = cacheReads(
    { writes: () => world.writes },
    { now: () => world.now * 1000 },
    async (name: string, options: { limit: number }) => {
      world.looked += 1
      if (world.fails) throw new Error('no')
      return { text: `${name} ${options.limit} ${world.looked}`, until: world.until }
    },
  )
  const textOf = async (name: string, limit: number) => (await read(name, { limit })).text
  return { world, textOf }
}

describe('a reading that remembers', () => {
  it('looks once for the same arguments, also at the same time, and for others again', async () => {
    const { textOf } = stage()
    expect(await Promise.all([textOf('a', 1), textOf('a', 1)])).toEqual(['a 1 1', 'a 1 1'])
    expect(await textOf('a', 1)).toBe('a 1 1')
    expect(await textOf('a', 2)).toBe('a 2 2')
    expect(await textOf('b', 1)).toBe('b 1 3')
    expect(await textOf('a', 1)).toBe('a 1 1')
  })

  it('looks again once something was written, also while it looked', async () => {
    const { world, textOf } = stage()
    const before = textOf('a', 1)
    world.writes += 1
    expect(await textOf('a', 1)).toBe('a 1 2')
    expect(await before).toBe('a 1 1')
    expect(await textOf('a', 1)).toBe('a 1 2')
  })

  it('looks again from the time on that the reading named', async () => {
    const { world, textOf } = stage()
    world.until = 102
    await textOf('a', 1)
    world.now = 101
    expect(await textOf('a', 1)).toBe('a 1 1')
    world.now = 102
    expect(await textOf('a', 1)).toBe('a 1 2')
  })

  it('remembers no failure', async () => {
    const { world, textOf } = stage()
    world.fails = true
    await expect(textOf('a', 1)).rejects.toThrow('no')
    world.fails = false
    expect(await textOf('a', 1)).toBe('a 1 2')
  })

  it('remembers no more than so many', async () => {
    const { world, textOf } = stage()
    for (let limit = 0; limit < 1_000; limit += 1) await textOf('a', limit)
    for (let limit = 0; limit < 1_000; limit += 1) await textOf('a', limit)
    expect(world.looked).toBeGreaterThan(1_900)
  })
})
