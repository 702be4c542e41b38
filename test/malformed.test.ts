/** Malformed requests over REST and MCP: no crash, no 5xx, each answered with a published code. `npm run soak -- malformed` sends 100,000. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'
import { sendMalformed } from './malformed.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_MCP_TOOLSETS: 'all' } })
})
afterAll(() => harness.close())

it('are refused, whatever they are', async () => {
  const { secret: key } = (await harness.post('/api/keys', { name: 'all', scopes: ['admin'] })).json
  const options = { url: harness.url, key, seed: 1, count: 10_000, limitMs: 560_000 }
  const { sent, statuses, problems } = await sendMalformed(options)
  expect(problems).toEqual([])
  expect(sent).toBe(10_000)
  // The server waits only for the rest of those whose end was lost.
  expect(statuses.waiting).toBeLessThan(1_000)
  expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['200', '400', '404', '409', '415']))
  expect((await harness.get('/health')).status).toBe(200)
}, 600_000)
