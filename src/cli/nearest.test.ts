import { expect, it } from 'vitest'
import { nearest } from './nearest.ts'

const WORDS = ['serve', 'send', 'status', 'stop', 'archive', '--url']

it.each([
  ['statsu', 'status'],
  ['staus', 'status'],
  ['sendd', 'send'],
  ['--ulr', '--url'],
  ['stpo', 'stop'],
  ['arhcive', 'archive'],
])('%s is %s', (word, meant) => expect(nearest(word, WORDS)).toBe(meant))

it.each(['', 'x', 'message', '--wat', 'a'.repeat(100_000)])('%s is none of them', (word) =>
  expect(nearest(word, WORDS)).toBeUndefined(),
)
