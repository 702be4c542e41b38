import { expect, test } from 'vitest'
import type { PhoneNumber } from '../../model/ids.ts'
import { createAddresses } from './addresses.ts'
import { createAsk } from './asking.ts'
import { createReading } from './reading.ts'
import { createTranslator } from './translator.ts'

const AMARA = '15551234567' as PhoneNumber
const STRANGER = '15557654321' as PhoneNumber

/** A page with one chat; counts how often it is asked for a chat. */
function open() {
  let asked = 0
  const clock = { now: () => 0, after: () => () => {} }
  const client = {
    pupPage: {
      evaluate: async (_: unknown, id: unknown) => {
        asked += 1
        return id === `${AMARA}@c.us` ? { id, phone: id, lid: null } : null
      },
    },
    getNumberId: async (number: string) => ({ _serialized: `${number}@c.us` }),
    getContactLidAndPhone: async () => [],
  }
  const translator = createTranslator(clock, {} as never)
  const ask = createAsk(clock, () => true)
  const addresses = createAddresses(
    () => {},
    () => {},
  )
  const { findNumber } = createReading(client, addresses, translator, ask, clock, () => {})
  return { findNumber, asked: () => asked }
}

test('the page is asked before each message, which shows that it responds', async () => {
  const { findNumber, asked } = open()
  for (let i = 0; i < 2; i += 1) expect(await findNumber(AMARA)).toBe(`${AMARA}@c.us`)
  expect(asked()).toBe(2)
})

test('of a chat that it does not have, it is asked each time', async () => {
  const { findNumber, asked } = open()
  for (let i = 0; i < 2; i += 1) expect(await findNumber(STRANGER)).toBe(`${STRANGER}@c.us`)
  expect(asked()).toBe(2)
})
