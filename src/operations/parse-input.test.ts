import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { describeIssue } from '../model/misfit.ts'
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

const NO_PERSON =
  'must be a phone number, or the id of a person such as 15551234567@c.us or …@lid; GET /api/contacts?query=… finds it by name'
const NO_MOMENT = 'must be an ISO 8601 time with offset, such as 2099-01-01T12:00:00+01:00'

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

  it.each<[row: string, given: unknown, told: unknown]>([
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
    [
      'change_group_members',
      { group_id: '1@g.us', action: 'add', members: ['15551234567', '15551234568', '1', '2'] },
      `"members" (entry 3): ${NO_PERSON}; "members" (entry 4): ${NO_PERSON}.`,
    ],
    [
      'change_group_members',
      { group_id: '1@g.us', action: 'add', members: ['1'] },
      `"members": ${NO_PERSON}.`,
    ],
    ['search_messages', { q: 'x'.repeat(501) }, '"q": must have at most 500 characters.'],
    [
      'search_messages',
      { q: 'x', type: 'foo' },
      expect.stringMatching(/^"type": must be one of chat, image, .*call_log\.$/),
    ],
    [
      'change_chat',
      { chat_id: '4@lid', muted_until: 'yes' },
      `"muted_until": ${NO_MOMENT}, or one of forever, off.`,
    ],
    ['list_group_members', { group_id: '1@g.us', at: 'yes' }, `"at": ${NO_MOMENT}.`],
    [
      'send_message',
      { phone_number: '15551234567', message: 'x', send_at: '2099-01-01T12:00:00' },
      `"send_at": ${NO_MOMENT}.`,
    ],
    ['read_messages', {}, '"phone_number": give either phone_number or chat_id.'],
    [
      'send_message',
      { phone_number: '15551234567', message: 'Hi\0 and more' },
      '"message": must not have a NUL character.',
    ],
    [
      'send_poll',
      { chat: '15551234567', question: 'x', options: ['a', 'b\0'] },
      '"options" (entry 2): must not have a NUL character.',
    ],
    ['read_messages', { chat_id: '4@lid', before: [] }, '"before": must be text or a number.'],
  ])('of %s %j is told in plain words', (name, given, told) => {
    const { input } = OPERATIONS.find((one) => one.name === name) ?? expect.fail(`no ${name}`)
    expect(refusal(input, given)).toEqual(told)
  })

  it.each(OPERATIONS.map(({ name, input, example }) => [name, input, example] as const))(
    'of %s is told with what a field must be, in every field',
    (_, input, example) => {
      const fields = input instanceof z.ZodObject ? Object.keys(input.shape) : []
      for (const field of fields)
        for (const given of ['no such', '', 1.5, true, null, [], {}, ['no such']]) {
          const result = input.safeParse(
            { ...Object(example.input), [field]: given },
            { error: describeIssue },
          )
          const said = result.error?.issues.map(({ message }) => message) ?? []
          expect(said, `${field}: ${JSON.stringify(given)}`).not.toContain('is invalid')
        }
    },
  )
})
