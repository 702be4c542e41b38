/** The client against the real server with the simulated WhatsApp. Run by `npm run check:client`. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ApiError, createClient, type EventOf, unwrap } from '../src/index.ts'

const MAIN = resolve(import.meta.dirname, '../../../../dist/main.js')
const NOOR = '15551234567'

let sandbox: ChildProcess
let url = ''
let phone = ''
const dir = mkdtempSync(join(tmpdir(), 'wma-client-'))

before(async () => {
  const flags = ['--linked', '--pace', 'none', '--dir', dir, '--port', '0', '--phone-port', '0']
  sandbox = spawn(process.execPath, [MAIN, 'sandbox', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  await new Promise<void>((listens, ends) => {
    sandbox.once('exit', (code) => ends(new Error(`the sandbox ended (${code}): ${out}`)))
    sandbox.stdout?.on('data', (data) => {
      out += data
      url = /(http:\/\/[\w.:]+)\/api\/(?:status|chats)/.exec(out)?.[1] ?? ''
      phone = /phone\s+(http:\/\/[\w.:]+)/.exec(out)?.[1] ?? ''
      if (url !== '' && phone !== '') listens()
    })
  })
})
after(async () => {
  sandbox.kill('SIGTERM')
  await new Promise((ended) => sandbox.once('exit', ended))
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
})

const write = (text: string) =>
  fetch(`${phone}/control/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: NOOR, text }),
  })

describe('calls', () => {
  it('are typed, and return what the server returns', async () => {
    const { chats, count } = await unwrap(
      createClient({ url }).GET('/api/chats', { params: { query: { limit: 3 } } }),
    )
    assert.equal(chats.length, count)
    assert.equal(typeof chats[0]?.unread_count, 'number')
  })

  it('throw an error with its code, hint and retry', async () => {
    const call = unwrap(
      createClient({ url }).GET('/api/chats/{chat_id}', { params: { path: { chat_id: '15550009999' } } }),
    )
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ApiError)
      assert.deepEqual([error.code, error.status, error.problem.retry], ['chat_not_found', 404, 'never'])
      return true
    })
  })

  it('send once, though the answer is lost', async () => {
    const seen: (string | null)[] = []
    const lossy = createClient({
      url,
      fetch: async (request) => {
        seen.push(request.headers.get('idempotency-key'))
        const answer = await fetch(request)
        if (seen.length === 1) throw new TypeError('the connection was lost')
        return answer
      },
    })
    const body = { phone_number: NOOR, message: 'only once, please' }
    const sent = await unwrap(lossy.POST('/api/send', { body }))
    assert.ok('message_id' in sent)
    assert.equal(seen.length, 2)
    assert.equal(seen[0], seen[1])
    const { messages } = await unwrap(
      createClient({ url }).GET('/api/messages', { params: { query: { phone_number: NOOR, limit: 20 } } }),
    )
    assert.equal(messages.filter((message) => message.body === body.message).length, 1)
  })

  it('are repeated as `retry` says, and no more often than allowed', async () => {
    for (const [retry, times] of [
      ['later', 3],
      ['check_first', 1],
      ['never', 1],
    ] as const) {
      let asked = 0
      const client = createClient({
        url,
        retries: 2,
        fetch: async () => {
          asked += 1
          const problem = { code: 'too_many_readers', status: 429, detail: 'No.', hint: 'Wait.', retry }
          const headers = { 'content-type': 'application/problem+json', 'retry-after': '0' }
          return new Response(JSON.stringify(problem), { status: 429, headers })
        },
      })
      await assert.rejects(unwrap(client.GET('/api/status')), ApiError)
      assert.equal(asked, times, retry)
    }
  })

  it('survive what a proxy answers while the server restarts', async () => {
    let asked = 0
    const client = createClient({
      url,
      fetch: async (request) => {
        asked += 1
        if (asked > 1) return fetch(request)
        return new Response('<h1>Bad Gateway</h1>', { status: 502, headers: { 'content-type': 'text/html' } })
      },
    })
    await unwrap(client.GET('/api/status'))
    assert.equal(asked, 2)
  })

  it('of another account have its path, those of the server do not', async () => {
    const asked: string[] = []
    const client = createClient({
      url,
      account: 'work',
      fetch: async (request) => {
        asked.push(new URL(request.url).pathname)
        return fetch(request)
      },
    })
    await assert.rejects(unwrap(client.GET('/api/chats')), { code: 'account_not_found' })
    await assert.rejects(unwrap(client.GET('/api/capabilities')), { code: 'account_not_found' })
    await unwrap(client.GET('/api/webhooks'))
    await unwrap(client.GET('/api/rules'))
    const own = ['/api/accounts/work/chats', '/api/accounts/work/capabilities']
    assert.deepEqual(asked, [...own, '/api/webhooks', '/api/rules'])
  })
})

describe('events', () => {
  it('are typed by kind, and none is missed when the connection is lost', async () => {
    const ends = new AbortController()
    const cut = new AbortController()
    let connections = 0
    const client = createClient({
      url,
      fetch: async (request) => {
        if (!request.url.includes('/stream')) return fetch(request)
        connections += 1
        if (connections > 1) return fetch(request)
        const answer = await fetch(request, { signal: AbortSignal.any([cut.signal, request.signal]) })
        await write('before the cut')
        return answer
      },
    })
    const texts: string[] = []
    for await (const event of client.events({ kinds: ['message.received'], signal: ends.signal })) {
      const received: EventOf<'message.received'> = event
      texts.push(received.message?.body ?? '')
      if (texts.length === 2) ends.abort()
      // The first connection is lost after its first event.
      if (texts.length !== 1) continue
      cut.abort()
      await write('during the cut')
    }
    assert.deepEqual(texts, ['before the cut', 'during the cut'])
    assert.ok(connections >= 2)
  })

  it('end with an error that a new connection does not mend', async () => {
    const read = async () => {
      for await (const _ of createClient({ url }).events({ after: 'nonsense' })) assert.fail('no event')
    }
    await assert.rejects(read, { code: 'invalid_input' })
  })
})
