/** Every way into the product passes the door: read from the routes and tools that really are there, and from its log. */
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolName } from '../src/faces/mcp/words.ts'
import { defaultPath } from '../src/model/account-paths.ts'
import { OPERATIONS, ROWS } from '../src/operations/index.ts'
import { type Harness, openHarness } from './harness.ts'

/** They say nothing of an account: what the product is, for anybody who may connect. `/mcp` is looked at call by call. */
const PUBLIC = [/^\/openapi\.json$/, /^\/docs(\/|$)/, /^(\/accounts\/:account)?\/mcp\/?$/]

let harness: Harness
beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_MCP_TOOLSETS: 'all' } })
  await harness.link()
})
afterAll(() => harness.close())

/** What was let in while this ran. */
async function admittedBy(act: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const before = harness.log.length
  await act()
  return harness.log.slice(before).filter(({ msg }) => msg === 'admitted')
}

/** `"GET /api/chats/:chat_id"`, of every route that the server has. */
function routesOf(): { method: string; path: string }[] {
  const lines = harness.app.http.printRoutes({ commonPrefix: false }).split('\n')
  const path: string[] = []
  return lines.flatMap((line) => {
    const [, indent = '', rest = ''] = /^([\s│]*)[├└]── (.*)$/.exec(line) ?? []
    if (rest === '') return []
    const [, part = '', methods = ''] = /^(\S*)(?: \((.*)\))?/.exec(rest) ?? []
    path.length = indent.length / 4
    // Rows at one path may call its parameter by different names.
    path.push(part.replace(/(:\w+)(\|:\w+)+/, '$1'))
    return methods
      .split(', ')
      .filter(Boolean)
      .map((method) => ({ method, path: path.join('') }))
  })
}

/** The example of the operation at this route. */
function exampleAt(method: string, path: string): Record<string, unknown> {
  const template = defaultPath(path).replace(/:(\w+)/g, '{$1}')
  const shape = (route: string) => route.replace(/\{\w+\}/g, '{}')
  const row = ROWS.find(({ routes }) => routes.some((one) => shape(one) === shape(`${method} ${template}`)))
  return { ...(row?.example.input ?? {}) }
}

describe('a route', () => {
  it('passes the door, or is one of the few that tell nothing of an account', async () => {
    const routes = routesOf().filter(
      ({ method, path }) => method !== 'HEAD' && !PUBLIC.some((one) => one.test(path)),
    )
    expect(routes.length).toBeGreaterThan(20)
    // It takes the link along.
    routes.sort((a, b) => Number(a.path.endsWith('logout')) - Number(b.path.endsWith('logout')))
    const around: string[] = []
    for (const { method, path } of routes) {
      const input = exampleAt(method, path)
      const given = Object.values(input)
      const filled = path.replace(/:(\w+)/g, (_, name) =>
        name === 'account' ? 'default' : encodeURIComponent(String(input[name] ?? given[0] ?? 'x')),
      )
      for (const [, name = ''] of path.matchAll(/:(\w+)/g)) delete input[name]
      if (!(path.includes(':chat') && 'message' in input)) delete input.chat_id
      const isRead = method === 'GET' || method === 'DELETE'
      // The forms of the page.
      const isForm = !isRead && defaultPath(path).startsWith('/qr')
      if (isForm && path.endsWith('/code')) input.phone_number = harness.world.state().account.phone
      const fields = new URLSearchParams(input as never).toString()
      const body = isForm ? fields : JSON.stringify(input)
      const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
      const admitted = await admittedBy(async () => {
        const abort = AbortSignal.timeout(5_000)
        const response = await fetch(
          `${harness.url}${filled}${isRead && fields !== '' ? `?${fields}` : ''}`,
          {
            method,
            signal: abort,
            redirect: 'manual',
            ...(isRead ? {} : { headers: { 'content-type': type, origin: harness.url }, body }),
          },
        )
        await response.body?.cancel()
      })
      const isOwner = admitted.every(({ caller }) => caller === 'owner')
      if (admitted.length === 0 || !isOwner) around.push(`${method} ${path}: ${admitted.length}`)
    }
    expect(around).toEqual([])
  })
})

describe.each(['legacy', 'current', 'plain'] as const)('over MCP (%s)', (lane) => {
  let client: Client
  beforeAll(async () => {
    if ((await harness.status()).state !== 'ready') await harness.link()
    client = await harness.mcp(lane)
  })

  it('a tool passes the door, once however often it is asked for less', async () => {
    const around: string[] = []
    const { tools } = await client.listTools()
    const offered = new Set(tools.map(({ name }) => name))
    const rows = OPERATIONS.filter((row) => offered.has(toolName(row) ?? '') && row.name !== 'logout')
    expect(rows.length).toBeGreaterThan(15)
    for (const row of rows) {
      const name = toolName(row) ?? ''
      const admitted = await admittedBy(() =>
        client.callTool({ name, arguments: row.example.input as never }),
      )
      const mine = admitted.filter(({ operation, face }) => operation === row.name && face === 'mcp')
      if (mine.length !== 1) around.push(`${name}: ${JSON.stringify(admitted)}`)
    }
    expect(around).toEqual([])
  })

  it('a resource and a completion do', async () => {
    const read = await admittedBy(() => client.readResource({ uri: 'whatsapp://status' }))
    expect(read.map(({ operation }) => operation)).toEqual(['read_resource'])
    const completed = await admittedBy(() =>
      client.complete({
        ref: { type: 'ref/resource', uri: 'whatsapp://chats/{chat_id}' },
        argument: { name: 'chat_id', value: 'A' },
      }),
    )
    expect(completed.map(({ operation }) => operation)).toEqual(['list_chats'])
  })
})
