/** The MCP endpoint over HTTP: every kind of client is served by its lane. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

describe('the SDK client', () => {
  it.each(['legacy', 'current', 'auto', 'plain'] as const)('lists and calls tools (%s)', async (lane) => {
    const client = await harness.mcp(lane)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('whatsapp_status')
    const answer = await client.callTool({ name: 'whatsapp_status', arguments: {} })
    expect(answer.structuredContent).toMatchObject({ state: 'stopped' })
    console.log(lane, client.getNegotiatedProtocolVersion?.())
  })
})
