/** Lookups of a long list of numbers. */
import { expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { phoneJid, phoneNumberInput } from '../model/ids.ts'
import { checkNumbers } from './people.ts'

it('has a result for each number that was asked for, in order, and says which it did not get to', async () => {
  const clock = createTestClock()
  const asked: string[] = []
  const numbers = {
    async find(phone: string) {
      asked.push(phone)
      clock.advance(9_500)
      return phone.endsWith('1') ? phoneJid(phoneNumberInput.parse(phone)) : null
    },
  }
  const given = ['+1 555 000 1101', '15550001101', '15550001102', '15550001103', '+15550001101']
  const input = checkNumbers.input.parse({ phone_numbers: given })
  // Only what the row uses of it.
  const answer = checkNumbers.output.parse(await checkNumbers.run(input, { numbers, clock } as never))
  const found = { phone_number: '15550001101', on_whatsapp: true, id: '15550001101@c.us' }
  expect(answer.results).toEqual([
    found,
    found,
    { phone_number: '15550001102', on_whatsapp: false, id: null },
    { phone_number: '15550001103', on_whatsapp: null, id: null, not_checked: true },
    found,
  ])
  expect(asked).toEqual(['15550001101', '15550001102'])
  expect(checkNumbers.brief?.text(answer as never)).toContain('15550001103: not checked, ask again')
})
