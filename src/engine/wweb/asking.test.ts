import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import { createAsk } from './asking.ts'

it.each([
  ['Execution context was destroyed, most likely because of a navigation.', true, 'not_connected'],
  ['Protocol error (Runtime.callFunctionOn): Target closed', true, 'not_connected'],
  ['invalid wid', true, 'whatsapp_error'],
  ['invalid wid', false, 'not_connected'],
])('a question that fails with %j while connected is %s returns %s', async (message, isConnected, code) => {
  const ask = createAsk(createTestClock(), () => isConnected)
  await expect(ask('Asking', 1_000, Promise.reject(new Error(message)))).rejects.toMatchObject({ code })
})
