/** `call`: any operation from a terminal, by its name and the names of its fields. The built program beside a sandbox. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import type { WorldMessage } from '../simulator/simulator.ts'
import { besideSandbox, call, ended, play, temp } from './program.ts'

const { sandbox, cli } = besideSandbox()

it('prints what an operation returns, as lines or as JSON', async () => {
  const { code, out, err } = await cli('call', 'list_chats', '--limit', '2')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^ok: true\ncount: 2\nchats:\n {2}- id: \S+@\S+\n {4}name: /)
  const json = JSON.parse((await cli('call', 'list_chats', '--limit', '2', '--json')).out)
  expect(json).toMatchObject({ ok: true, count: 2 })
})

it('sends fields in the path, the query and the body, as their types', async () => {
  const url = 'https://receiver.example/hook'
  const listed = ['--kinds', 'message.received,message.sent', '--chats', '15551234567']
  const input = [...listed, '--from-me', 'false', '--paused']
  const made = JSON.parse((await cli('call', 'add_webhook', `url=${url}`, ...input, '--json')).out)
  expect(made).toMatchObject({
    url,
    kinds: ['message.received', 'message.sent'],
    chats: ['15551234567@c.us'],
    from_me: false,
    paused: true,
  })
  const changed = ['call', 'change_webhook', '--webhook_id', made.id, '--from_me', 'null', '--json']
  expect(JSON.parse((await cli(...changed)).out)).toMatchObject({ id: made.id, from_me: null, paused: true })
  const one = await cli('call', 'get_webhook', `webhook_id=${made.id}`)
  expect(one.out).toContain('kinds: message.received, message.sent\n')
  expect((await cli('call', 'remove_webhook', '--webhook_id', made.id)).out).toBe('ok: true\n')
})

it('sends and saves files', async () => {
  const folder = temp()
  writeFileSync(join(folder, 'a.txt'), 'Hello')
  const upload = ['call', 'upload_file', '--file', join(folder, 'a.txt'), '--type', 'text/plain', '--json']
  expect(JSON.parse((await cli(...upload)).out)).toMatchObject({ size_bytes: 5, mimetype: 'text/plain' })
  const out = join(folder, 'export.jsonl')
  expect(await cli('call', 'export_archive', '--out', out)).toEqual({ code: 0, out: '', err: '' })
  expect(readFileSync(out, 'utf8').length).toBeGreaterThan(1_000)
})

/** Runs the command, and returns the id of its message. */
async function idOf(words: string[]): Promise<string> {
  const { out, err } = await cli(...words, '--json')
  expect(err).toBe('')
  return JSON.parse(out).message_id
}

it('a command that is repeated with its idempotency key sends once', async () => {
  const file = fileWith('Invoice')
  for (const words of [
    ['send', '15551234567', 'once'],
    ['send', 'Weekend hike', 'Your invoice', '--file', file],
    ['call', 'send_to_chat', '--chat_id', '15551234567@c.us', '--message', 'once'],
  ]) {
    const keyed = [...words, '--idempotency-key', `job-${words.length}`]
    const [first, second, unkeyed] = [await idOf(keyed), await idOf(keyed), await idOf(words)]
    expect(first).toMatch(/^true_/)
    expect([second === first, unkeyed === first]).toEqual([true, false])
  }
  const other = await cli('send', '15551234567', 'another', '--idempotency-key', 'job-3')
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('(idempotency_key_reused)')])
})

/** A way to the sandbox on which the answer to the first request that sends is lost: the server has done it by then. */
async function openLossyWay() {
  const keys: unknown[] = []
  const way = await play(
    async (request, answer) => {
      const body = request.method === 'GET' ? null : await buffer(request)
      const { 'idempotency-key': key, 'content-type': type = '' } = request.headers
      const headers = {
        'content-type': type,
        ...(key === undefined ? {} : { 'idempotency-key': String(key) }),
      }
      const { method = '', url = '' } = request
      const real = await fetch(`${sandbox().url}${url}`, { method, body, headers })
      const content = Buffer.from(await real.arrayBuffer())
      if (/send|messages|media/.test(url) && method === 'POST') keys.push(key)
      if (keys.length === 1 && method === 'POST') return void request.socket.destroy()
      answer.writeHead(real.status, Object.fromEntries(real.headers)).end(content)
    },
    { isOurs: true },
  )
  return { ...way, keys }
}

const sentTexts = async () =>
  (await call<WorldMessage[]>(`${sandbox().phone}/control/messages`)).map(
    ({ body, caption }) => caption ?? body,
  )

it.each([
  ['a text', (text: string) => ['send', '15551234567', text]],
  ['a text to a chat by name', (text: string) => ['send', 'Weekend hike', text]],
  ['a file', (text: string) => ['send', '15551234567', text, '--file', fileWith('Invoice')]],
  [
    'an operation',
    (text: string) => ['call', 'send_to_chat', '--chat_id', '15551234567@c.us', '--message', text],
  ],
])('%s is sent once, though the answer of the server is lost', async (what, words) => {
  const way = await openLossyWay()
  const text = `sent once: ${what}`
  const { code, out, err } = await ended([...words(text), '--url', way.url])
  expect([code, err]).toEqual([
    0,
    expect.stringMatching(/^[^\n]+ Trying again in 0\.5 s\.\nThere is an outcome now\.\n$/),
  ])
  expect(out).toContain('true_')
  const [key] = way.keys
  expect(way.keys).toEqual([expect.stringMatching(/^[\w-]{36}$/), key])
  expect((await sentTexts()).filter((sent) => sent === text)).toHaveLength(1)
  way.close()
})

it('a send of unknown outcome is never repeated', async () => {
  await call(`${sandbox().phone}/control/setFault`, { name: 'send_rejects', value: true })
  const way = await openLossyWay()
  way.keys.push('nothing is lost on this way')
  const { code, err } = await ended(['send', '15551234567', 'perhaps', '--url', way.url])
  await call(`${sandbox().phone}/control/setFault`, { name: 'send_rejects', value: false })
  expect([code, err]).toEqual([1, expect.stringContaining('(send_outcome_unknown)')])
  expect(err).not.toContain('Trying again')
  expect(err).toContain('The action may have happened. Check before you repeat it. ')
  expect(err).toContain(`--idempotency-key ${way.keys[1]}`)
  expect(way.keys).toHaveLength(2)
  way.close()
})

/** A way to a server that never gives the outcome of a send: what `reply` answers in its place. */
async function endsWithout(reply: RequestListener, ...flags: string[]) {
  const keys: unknown[] = []
  const way = await play(
    (request, answer) => {
      keys.push(request.headers['idempotency-key'])
      reply(request, answer)
    },
    { isOurs: true },
  )
  const { code, out, err } = await ended(['send', '15551234567', 'perhaps', ...flags, '--url', way.url])
  way.close()
  expect(code).toBe(1)
  return { out, err, keys }
}

const PROBLEM = { 'content-type': 'application/problem+json' }
const problemOf = (code: string, retry: string) =>
  JSON.stringify({ status: 503, code, retry, detail: 'This failed.', hint: 'Do this.' })

it('a proxy that gives up on a send says nothing of its outcome', async () => {
  const { err, keys } = await endsWithout((_, answer) =>
    answer.writeHead(504, { 'content-type': 'text/html' }).end('<h1>504 Gateway Time-out</h1>'),
  )
  const said = err.split('\n').filter((line) => !line.includes('Trying again'))
  expect(said).toEqual([
    expect.stringMatching(/^No outcome arrived: .* a proxy, responded at http:\S+\.$/),
    `The action may have happened. With --idempotency-key ${keys[0]} you can repeat it: it happens once.`,
    '',
  ])
  expect(new Set(keys).size).toBe(1)
}, 60_000)

it.each([
  ['while it may have happened', 'starting', 'later'],
  ['also of an error that a person mends', 'disk_full', 'after_action'],
])('an error after a lost connection is no outcome, and the key is named: %s', async (_, code, retry) => {
  let sends = 0
  const { out, err, keys } = await endsWithout((request, answer) => {
    sends += 1
    if (sends === 1) request.socket.destroy()
    else answer.writeHead(503, PROBLEM).end(problemOf(code, retry))
  }, '--json')
  expect(JSON.parse(out)).toMatchObject({ code })
  expect(err).toContain(`This failed. (${code})\nDo this.\nThe action may have happened. `)
  expect(err).toContain(`With --idempotency-key ${keys[0]} you can repeat it: it happens once.`)
})

it('an error of the server that no connection was lost before is its outcome', async () => {
  const { err } = await endsWithout((_, answer) =>
    answer.writeHead(503, PROBLEM).end(problemOf('starting', 'later')),
  )
  expect(err).toBe('This failed. (starting)\nDo this.\n')
})

it('a reading that is lost has changed nothing', async () => {
  const way = await play((request) => request.socket.destroy(), { isOurs: true })
  const { code, err } = await ended(['call', 'list_chats', '--url', way.url])
  way.close()
  expect(code).toBe(1)
  expect(err).toMatch(/was lost.*\nNothing was changed: you can repeat it\.\n$/)
}, 60_000)

function fileWith(content: string): string {
  const file = join(temp(), 'invoice.txt')
  writeFileSync(file, content)
  return file
}

it.each([
  [['send', '15551234567', 'x', '--idempotency-key', '7c1d…'], 'visible ASCII'],
  [['call'], 'call requires OPERATION'],
  [['call', 'list_chat'], 'Did you mean list_chats?'],
  [['call', 'list_chats', '--limt', '2'], 'Did you mean --limit?'],
  [['call', 'get_webhook'], 'requires --webhook_id'],
  [['call', 'upload_file'], 'takes a file'],
  [['call', 'send_to_chat', '--chat_id', '15551234567', '--message'], '--message requires a value'],
  [['call', 'send_to_chat', '--message', '--chat_id', '15551234567'], '--message requires a value'],
])('%j says what is wrong', async (words, text) => {
  const { code, out, err } = await cli(...words)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(text)
})

it('an error of the server is one, with its next step', async () => {
  const { code, out, err } = await cli('call', 'get_webhook', '--webhook_id', 'wh_none')
  expect([code, out]).toEqual([1, ''])
  expect(err).toContain('webhook_not_found')
})
