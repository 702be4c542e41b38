import { describe, expect, it } from 'vitest'
import { prefersText } from './accept.ts'

describe('prefersText', () => {
  it.each([
    'text/plain',
    'TEXT/PLAIN; charset=utf-8',
    'text/plain, text/html;q=0.9',
    'text/html;q=0, text/*',
  ])('is true for %s', (accept) => {
    expect(prefersText(accept)).toBe(true)
  })

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'text/html, text/plain',
    'text/plain;q=0.5, */*',
    'application/json',
    'text/plain;q=nonsense',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
  ])('is false for %s', (accept) => {
    expect(prefersText(accept)).toBe(false)
  })
})
