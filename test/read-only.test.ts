/** A server that only reads: what is not a reading does not exist, for anybody and over every face. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isReading, OPERATIONS, ROWS } from '../src/operations/index.ts'
import { type Harness, openHarness } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_MCP_READ_ONLY: 'true', WHATSAPP_MCP_TOOLSETS: 'all' } })
})
afterAll(() => harness.close())

it('has no route that changes anything', async () => {
  const others = ROWS.filter((row) => !isReading(row)).flatMap(({ routes }) => routes)
  expect(others.length).toBeGreaterThan(20)
  for (const route of others) {
    const [method = '', path = ''] = route.split(' ')
    // Not by the harness, for which these routes exist.
    const answer = await fetch(`${harness.url}${path.replace(/\{\w+\}/g, 'default')}`, { method })
    const { status } = answer
    const { code } = Object(await answer.json())
    expect([route, status, ['route_not_found', 'method_not_allowed'].includes(code)]).toEqual([
      route,
      status === 405 ? 405 : 404,
      true,
    ])
  }
  for (const path of ['/qr', '/qr/code', '/accounts/default/qr'])
    expect((await fetch(`${harness.url}${path}`)).status).toBe(404)
  expect((await harness.get('/api/status')).status).toBe(200)
  const { json } = await harness.get('/openapi.json')
  expect(Object.keys(json.paths)).not.toContain('/api/send')
})

it.each(['legacy', 'current', 'plain'] as const)('has no tool that changes anything (%s)', async (lane) => {
  const client = await harness.mcp(lane)
  const { tools } = await client.listTools()
  expect(tools.length).toBeGreaterThan(5)
  expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true)).toEqual([])
  const writes = OPERATIONS.filter((row) => !isReading(row))
  for (const name of ['whatsapp_send_message', 'whatsapp_logout', 'whatsapp_start_auth']) {
    expect(writes.some((row) => name === (row.tool ?? `whatsapp_${row.name}`))).toBe(true)
    await expect(client.callTool({ name, arguments: {} })).rejects.toThrow()
  }
})
