import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { OPERATIONS } from './index.ts'
import { parseInput } from './parse-input.ts'

const refusal = (schema: z.ZodType, raw: unknown) => {
  try {
    parseInput(schema, raw)
  } catch (error) {
    if (error instanceof AppError) return error.message
  }
  return expect.fail('nothing was refused')
}

describe('an invalid input', () => {
  it('is described by field, in one sentence', () => {
    const schema = z.strictObject({ a: z.string(), b: z.int('must be a whole number') })
    expect(refusal(schema, { a: '', b: 1.5 })).toBe('"b": must be a whole number.')
    expect(refusal(z.strictObject({}), { x: 1, y: 2 })).toBe('unknown field "x", "y".')
  })

  it('shortens names from the caller and escapes their controls', () => {
    const name = `a\u202e\u009b\n${'b'.repeat(100)}`
    expect(refusal(z.strictObject({}), { [name]: 1 })).toBe(
      `unknown field "a\\u202e\\u009b\\n${'b'.repeat(36)}".`,
    )
  })

  it.each<[row: string, given: unknown, told: string]>([
    ['pairing_code', {}, '"phone_number": is missing.'],
    ['pairing_code', { phone_number: {} }, '"phone_number": must be text or a number.'],
    ['pairing_code', { phone_number: 1.5 }, '"phone_number": must be a whole number.'],
    ['pairing_code', { phone_number: -1 }, '"phone_number": must be at least 0.'],
    ['pairing_code', { phone_number: '1'.repeat(65) }, '"phone_number": must have at most 64 characters.'],
    [
      'pairing_code',
      { phone_number: '12' },
      '"phone_number": must have 8 to 15 digits, country code included, no 00, no (0).',
    ],
    ['pairing_code', [], 'the body: must be an object.'],
    ['pairing_code', undefined, 'the body: is missing.'],
    ['get_chat', {}, '"chat_id": is missing.'],
    ['get_chat', { chat_id: 5 }, '"chat_id": must be text.'],
    ['list_chats', { limit: 101 }, '"limit": must be at most 100.'],
    ['list_chats', { limit: '0' }, '"limit": must be at least 1.'],
    ['list_chats', { limit: 'ten' }, '"limit": must be a whole number.'],
    ['list_chats', { limit: 1.5 }, '"limit": must be a whole number.'],
    ['list_chats', { unread_only: 'yes' }, '"unread_only": must be true or false.'],
    [
      'list_chats',
      { kind: 'a,b' },
      '"kind": must be one of direct, group, channel, status, broadcast, other.',
    ],
    ['list_chats', { kind: [] }, '"kind": must not be empty.'],
    ['list_chats', { kind: 5 }, '"kind": must be a list.'],
    ['read_messages', {}, '"phone_number": give either phone_number or chat_id.'],
    ['read_messages', { chat_id: '4@lid', before: [] }, '"before": must be text or a number.'],
  ])('of %s %j is told in plain words', (name, given, told) => {
    const { input } = OPERATIONS.find((one) => one.name === name) ?? expect.fail(`no ${name}`)
    expect(refusal(input, given)).toBe(told)
  })
})
