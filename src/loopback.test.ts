import { describe, expect, it } from 'vitest'
import { isLoopback } from './loopback.ts'

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'])('takes %s', (host) => {
    expect(isLoopback(host)).toBe(true)
  })
  it.each(['0.0.0.0', '127.0.0.300', '1270.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example'])(
    'refuses %s',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )
})
