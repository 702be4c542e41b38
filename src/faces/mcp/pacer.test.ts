import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import { createPacer } from './pacer.ts'

describe('a pacer', () => {
  it('sends the first at once, others once a second, and always the last', () => {
    const clock = createTestClock()
    const said: string[] = []
    const pacer = createPacer(clock, (what) => said.push(what))
    for (const what of ['a', 'a', 'b', 'a', 'a']) pacer.tell(what)
    expect(said).toEqual(['a', 'b'])
    clock.advance(500)
    pacer.tell('a')
    expect(said).toEqual(['a', 'b'])
    clock.advance(501)
    expect(said).toEqual(['a', 'b', 'a'])
    pacer.tell('a')
    expect(said).toEqual(['a', 'b', 'a'])
    clock.advance(1_001)
    expect(said).toEqual(['a', 'b', 'a', 'a'])
    clock.advance(1_001)
    pacer.tell('a')
    expect(said).toHaveLength(5)
    pacer.tell('a')
    pacer.stop()
    clock.advance(5_000)
    expect(said).toHaveLength(5)
  })
})
