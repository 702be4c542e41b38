/** `stdio` as clients use it: the built program in a process of its own, its pipes, and the server behind it. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, describe, expect, it } from 'vitest'
import { ended, endPrograms, installInto, MAIN, openSandbox, quietPort, run, stop, temp } from './program.ts'
import {
  answerJson,
  CURRENT,
  event,
  INITIALIZE,
  type Json,
  legacyReply,
  openBundle,
  openPipe,
  openStandIn,
  type Pipe,
  type Reply,
  type StandIn,
  soon,
} from './stdio-stage.ts'

const STRANGER = 65_534
const canBecomeStranger = process.platform === 'linux' && process.getuid?.() === 0

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await endPrograms()
})

async function standIn(reply: Reply, port?: number): Promise<StandIn> {
  const server = await openStandIn(reply, port)
  closing.push(() => server.close())
  return server
}

const methodsOf = ({ seen }: StandIn) => seen.map(({ method, message }) => message.method ?? method)
const errorOf = (answer: Json) => answer.error as { code: number; message: string; data: Json }

describe('the lines', () => {
  it('go through whole: long ones, broken ones, none, and what is no JSON is answered', async () => {
    const server = await standIn(answerJson)
    const pipe = openPipe(['--url', server.url])
    const long = 'é\u2028🚲'.repeat(200_000)
    const text = JSON.stringify({ jsonrpc: '2.0', id: 'long', method: 'ping', params: { long } })
    const bytes = Buffer.from(`\r\n\n  \n${text}\r\n`)
    expect(bytes.length).toBeGreaterThan(1024 * 1024)
    // In pieces that end within characters.
    for (let at = 0; at < bytes.length; at += 65_537) pipe.child.stdin?.write(bytes.subarray(at, at + 65_537))
    await pipe.answerTo('long')
    expect(server.seen.map(({ body }) => body.trim() === text)).toEqual([true])

    pipe.send('{"jsonrpc": nope}')
    expect(errorOf(await pipe.answerTo(null))).toMatchObject({ code: -32700 })
    pipe.send('42')
    await soon(() => pipe.lines().map((line) => errorOf(line)?.code)).toContain(-32600)
    expect(await pipe.ask('after', 'ping')).toMatchObject({ result: { method: 'ping' } })
  })

  it('go to the account that the URL names, once', async () => {
    const server = await standIn(answerJson)
    for (const more of [[], ['--account', 'work']]) {
      const pipe = openPipe(['--url', `${server.url}/accounts/work/mcp`, ...more])
      await pipe.ask(1, 'ping')
      expect(server.seen.at(-1)?.path).toBe('/accounts/work/mcp')
    }
  })

  it('are answered as the answers come, each in one line as the server wrote it', async () => {
    const late: (() => void)[] = []
    const server = await standIn((seen, answer) => {
      if (seen.message.id === 'slow') late.push(() => answerJson(seen, answer))
      else if (seen.message.id === 'pretty') {
        answer.setHeader('content-type', 'application/json')
        answer.end(
          '{\n  "jsonrpc": "2.0",\r\n  "id": "pretty",\n  "result": { "text": "\\u202e", "n": 1.0 }\n}',
        )
      } else answerJson(seen, answer)
    })
    const pipe = openPipe(['--url', server.url])
    pipe.send({ jsonrpc: '2.0', id: 'slow', method: 'ping' })
    await soon(() => late.length).toBe(1)
    await pipe.ask('quick', 'ping')
    await pipe.ask('pretty', 'ping')
    expect(pipe.out).toContain('{ "text": "\\u202e", "n": 1.0 }')
    expect(pipe.lines().map(({ id }) => id)).toEqual(['quick', 'pretty'])
    late[0]?.()
    await pipe.answerTo('slow')
  })

  it('of the protocol are all that stands on standard output', async () => {
    const server = await standIn(answerJson)
    const noise = '()=>{console.log("noise");process.stdout.write("noise\\n")}'
    // At a signal: whatever comes before the pipe has taken the output is not the program's.
    const late = `data:text/javascript,process.once("SIGUSR2",()=>setInterval(${noise},5))`
    const pipe = openPipe(['--url', server.url], { node: ['--import', late] })
    await pipe.ask(1, 'ping')
    pipe.child.kill('SIGUSR2')
    await soon(() => pipe.err).toContain('noise')
    await pipe.ask(2, 'ping')
    expect(pipe.lines().map(({ id }) => id)).toEqual([1, 2])
  })
})

describe('a client of the eras before', () => {
  it('has one session: its headers, its stream of notices, its end', async () => {
    const legacy = legacyReply()
    const server = await standIn(legacy.reply)
    const pipe = openPipe(['--url', `${server.url}/mcp`, '--toolsets', 'people, core'])
    // All at once: what follows an `initialize` waits for the session that it begins.
    pipe.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE })
    pipe.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    pipe.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
    await pipe.answerTo(2)
    await soon(() => legacy.streams.length).toBe(1)
    for (const { message, method, path, headers } of server.seen) {
      expect(path).toBe('/mcp?toolsets=core,people')
      const isFirst = message.method === 'initialize'
      const session = [headers['mcp-session-id'], headers['mcp-protocol-version']]
      expect([message.method ?? method, ...session]).toEqual(
        isFirst ? ['initialize', undefined, undefined] : [expect.any(String), 'session-1', '2025-06-18'],
      )
      expect(headers.accept).toContain('text/event-stream')
      expect(headers).not.toHaveProperty('mcp-method')
    }
    const notice = {
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri: 'whatsapp://status' },
    }
    legacy.streams[0]?.write(event(notice))
    await soon(() => pipe.lines()).toContainEqual(notice)
    // The stream breaks, and is there again.
    legacy.streams[0]?.destroy()
    await soon(() => legacy.streams.length).toBe(2)

    pipe.child.stdin?.end()
    expect(await pipe.exited).toBe(0)
    expect(server.seen.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 'session-1' } })
  })

  it('does not notice that the server was started anew: the session is begun again, once, with what it listens to', async () => {
    const legacy = legacyReply()
    const server = await standIn(legacy.reply)
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'initialize', INITIALIZE)
    pipe.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await pipe.ask(2, 'resources/subscribe', { uri: 'whatsapp://status' })
    const enable = { name: 'whatsapp_enable_toolset', arguments: { toolset: 'people' } }
    await pipe.ask(6, 'tools/call', enable)
    await soon(() => legacy.streams.length).toBe(1)
    legacy.forget()
    server.seen.length = 0
    const send = { name: 'whatsapp_send_message', arguments: {} }
    const answers = await Promise.all([
      pipe.ask(3, 'tools/call', send),
      pipe.ask(4, 'tools/list'),
      pipe.ask(5, 'tools/list'),
    ])
    for (const answer of answers) expect(answer).toHaveProperty('result')
    expect(legacy.sessions).toHaveLength(2)
    await soon(() => legacy.streams.length).toBe(2)
    const begun = server.seen.slice(methodsOf(server).indexOf('initialize'))
    expect(begun[0]?.message).toEqual({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE })
    expect(begun.map(({ message }) => message.method)).toContain('notifications/initialized')
    expect(begun.map(({ message }) => message.method)).toContain('resources/subscribe')
    // Refused the first time, so once in the new session.
    const sent = server.seen.filter(({ message, headers }) => {
      return message.method === 'tools/call' && headers['mcp-session-id'] === 'session-2'
    })
    // A toolset that was on is on again, and nothing else is done twice.
    expect(sent.map(({ message }) => message.params)).toEqual([enable, send])
    // Its own `initialize` was answered once only.
    expect(pipe.lines().filter(({ id }) => id === 1)).toHaveLength(1)
  })

  it('loses no answer where only the connection broke: the stream is gone on with', async () => {
    const legacy = legacyReply()
    const server = await standIn((seen, answer) => {
      const from = seen.headers['last-event-id']
      if (seen.message.method !== 'tools/call' && from === undefined) return legacy.reply(seen, answer)
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      if (from !== 'b') {
        answer.write(`id: ${from === undefined ? 'a' : 'b'}\ndata:\n\n`)
        return void setTimeout(() => answer.destroy(), 20)
      }
      answer.end(event({ jsonrpc: '2.0', id: 'sent', result: {} }))
    })
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'initialize', INITIALIZE)
    expect(await pipe.ask('sent', 'tools/call', { name: 'whatsapp_send_message' })).toHaveProperty('result')
    expect(methodsOf(server)).toEqual(['initialize', 'tools/call', 'GET', 'GET'])
  })

  it.each([
    ['comes back to its stream of notices, whatever the answer was', 503, 2],
    ['has no stream of notices where the server has none', 405, 1],
  ])('%s', async (_, status, streams) => {
    const legacy = legacyReply()
    let gets = 0
    const server = await standIn((seen, answer) => {
      if (seen.method !== 'GET') return legacy.reply(seen, answer)
      gets += 1
      if (gets > 1) return legacy.reply(seen, answer)
      answer.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'initialize', INITIALIZE)
    pipe.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await soon(() => gets).toBe(streams)
    // Longer than the first pause between two tries.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(gets).toBe(streams)
  })

  it('cancels: the server receives the cancellation, and sends nothing more', async () => {
    const legacy = legacyReply()
    let isHungUp = false
    const server = await standIn((seen, answer) => {
      if (seen.message.id !== 'long') return legacy.reply(seen, answer)
      answer.once('close', () => {
        isHungUp = true
      })
    })
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'initialize', INITIALIZE)
    pipe.send({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params: { name: 'whatsapp_wait' } })
    await soon(() => methodsOf(server)).toContain('tools/call')
    pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'long' } })
    await soon(() => isHungUp).toBe(true)
    // It comes over a connection of its own, after the other one is closed.
    await soon(() => methodsOf(server)).toContain('notifications/cancelled')
    await pipe.ask(2, 'ping')
    expect(pipe.lines().map(({ id }) => id)).toEqual([1, 2])
  })
})

describe('a batch', () => {
  const batch = ['a', 'b'].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: {} }))
  /** Holds the batch until it is let go of, and knows whether the client has hung up. */
  async function held() {
    const legacy = legacyReply()
    const calls: ServerResponse[] = []
    const server = await standIn((seen, answer) => {
      if (Array.isArray(seen.message)) calls.push(answer)
      else legacy.reply(seen, answer)
    })
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'initialize', INITIALIZE)
    pipe.send(batch)
    await soon(() => calls.length).toBe(1)
    const [call] = calls
    if (call === undefined) throw new Error('no call')
    const cancel = (requestId: string) =>
      pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })
    const told = () => methodsOf(server).filter((method) => method === 'notifications/cancelled').length
    return { pipe, call, cancel, told }
  }

  it('of which one is cancelled is answered for the others', async () => {
    const { pipe, call, cancel, told } = await held()
    cancel('a')
    await soon(told).toBe(1)
    expect(call.destroyed).toBe(false)
    call.setHeader('content-type', 'application/json')
    const error = { code: -32800, message: 'Cancelled' }
    call.end(
      JSON.stringify([
        { jsonrpc: '2.0', id: 'a', error },
        { jsonrpc: '2.0', id: 'b', result: {} },
      ]),
    )
    await soon(() => pipe.lines()).toContainEqual([{ jsonrpc: '2.0', id: 'b', result: {} }])
    await pipe.ask(2, 'ping')
    expect(pipe.lines()).toHaveLength(3)
  })

  it('of which all are cancelled is hung up', async () => {
    const { pipe, call, cancel, told } = await held()
    for (const id of ['a', 'b']) cancel(id)
    await soon(() => call.destroyed).toBe(true)
    await soon(told).toBe(2)
    await pipe.ask(2, 'ping')
    expect(pipe.lines()).toHaveLength(2)
  })
})

describe('a client of the current era', () => {
  it('has in the headers what its messages say', async () => {
    const server = await standIn(answerJson)
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'server/discover', CURRENT)
    await pipe.ask(2, 'tools/call', { name: 'whatsapp_status', arguments: {}, ...CURRENT })
    await pipe.ask(3, 'resources/read', { uri: 'whatsapp://chats/é', ...CURRENT })
    const encoded = `=?base64?${Buffer.from('whatsapp://chats/é').toString('base64')}?=`
    expect(
      server.seen.map(({ headers }) => [
        headers['mcp-protocol-version'],
        headers['mcp-method'],
        headers['mcp-name'],
        headers['mcp-session-id'],
      ]),
    ).toEqual([
      ['2026-07-28', 'server/discover', undefined, undefined],
      ['2026-07-28', 'tools/call', 'whatsapp_status', undefined],
      ['2026-07-28', 'resources/read', encoded, undefined],
    ])
  })

  it('receives its subscriptions on a long stream, until it cancels', async () => {
    let hangUp: () => void = () => {}
    const hungUp = new Promise<void>((resolve) => {
      hangUp = resolve
    })
    const server = await standIn((seen, answer) => {
      if (seen.message.method !== 'subscriptions/listen') return answerJson(seen, answer)
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.write(event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged' }))
      answer.once('close', hangUp)
    })
    const pipe = openPipe(['--url', server.url])
    pipe.send({ jsonrpc: '2.0', id: 7, method: 'subscriptions/listen', params: CURRENT })
    await soon(() => pipe.out).toContain('acknowledged')
    expect(await pipe.ask(8, 'ping', CURRENT)).toHaveProperty('result')
    pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } })
    await hungUp
    expect(methodsOf(server)).not.toContain('notifications/cancelled')
    await pipe.ask(9, 'ping', CURRENT)
    expect(pipe.lines().some(({ id }) => id === 7)).toBe(false)
  })

  it('gets what an HTTP failure says in JSON-RPC, with its own id', async () => {
    const server = await standIn((seen, answer) => {
      const id = seen.message.method === 'nope' ? seen.message.id : null
      answer.writeHead(404, { 'content-type': 'application/json' })
      answer.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }))
    })
    const pipe = openPipe(['--url', server.url])
    expect(errorOf(await pipe.ask(1, 'nope', CURRENT)).code).toBe(-32601)
    expect(errorOf(await pipe.ask(2, 'header/mismatch', CURRENT)).code).toBe(-32601)
  })
})

describe('when the server is not as it should be', () => {
  it('not running: each request receives an error, and the next one tries again', async () => {
    const server = await standIn(answerJson)
    const { port } = new URL(server.url)
    await server.close()
    const pipe = openPipe(['--url', server.url])
    const error = errorOf(await pipe.ask(1, 'ping'))
    expect(error).toMatchObject({ code: -32000, data: { code: 'server_unreachable' } })
    expect(error.message).toContain('Next step: ')
    await standIn(answerJson, Number(port))
    expect(await pipe.ask(2, 'ping')).toHaveProperty('result')
  })

  it('gone in the middle of it: what only reads is asked again, what may have been done is not', async () => {
    let isBroken = true
    const server = await standIn((seen, answer) => {
      if (isBroken) answer.destroy()
      else answerJson(seen, answer)
      if (seen.message.method === 'tools/list') isBroken = false
    })
    const pipe = openPipe(['--url', server.url])
    const error = errorOf(await pipe.ask(1, 'tools/call', { name: 'whatsapp_send_message' }))
    expect(error.data).toMatchObject({ code: 'outcome_unknown', retry: 'check_first' })
    expect(await pipe.ask(2, 'tools/list')).toHaveProperty('result')
    expect(methodsOf(server)).toEqual(['tools/call', 'tools/list', 'tools/list'])
  })

  it('stopping: nothing was done, so a call too is made again where it runs again', async () => {
    let isStopping = true
    const server = await standIn((seen, answer) => {
      if (!isStopping) return answerJson(seen, answer)
      isStopping = false
      const error = { code: -32000, message: 'The server is stopping', data: { code: 'stopping' } }
      answer.writeHead(503, { 'content-type': 'application/json' })
      answer.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
    })
    const pipe = openPipe(['--url', server.url])
    expect(await pipe.ask(1, 'tools/call', { name: 'whatsapp_send_message' })).toHaveProperty('result')
    expect(methodsOf(server)).toEqual(['tools/call', 'tools/call'])

    server.reply = (_, answer) => {
      const error = { code: -32000, message: 'All sessions are in use' }
      answer.writeHead(503).end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
    }
    expect(errorOf(await pipe.ask(2, 'tools/call')).message).toBe('All sessions are in use')
    expect(methodsOf(server)).toHaveLength(3)
  })

  it('gone in the middle of an answer: said too, though the stream had begun', async () => {
    const server = await standIn((_, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params: {} }))
      setTimeout(() => answer.destroy(), 50)
    })
    const pipe = openPipe(['--url', server.url])
    expect(errorOf(await pipe.ask(1, 'tools/call')).data).toMatchObject({ code: 'outcome_unknown' })
    expect(pipe.lines()[0]).toMatchObject({ method: 'notifications/progress' })
  })

  it('gone for good in the middle of a stream that could be gone on with: not known either, and not sent again', async () => {
    const legacy = legacyReply()
    const server = await standIn((seen, answer) => {
      if (seen.message.method !== 'tools/call') return legacy.reply(seen, answer)
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.write('id: a\ndata:\n\n')
      setTimeout(() => void server.close(), 20)
    })
    const { port } = new URL(server.url)
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'initialize', INITIALIZE)
    pipe.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whatsapp_send_message' } })
    expect(errorOf(await pipe.answerTo(2)).data).toMatchObject({ code: 'outcome_unknown' })
    const anew = await standIn(legacy.reply, Number(port))
    await pipe.ask(3, 'tools/list')
    expect(methodsOf(anew)).not.toContain('tools/call')
  })

  it('a refusal in HTTP keeps its sentence, its hint and its code', async () => {
    const problem = {
      code: 'other_user',
      detail: 'You are another user.',
      hint: 'Be this one.',
      retry: 'never',
    }
    const server = await standIn((_, answer) => void answer.writeHead(403).end(JSON.stringify(problem)))
    const pipe = openPipe(['--url', server.url])
    const { message, data } = errorOf(await pipe.ask(1, 'ping'))
    expect(message).toBe('You are another user. Next step: Be this one.')
    expect(data).toMatchObject({ code: 'refused', problem: 'other_user', retry: 'never' })
  })

  it('going while it is asked who it is: not taken for a stranger, and another one is started', async () => {
    const going = createServer((_, answer) => {
      going.close()
      answer.end('{"ok":true,"name":"whatsapp-mcp-api"}')
    })
    const [port, dir] = [await quietPort(), join(temp(), 'auth')]
    await new Promise<void>((resolve) => going.listen(port, '127.0.0.1', resolve))
    const pipe = openPipe(['--port', String(port), '--auth-dir', dir, '--idle-minutes', '0.05'])
    pipe.send({ jsonrpc: '2.0', id: 1, method: 'ping' })
    expect(await pipe.answerTo(1, 60_000)).toHaveProperty('result')
    pipe.child.stdin?.end()
    await pipe.exited
    await soon(() => existsSync(join(dir, '.whatsapp-mcp-api', 'server.lock'))).toBe(false)
  })

  it('another program at the port: said, and none is started beside it', async () => {
    const other = createServer((_, answer) => void answer.end('<html>hello</html>'))
    const silent = createTcpServer((socket) => void socket.end('SSH-2.0-x\r\n'))
    for (const server of [other, silent]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      closing.push(() => server.close())
      const { port } = server.address() as AddressInfo
      const dir = join(temp(), 'auth')
      const pipe = openPipe(['--port', String(port), '--auth-dir', dir])
      const error = errorOf(await pipe.ask(1, 'initialize', INITIALIZE))
      expect(error).toMatchObject({ code: -32000, data: { code: 'not_our_server' } })
      expect(error.message).toContain('--port')
      expect(existsSync(dir)).toBe(false)
    }
  })
})

describe.skipIf(!canBecomeStranger)('another user at the port (needs root on Linux to play one)', () => {
  /** Answers to our name and shows what it is sent. */
  const stranger = async (port: string | number) => {
    const program = `require('node:http').createServer((request, answer) => {
      console.log(request.method + ' ' + request.url)
      answer.end('{"ok":true,"name":"whatsapp-mcp-api"}')
    }).listen(${port}, '127.0.0.1', () => console.log('listening'))`
    const other = run(['-e', program], { uid: STRANGER, cwd: '/' }, process.execPath)
    await soon(() => other.out).toContain('listening')
    return other
  }

  it('gets nothing but the question who it is, and none is started beside it', async () => {
    const port = String(await quietPort())
    const other = await stranger(port)
    const dir = join(temp(), 'auth')
    const pipe = openPipe(['--port', port, '--auth-dir', dir])
    const error = errorOf(await pipe.ask(1, 'tools/call', { name: 'whatsapp_send_message' }))
    expect(error.data).toMatchObject({ code: 'not_our_server' })
    expect(error.message).toContain('--port')
    expect(other.out).toBe('listening\nGET /health\n')
    expect(existsSync(dir)).toBe(false)
  })

  it('that took it from our server gets nothing either', async () => {
    const legacy = legacyReply()
    const server = await standIn(legacy.reply)
    const { port } = new URL(server.url)
    const pipe = openPipe(['--port', port])
    await pipe.ask(1, 'initialize', INITIALIZE)
    pipe.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await soon(() => legacy.streams.length).toBe(1)
    await server.close()
    const other = await stranger(port)
    const error = errorOf(await pipe.ask(2, 'tools/call', { name: 'whatsapp_send_message' }))
    expect(error.data).toMatchObject({ code: 'not_our_server' })
    // Nor the session's stream, which is tried again after a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(new Set(other.out.trim().split('\n'))).toEqual(new Set(['listening', 'GET /health']))
  })

  it('gets nothing from the bundle', async () => {
    const port = String(await quietPort())
    const other = await stranger(port)
    const pipe = openBundle(`http://127.0.0.1:${port}`)
    const error = errorOf(await pipe.ask(1, 'tools/call', { name: 'whatsapp_send_message' }))
    expect(error.data).toMatchObject({ code: 'server_unreachable' })
    expect(other.out).toBe('listening\n')
  })

  it('is asked where it was named', async () => {
    const port = await quietPort()
    const other = await stranger(port)
    const pipe = openPipe(['--url', `http://127.0.0.1:${port}`])
    await pipe.ask(1, 'ping')
    expect(other.out).toContain('POST /mcp')
  })
})

describe('the end', () => {
  /** It takes 1.5 s at most, and more on a loaded machine; whatever it could wait for in vain takes 10 s or more. */
  const SOON_MS = 9_000
  // Longer than clients wait until they send a signal, who would.
  const slow: Reply = (seen, answer) => void setTimeout(() => answerJson(seen, answer), 5_500)

  it('with the input: what is under way is answered first', async () => {
    const server = await standIn(slow)
    const { code, out } = await ended(['stdio', '--url', server.url], {
      input: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    })
    expect([code, JSON.parse(out)]).toMatchObject([0, { id: 1, result: { method: 'ping' } }])
  })

  const never: Reply = (seen, answer) => {
    if (seen.message.id !== 'hangs') answerJson(seen, answer)
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s, whatever hangs', async (signal) => {
    const server = await standIn(never)
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'ping')
    pipe.send({ jsonrpc: '2.0', id: 'hangs', method: 'ping' })
    await soon(() => server.seen.length).toBe(2)
    const toldAt = Date.now()
    expect(await stop(pipe, signal)).toBe(0)
    expect(Date.now() - toldAt).toBeLessThan(SOON_MS)
  })

  it('leaves no request without an answer: what had gone out is not known, what had not was not done', async () => {
    const server = await standIn((seen, answer) => {
      if (seen.message.method !== 'initialize') answerJson(seen, answer)
    })
    const pipe = openPipe(['--url', server.url])
    pipe.send({ jsonrpc: '2.0', id: 'out', method: 'initialize', params: INITIALIZE })
    // It waits for the session that never begins.
    const held = Array.from({ length: 100 }, (_, n) => `held ${n}`)
    pipe.send(held.map((id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: {} })))
    pipe.send({ jsonrpc: '2.0', id: 'listens', method: 'subscriptions/listen', params: CURRENT })
    await soon(() => server.seen.length).toBe(1)
    expect(await stop(pipe, 'SIGTERM')).toBe(0)
    const codes = pipe.lines().map((line) => [line.id, errorOf(line).data.code])
    expect(Object.fromEntries(codes)).toEqual({
      out: 'outcome_unknown',
      listens: 'server_unreachable',
      ...Object.fromEntries(held.map((id) => [id, 'server_unreachable'])),
    })
    expect(codes).toHaveLength(102)
    expect(methodsOf(server)).toEqual(['initialize'])
  })

  it('when its output is closed', async () => {
    const server = await standIn(never)
    const pipe = openPipe(['--url', server.url])
    await pipe.ask(1, 'ping')
    pipe.child.stdout?.destroy()
    const gone = new Promise((resolve) => pipe.child.once('exit', resolve))
    const goneAt = Date.now()
    pipe.send({ jsonrpc: '2.0', id: 2, method: 'ping' })
    expect(await gone).toBe(0)
    expect(Date.now() - goneAt).toBeLessThan(SOON_MS)
  })

  it('when its output is closed with more to write: with its session', async () => {
    const legacy = legacyReply()
    const held: (() => void)[] = []
    const server = await standIn((seen, answer) => {
      if (seen.message.method === 'ping') held.push(() => answerJson(seen, answer))
      else legacy.reply(seen, answer)
    })
    const pipe = openBundle(server.url)
    await pipe.ask(1, 'initialize', INITIALIZE)
    for (const id of [2, 3, 4]) pipe.send({ jsonrpc: '2.0', id, method: 'ping' })
    await soon(() => held.length).toBe(3)
    pipe.child.stdout?.destroy()
    const gone = new Promise((resolve) => pipe.child.once('exit', resolve))
    for (const answer of held) {
      answer()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect([await gone, pipe.err]).toEqual([0, ''])
    expect(methodsOf(server).at(-1)).toBe('DELETE')
  })

  it('when its parent process has ended, with its pipes still open', async () => {
    const server = await standIn(never)
    // A parent that can be killed; the input is this test's own, and stays open.
    const input = join(temp(), 'input')
    execFileSync('mkfifo', [input])
    const fd = openSync(input, 'r+')
    closing.push(() => closeSync(fd))
    const args = JSON.stringify([MAIN, 'stdio', '--url', server.url])
    const parent = `const child = require('node:child_process').spawn(process.execPath, ${args}, { stdio: 'inherit' }); process.stderr.write('pid ' + child.pid + ' ')`
    const program = run(['-e', parent], { input: fd }, process.execPath)
    writeSync(fd, '{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    await soon(() => program.out).toContain('"id":1')
    const pid = Number(/pid (\d+)/.exec(program.err)?.[1])
    // What nobody has waited for yet is ended all the same.
    const isAlive = () =>
      existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    expect(isAlive()).toBe(true)
    program.child.kill('SIGKILL')
    await expect.poll(isAlive, { timeout: SOON_MS }).toBe(false)
  })
})

describe('a server of its own', () => {
  /** Servers that stdio started end by their idle time; those of a test that failed are ended by their lock. */
  async function place(
    dir = join(temp(), 'auth'),
  ): Promise<{ dir: string; port: string; log(): string; server(): number | null }> {
    const own = join(dir, '.whatsapp-mcp-api')
    const read = (name: string) => (existsSync(join(own, name)) ? readFileSync(join(own, name), 'utf8') : '')
    const server = () => (read('server.lock') === '' ? null : Number(JSON.parse(read('server.lock')).pid))
    closing.push(async () => {
      const pid = server()
      if (pid !== null) process.kill(pid, 'SIGTERM')
      await soon(server).toBeNull()
    })
    return {
      dir,
      port: String(await quietPort()),
      log: () => read('server.log'),
      server,
    }
  }
  const listens = (log: string) => log.split('"listening"').length - 1

  it('is started for two at once, and is one; it ends some time after the last of them', async () => {
    const { dir, port, log, server } = await place()
    const args = ['--port', port, '--auth-dir', dir, '--idle-minutes', '0.05']
    const [one, two] = [openPipe(args), openPipe(args)]
    one.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE })
    // Without a session, which would be a client by itself.
    two.send({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: CURRENT })
    const answers = await Promise.all([one, two].map((pipe) => pipe.answerTo(1, 60_000)))
    expect(answers).toMatchObject([{ result: { protocolVersion: '2025-06-18' } }, { result: {} }])
    expect(listens(log())).toBe(1)
    const pid = server()
    expect(pid).not.toBeNull()
    expect(statSync(join(dir, '.whatsapp-mcp-api', 'server.log')).mode & 0o077).toBe(0)
    expect(one.err).toContain('starting one')

    // Longer than its idle time: a client that says nothing is one all the same, and ends with its own server's help only.
    expect(await stop(one, 'SIGTERM')).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect(await two.ask(2, 'tools/list', CURRENT)).toHaveProperty('result')
    expect(server()).toBe(pid)
    two.child.stdin?.end()
    expect(await two.exited).toBe(0)
    await soon(server).toBeNull()
    expect(log()).toContain('no clients: stopping')
  })

  it('is stopped by "stop", and started again by the next request, with the session as if nothing had been; --stay keeps it', async () => {
    const { dir, port, log, server } = await place()
    mkdirSync(join(dir, '.whatsapp-mcp-api'), { recursive: true })
    writeFileSync(join(dir, '.whatsapp-mcp-api', 'server.log'), 'x'.repeat(2 * 1024 * 1024))
    const pipe = openPipe(['--port', port, '--auth-dir', dir, '--stay'])
    pipe.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE })
    await pipe.answerTo(1, 60_000)
    expect(log().length).toBeLessThan(10_000)
    pipe.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const first = server()
    const stopped = await ended(['stop', '--auth-dir', dir, '--json'])
    expect([stopped.code, JSON.parse(stopped.out), stopped.err]).toEqual([
      0,
      { ok: true, stopped: true, auth_dir: dir, pid: first },
      '',
    ])
    expect(server()).toBeNull()
    expect(existsSync(`/proc/${first}`)).toBe(false)
    pipe.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
    expect(await pipe.answerTo(2, 60_000)).toHaveProperty('result')
    expect(server()).not.toBe(first)
    expect(listens(log())).toBe(2)
    expect(readFileSync(`/proc/${server()}/cmdline`, 'utf8')).toContain('--idle-minutes=0\0')
  })

  it('stays for a client over HTTP that has a session, and ends when that is over', async () => {
    const { dir, port } = await place()
    const running = run(['serve', '--port', port, '--auth-dir', dir, '--idle-minutes', '0.05'])
    await soon(() => running.err).toContain('"listening"')
    const url = `http://127.0.0.1:${port}/mcp`
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE })
    const begun = await fetch(url, { method: 'POST', headers, body })
    await begun.text()
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect(running.child.exitCode).toBeNull()
    const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
    expect((await fetch(url, { method: 'DELETE', headers: session })).status).toBe(200)
    expect(await running.exited).toBe(0)
  })

  it('is not another session than the one that was named', async () => {
    const { dir, port } = await place()
    const running = run(['serve', '--port', port, '--auth-dir', dir])
    await soon(() => running.err).toContain('"listening"')
    const other = openPipe(['--port', port, '--auth-dir', join(temp(), 'other')])
    expect(errorOf(await other.ask(1, 'ping')).data).toMatchObject({ code: 'not_our_server' })
    const same = openPipe(['--port', port, '--auth-dir', dir])
    expect(await same.ask(1, 'ping')).toHaveProperty('result')
    expect(await stop(running)).toBe(0)
  })

  it('has nothing of the folder that a client has open: no .env, no path', async () => {
    const trap = await standIn(answerJson)
    const [project, home] = [temp(), temp()]
    writeFileSync(
      join(project, '.env'),
      `WHATSAPP_MCP_URL=${trap.url}\nWHATSAPP_ARCHIVE_KEY_COMMAND=touch ${join(project, 'ran')}\n`,
    )
    const data = join(home, 'whatsapp-mcp-api')
    const { dir, port, server } = await place(join(data, 'mine'))
    const env = { WHATSAPP_MCP_PORT: port, WHATSAPP_AUTH_DIR: 'mine', XDG_DATA_HOME: home }
    const options = { cwd: project, env, main: installInto(temp()) }
    const status = { name: 'whatsapp_status', arguments: {} }
    const headless = async (pipe: Pipe) => {
      pipe.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: status })
      const { result } = (await pipe.answerTo(1, 60_000)) as { result: { structuredContent: Json } }
      expect(result.structuredContent.auth_dir).toBe(dir)
      return result.structuredContent.headless
    }
    // Where there is no data directory yet it is made; the server runs in it.
    expect(await headless(openPipe([], options))).toBe(true)
    expect(readlinkSync(`/proc/${server()}/cwd`)).toBe(data)
    // Where nothing else was said.
    expect(readFileSync(`/proc/${server()}/cmdline`, 'utf8')).toContain('--idle-minutes=10\0')
    process.kill(server() ?? 0, 'SIGTERM')
    await soon(server).toBeNull()

    // Its own folder's file is read, by both of them.
    const other = await quietPort()
    writeFileSync(
      join(data, '.env'),
      `WHATSAPP_HEADLESS=false\nWHATSAPP_MCP_PORT=${other}\nWHATSAPP_AUTH_DIR=mine\n`,
    )
    expect(await headless(openPipe([], { ...options, env: { XDG_DATA_HOME: home } }))).toBe(false)
    expect((await fetch(`http://127.0.0.1:${other}/health`)).status).toBe(200)
    expect(trap.seen).toEqual([])
    expect(readdirSync(project)).toEqual(['.env'])
  })

  it('that cannot start says why, in the words of the server', async () => {
    const { dir, port } = await place()
    const pipe = openPipe(['--port', port, '--auth-dir', dir, '--chrome-executable', '/nowhere/chrome'])
    pipe.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE })
    const { message, data } = errorOf(await pipe.answerTo(1, 60_000))
    expect(message).toContain('/nowhere/chrome')
    expect(data).toMatchObject({
      code: 'server_unreachable',
      log: join(dir, '.whatsapp-mcp-api', 'server.log'),
    })
  })
})

it('serves the SDK client in both eras, on the sandbox', async () => {
  const sandbox = await openSandbox()
  for (const mode of ['legacy', 'auto'] as const) {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    const args = [MAIN, 'stdio', '--url', sandbox.url]
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'auto' ? '2026-07-28' : '2025-11-25')
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('whatsapp_status')
    const called = await client.callTool({ name: 'whatsapp_status', arguments: {} })
    expect(called.structuredContent).toMatchObject({ state: 'stopped' })
    await client.close()
  }
})
