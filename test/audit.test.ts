/** The audit log: each call leaves the row that it should, no text gets in, and the log outlives the server but not its days. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditRow } from '../src/control.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS, ROWS } from '../src/operations/index.ts'
import { isAudited, type Row, requestAt } from '../src/operations/operation.ts'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const AMARA = '15550001101'
const CANARY = 'zanzibar-Ω-canary'

const clock = createTestClock()
let harness: Harness
beforeAll(async () => {
  harness = await openHarness({ clock, env: { WHATSAPP_MCP_TOOLSETS: 'all', WHATSAPP_AUDIT_DAYS: '30' } })
  await harness.link()
})
afterAll(() => harness.close())

it('begins with an archive that is complete', () => harness.synced())

type Entry = Pick<AuditRow, 'operation' | 'outcome' | 'decision' | 'caller' | 'face' | 'chat'>

async function entries(query = 'limit=100'): Promise<Entry[]> {
  return (await harness.get(`/api/audit?${query}`)).json.entries
}

/** The rows that this left, oldest first. */
async function leftBy<T>(act: () => Promise<T>): Promise<{ answer: T; rows: Entry[] }> {
  const all = async () => {
    // What waits in memory is written before it is read.
    await entries('limit=1')
    return harness.app.control.audit.list({ limit: 100 })
  }
  const [before] = await all()
  const answer = await act()
  return { answer, rows: (await all()).filter(({ id }) => id > (before?.id ?? 0)).reverse() }
}

function requestOf(row: Row) {
  const [route = 'GET /'] = row.routes
  const [method = '', pattern = ''] = route.split(' ')
  const rest = requestAt(row, route as never, row.example.input)
  const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = encodeURIComponent(String(rest[name]))
    delete rest[name]
    return value
  })
  if (method !== 'GET' && method !== 'DELETE') return { method, path, body: rest }
  return { method, path: `${path}?${new URLSearchParams(rest as never)}` }
}

/** They take the link along, or wait for what does not come. */
const ends = ({ name }: Row) => /^(logout|stop_account|restart_account|remove_account)$/.test(name)
const rows = [...ROWS.filter((row) => row.routes.length > 0 && !ends(row)), ...ROWS.filter(ends)]

describe('a call over REST', () => {
  it.each(rows.map((row) => [row.name, row] as const))(
    'of %s leaves the row that it should',
    async (name, row) => {
      const request =
        row.takes === 'bytes' ? { method: 'PUT', path: '/api/uploads', raw: 'x' } : requestOf(row)
      const isOpen = row.gives === 'events'
      const { answer, rows: left } = await leftBy(async () => {
        if (!isOpen) return harness.call(request)
        const stop = new AbortController()
        const { status } = await fetch(`${harness.url}${request.path}`, { signal: stop.signal })
        stop.abort()
        return { status, json: undefined }
      })
      if (!isAudited(row)) return expect(left).toEqual([])
      expect(left.map(({ operation }) => operation)).toEqual([name])
      const outcome = answer.status < 400 ? 'ok' : answer.json.code
      expect(left[0]).toMatchObject({ outcome, face: 'rest', caller: 'owner' })
      const { chat_id: chat } = Object(row.example.input)
      if (chat !== undefined) expect(left[0]?.chat).toBe(chat)
    },
  )
})

describe('a call over MCP', () => {
  // Without a session, one tool is not offered.
  const tools = OPERATIONS.filter(
    (row) => toolName(row) !== null && !ends(row) && row.name !== 'enable_toolset',
  )

  it('of each tool leaves the row that it should', async () => {
    if (!(await harness.status()).ready) await harness.link()
    const client = await harness.mcp('current')
    const wrong: unknown[] = []
    for (const row of tools) {
      const call = { name: toolName(row) ?? '', arguments: Object(row.example.input) }
      const { answer, rows: left } = await leftBy(() => client.callTool(call))
      const { code = 'ok' } = Object(Object(answer.structuredContent).error ?? answer.structuredContent)
      const told = left.map(({ operation, outcome, face }) => [operation, outcome === 'ok', face])
      const right = isAudited(row) ? [[row.name, answer.isError !== true, 'mcp']] : []
      if (JSON.stringify(told) !== JSON.stringify(right)) wrong.push({ name: row.name, told, right, code })
    }
    expect(wrong).toEqual([])
  })

  it('of a resource leaves its chat', async () => {
    const client = await harness.mcp('current')
    const uri = `whatsapp://chats/${AMARA}@c.us`
    const { rows: left } = await leftBy(() => client.readResource({ uri }))
    expect(left).toMatchObject([{ operation: 'read_resource', chat: `${AMARA}@c.us`, outcome: 'ok' }])
    expect((await leftBy(() => client.readResource({ uri: 'whatsapp://status' }))).rows).toEqual([])
  })
})

describe('a row', () => {
  it('has the chat of a message that was addressed by name, and no name', async () => {
    const group = harness.world.addGroup({ subject: `Group ${CANARY}`, members: [AMARA] })
    await expect.poll(async () => (await harness.get(`/api/chats/${group.id}`)).status).toBe(200)
    const path = `/api/chats/${encodeURIComponent(`Group ${CANARY}`)}/messages`
    const { answer, rows: left } = await leftBy(() => harness.post(path, { message: 'Hello' }))
    expect(answer.status).toBe(200)
    expect(left).toMatchObject([{ operation: 'send_to_chat', chat: group.id, decision: 'allowed' }])
  })

  it('has the chat of a message that was addressed by name and refused', async () => {
    const group = harness.world.addGroup({ subject: `Closed ${CANARY}`, members: [AMARA] })
    await expect.poll(async () => (await harness.get(`/api/chats/${group.id}`)).status).toBe(200)
    const body = { name: 'Off', scopes: ['read', 'send'], sends: 'off' }
    const { key, secret } = (await harness.post('/api/keys', body)).json
    const path = `/api/chats/${encodeURIComponent(`Closed ${CANARY}`)}/messages`
    const call = { method: 'POST', path, body: { message: 'Hello' }, headers: { 'x-api-key': secret } }
    const { rows: left } = await leftBy(() => harness.call(call))
    expect(left).toMatchObject([{ chat: group.id, decision: 'denied', outcome: 'recipient_not_allowed' }])
    await harness.call({ method: 'DELETE', path: `/api/keys/${key.id}` })
  })

  it('says what was held or denied, and of whose key', async () => {
    const body = { name: 'Held', scopes: ['read', 'send'], sends: 'confirm' }
    const { key, secret } = (await harness.post('/api/keys', body)).json
    const headers = { 'x-api-key': secret, 'content-type': 'application/json', 'user-agent': 'a script' }
    const raw = JSON.stringify({ phone_number: AMARA, message: CANARY })
    const { rows: held } = await leftBy(() =>
      harness.call({ method: 'POST', path: '/api/send', headers, raw }),
    )
    const row = { operation: 'send_message', caller: key.id, client: 'a script', chat: `${AMARA}@c.us` }
    expect(held).toMatchObject([{ ...row, decision: 'held', outcome: 'ok' }])
    const denied = await leftBy(() =>
      harness.call({ method: 'DELETE', path: `/api/chats/${AMARA}@c.us`, headers }),
    )
    expect(denied.rows).toMatchObject([
      { ...row, operation: 'delete_chat', decision: 'denied', outcome: 'scope_missing' },
    ])
    const mine = await entries(`caller=${key.id}&decision=denied`)
    expect(mine.map(({ operation }) => operation)).toEqual(['delete_chat'])
    await harness.call({ method: 'DELETE', path: `/api/keys/${key.id}` })
  })

  it('has the attempt of an agent that calls a tool it is not offered', async () => {
    const { key, secret } = (await harness.post('/api/keys', { name: 'Reader', scopes: ['read'] })).json
    const headers = { 'x-api-key': secret, accept: 'application/json' }
    const params = { name: 'whatsapp_send_message', arguments: { phone_number: AMARA, message: CANARY } }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
    const { rows: left } = await leftBy(() => harness.call({ method: 'POST', path: '/mcp', headers, body }))
    const row = { operation: 'send_message', caller: key.id, face: 'mcp' }
    expect(left).toMatchObject([{ ...row, decision: 'denied', outcome: 'scope_missing' }])
  })

  it('has no account but an id, whatever a caller sends', async () => {
    const { key, secret } = (await harness.post('/api/keys', { name: 'Liar', scopes: ['read'] })).json
    const headers = { 'x-api-key': secret }
    const body = { name: 'x', scopes: ['read'], account: 'any text '.repeat(100_000) }
    const { rows: left } = await leftBy(() =>
      harness.call({ method: 'POST', path: '/api/keys', headers, body }),
    )
    expect(left).toMatchObject([{ operation: 'add_key', caller: key.id, account: null }])
  })

  it('never has a text, a search term or a name: the file has none of these bytes', async () => {
    await harness.world.write({ from: AMARA, text: `Received ${CANARY}` })
    await expect
      .poll(async () => (await harness.get(`/api/search?q=${encodeURI(CANARY)}`)).json.count)
      .toBe(1)
    const client = await harness.mcp('legacy')
    await client.callTool({ name: 'whatsapp_search_messages', arguments: { q: `term ${CANARY}` } })
    await client.callTool({ name: 'whatsapp_list_chats', arguments: { query: CANARY } })
    await client.callTool({
      name: 'whatsapp_send_to_chat',
      arguments: { chat: `nobody ${CANARY}`, message: `text ${CANARY}` },
    })
    await harness.get(`/api/chats/${encodeURIComponent(CANARY)}`)
    const all = await harness.app.control.audit.list({ limit: 1_000 })
    expect(all.length).toBeGreaterThan(50)
    expect(JSON.stringify(all)).not.toContain('canary')
    // A held message is kept in the outbox until it is decided.
    const { items } = (await harness.get('/api/outbox?state=held')).json
    for (const { id } of items) await harness.post(`/api/outbox/${id}/reject`)
    const dir = join(harness.authDir, '.whatsapp-mcp-api')
    const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    const control = files.filter(({ name }) => name.startsWith('control.db'))
    expect(control.length).toBeGreaterThan(0)
    const terms = [`term ${CANARY}`, `nobody ${CANARY}`, `text ${CANARY}`, `Received ${CANARY}`]
    for (const { parentPath, name } of control)
      for (const term of terms)
        expect(readFileSync(join(parentPath, name)).includes(term), `${name}: ${term}`).toBe(false)
  })
})

describe('the log', () => {
  it('is filtered and read in pages', async () => {
    const first = (await harness.get('/api/audit?operation=send_to_chat&limit=1')).json
    expect(first).toMatchObject({ ok: true, count: 1, next_cursor: expect.stringMatching(/^\d+$/) })
    const next = (await harness.get(`/api/audit?operation=send_to_chat&limit=1&cursor=${first.next_cursor}`))
      .json
    expect(next.entries[0].operation).toBe('send_to_chat')
    expect(await entries(`chat=${AMARA}&outcome=ok&limit=2`)).toMatchObject([
      { chat: `${AMARA}@c.us` },
      { chat: `${AMARA}@c.us` },
    ])
    const now = new Date(clock.now() + 1).toISOString()
    expect(await entries(`since=${encodeURIComponent(now)}`)).toEqual([])
    expect((await entries(`until=${encodeURIComponent(now)}`)).length).toBeGreaterThan(10)
    expect((await harness.get('/api/audit?cursor=x')).json.code).toBe('invalid_input')
  })

  it('needs the scope admin', async () => {
    const { key, secret } = (await harness.post('/api/keys', { name: 'r', scopes: ['read', 'manage'] })).json
    const answer = await harness.call({ path: '/api/audit', headers: { 'x-api-key': secret } })
    expect(answer.json.code).toBe('scope_missing')
    await harness.call({ method: 'DELETE', path: `/api/keys/${key.id}` })
  })

  it('cannot be changed, and outlives the server', async () => {
    await harness.get(`/api/chats/${AMARA}@c.us`)
    const before = await entries()
    await harness.restart()
    expect(await entries()).toEqual(before)
  })

  it('ends with its days', async () => {
    await harness.app.control.audit.prune(clock.now() - 30 * 86_400_000)
    expect((await entries()).length).toBeGreaterThan(10)
    await harness.app.control.audit.prune(clock.now() + 1)
    expect(await entries()).toEqual([])
  })
})
