import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { parseInput } from './invoke.ts'

const refusal = (schema: z.ZodType, raw: unknown) => {
  try {
    parseInput(schema, raw)
  } catch (error) {
    if (error instanceof AppError) return error.message
  }
  return expect.fail('nothing was refused')
}

describe('an input that does not fit', () => {
  it('is told by field, in one sentence', () => {
    const schema = z.strictObject({ a: z.string(), b: z.int('must be a whole number') })
    expect(refusal(schema, { a: '', b: 1.5 })).toBe('"b": must be a whole number.')
    expect(refusal(z.strictObject({}), { x: 1, y: 2 })).toBe('unknown field "x", "y".')
  })

  it('shows of a name that the caller chose no control, and not all of a long one', () => {
    const name = `a\u202e\u009b\n${'b'.repeat(100)}`
    expect(refusal(z.strictObject({}), { [name]: 1 })).toBe(
      `unknown field "a\\u202e\\u009b\\n${'b'.repeat(36)}".`,
    )
  })
})
