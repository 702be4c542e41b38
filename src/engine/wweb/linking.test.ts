import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/test-clock.ts'
import { createDeferred } from '../../clock.ts'
import { createLog } from '../../log.ts'
import { phoneNumberInput } from '../../model/ids.ts'
import { createLinking } from './linking.ts'

const PHONE = phoneNumberInput.parse('15550001000')
const log = createLog({ level: 'error', write: () => {} })

/** On a page whose requests for a code end so. */
function open(requestPairingCode: () => Promise<string>, cancelPairingCode = async () => {}) {
  const client = { requestPairingCode, cancelPairingCode }
  return createLinking(client, Promise.resolve(true), () => true, createTestClock(), log)
}

/** As the page's errors reach Node (compat/page-errors.ts). */
const iq = (name: string, code: number, text: string) =>
  `b ${JSON.stringify({ name: 'CompanionHelloError', type: { name, value: { text, code } } })}`

it.each([
  [iq('IQErrorBadRequest', 400, 'bad-request'), 'pairing_refused'],
  [iq('IQErrorForbidden', 403, 'forbidden'), 'pairing_refused'],
  [iq('IQErrorItemNotFound', 404, 'item-not-found'), 'pairing_refused'],
  [iq('IQErrorRateOverlimit', 429, 'rate-overlimit'), 'pairing_rate_limited'],
  [iq('IQErrorInternalServerError', 500, 'internal-server-error'), 'whatsapp_error'],
  ['Execution context was destroyed, most likely because of a navigation.', 'whatsapp_error'],
  ["Cannot read properties of undefined (reading 'PairingCodeLinkUtils')", 'whatsapp_error'],
  ['Invariant Violation: alt device linking is not initialized', 'whatsapp_error'],
])('%s: %s', async (message, code) => {
  const { requestPairingCode } = open(() => Promise.reject(new Error(message)))
  await expect(requestPairingCode(PHONE)).rejects.toMatchObject({ code })
})

it('requests a pairing code once a running request for a QR code has ended', async () => {
  const steps: string[] = []
  const shown = createDeferred<void>()
  const code = async () => {
    steps.push('code')
    return 'ABCD1234'
  }
  const { requestPairingCode, showQr } = open(code, async () => {
    await shown.promise
    steps.push('qr')
  })
  void showQr()
  const asked = requestPairingCode(PHONE)
  await new Promise((resolve) => setTimeout(resolve, 20))
  shown.resolve()
  expect([await asked, steps]).toEqual(['ABCD1234', ['qr', 'code']])
})
