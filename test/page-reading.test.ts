/** What the server reads of WhatsApp Web's page by itself: everything that the page stores, and nothing of the status. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'

let harness: Harness
const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const bodiesOf = async (chat: string): Promise<string[]> => {
  const { json } = await harness.get(`/api/messages?chat_id=${chat}&limit=100`)
  return (json.messages ?? []).map(({ body }: { body: string }) => body)
}

beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

describe('status updates', () => {
  it('are never read by itself: a fresh link outlives the next loads of the page', async () => {
    const post = (text: string) => harness.world.writeStatus({ from: AMARA, content: { type: 'chat', text } })
    await fault('status_risky')
    await post('before the link')
    await harness.link()
    await harness.synced()
    await post('live')
    await expect.poll(() => bodiesOf('status@broadcast')).toContain('live')
    await harness.restart()
    await harness.until('ready')
    await harness.synced()
    await fault('reload_burst', { times: 1 })
    await expect.poll(() => harness.app.session.status().connected, { interval: 5 }).toBe(false)
    await expect.poll(() => harness.app.session.status().connected, { timeout: 15_000 }).toBe(true)
    await post('live again')
    await expect.poll(() => bodiesOf('status@broadcast')).toEqual(['live', 'live again'])
    expect(harness.world.state().devices).toHaveLength(1)
  })
})
