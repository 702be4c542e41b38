import { describe, expect, it } from 'vitest'
import { createSessionIds } from './session-ids.ts'

describe('session ids', () => {
  const ids = createSessionIds('a key')

  it('are recognised with the same key', () => {
    const minted = Array.from({ length: 100 }, ids.mint)
    expect(new Set(minted).size).toBe(100)
    for (const id of minted) {
      expect(id).toMatch(/^[\x21-\x7e]{43}$/)
      expect(createSessionIds('a key').isOurs(id)).toBe(true)
      expect(createSessionIds('another').isOurs(id)).toBe(false)
    }
  })

  it('are foreign if any part of them is changed', () => {
    const id = ids.mint()
    for (let place = 0; place < id.length - 1; place += 1) {
      const other = id[place] === 'x' ? 'y' : 'x'
      expect(ids.isOurs(id.slice(0, place) + other + id.slice(place + 1)), `at ${place}`).toBe(false)
    }
    for (const strange of ['', 'x', `${id}A`, id.slice(1), `${id.slice(0, -1)}=`, '\u0000'.repeat(43)]) {
      expect(ids.isOurs(strange)).toBe(false)
    }
  })
})
