import { afterAll, beforeAll, expect, it } from 'vitest'
import { openReceiver, type Receiver } from '../../test/webhook-receiver.ts'
import { systemClock } from '../clock.ts'
import { createSender } from './sender.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await openReceiver()
})
afterAll(() => receiver.stop())

/** What a webhook to this host meets now, whatever the address was when it was created. */
async function sendTo(host: string, isTrusted: boolean) {
  const sender = createSender(new URL(receiver.url.replace('127.0.0.1', host)), isTrusted, systemClock)
  const outcome = await sender.send('{}', {}, new AbortController().signal)
  sender.close()
  return outcome?.error
}

it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
  'connects to %s only if it is trusted',
  async (host) => {
    expect(await sendTo(host, false)).toBe('address_forbidden')
    expect(receiver.requests).toHaveLength(0)
  },
)

it('connects to a trusted address', async () => {
  expect(await sendTo('127.0.0.1', true)).toBe(null)
  expect(receiver.requests).toHaveLength(1)
})
