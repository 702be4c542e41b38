/** The commands that read, watch, send files and manage webhooks, as people and programs run them: the built program beside a sandbox. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { WorldMessage } from '../simulator/simulator.ts'
import { besideSandbox, call, ended, play, run, temp } from './program.ts'

const NOOR = '15551234567'

const { sandbox, cli } = besideSandbox()
const receive = (body: string) =>
  call<{ id: string }>(`${sandbox().phone}/control/write`, { from: NOOR, text: body })
/** Resolves once the message is in the archive. */
const received = async (body: string) => {
  await receive(body)
  await expect
    .poll(async () => (await cli('search', `"${body}"`)).out, { timeout: 60_000 })
    .toContain(body.split('\n')[0] ?? '')
}

describe('reading', () => {
  it('chats has a block for each chat, with ids on request, or is JSON', async () => {
    await received('what about lunch')
    const { code, out, err } = await cli('chats', '--limit', '3')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d {2}Noor Haddad \(.*unread.*\)\n {4}Noor\S*.*: what about lunch\n/,
    )
    expect(out).toMatch(/\nMore: --cursor \S+\n$/)
    expect((await cli('chats', '--query', 'noor', '--ids')).out).toContain(`\n    ${NOOR}@c.us\n`)
    expect(JSON.parse((await cli('chats', '--limit', '3', '--json')).out)).toMatchObject({
      ok: true,
      count: 3,
    })
    expect((await cli('chats', '--query', 'nobody at all')).out).toBe('No chats.\n')
  })

  it('messages takes a number, an id and a whole name, and cannot control the terminal', async () => {
    await received('first line\nsecond \u001b[31m line')
    for (const chat of [`+${NOOR}`, `${NOOR}@c.us`, 'NOOR haddad']) {
      const { code, out, err } = await cli('messages', chat, '--limit', '1')
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(
        /^\S+ \S+ {2}Noor.*: first line\n {4}second \\u001b\[31m line\nEarlier: --before \S+\n$/,
      )
    }
    const { out } = await cli('messages', 'weekend hike', '--limit', '2', '--json')
    expect(JSON.parse(out)).toMatchObject({ count: 2, chat: { is_group: true } })
  })

  it('search shows the hits with their chats', async () => {
    await received('a zebra crossing')
    const { out } = await cli('search', 'zebra cross*', '--chat', 'Noor Haddad', '--ids')
    expect(out).toMatch(/^\S+ \S+ {2}Noor.* in Noor Haddad: .*zebra crossing.*\n {4}false_\S+\n$/)
    expect((await cli('search', 'nobody wrote this')).out).toBe('Nothing found.\n')
  })

  it.each([
    [['messages', 'Nobody'], 1, 'No chat has the name "Nobody"'],
    [['messages', 'Noor'], 1, `Noor Haddad: ${NOOR}@c.us`],
    [['messages', '12'], 1, 'No chat has the name "12"'],
    [['chats', '--limit', '0'], 1, '--limit must be'],
    [['search'], 2, 'search requires TEXT'],
  ])('%j says what is wrong, and the next step', async (words, exit, says) => {
    const { code, out, err } = await cli(...words)
    expect([code, out]).toEqual([exit, ''])
    expect(err).toContain(says)
  })
})

describe('send', () => {
  const folder = temp()

  it('sends a file with a caption to a chat by name', async () => {
    const file = join(folder, 'route.pdf')
    writeFileSync(file, '%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n')
    const { code, out, err } = await cli('send', 'Noor Haddad', 'The route', '--file', file)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^Sent to Noor Haddad at \S+ \S+ \(true_\S+\)\.\n$/)
    const { messages } = JSON.parse((await cli('messages', NOOR, '--limit', '1', '--json')).out)
    expect(messages[0]).toMatchObject({
      type: 'document',
      body: 'The route',
      media: { filename: 'route.pdf' },
    })
  })

  it('finds a group by a name without letters, or with a sign of numbers and ids', async () => {
    const text = 'only to this group'
    const phone = `${sandbox().phone}/control`
    const groups: string[] = []
    for (const subject of ['🏆 12.7.2026 19:30', '🏠', '2026', 'Us @ home']) {
      const { id } = await call<{ id: string }>(`${phone}/addGroup`, { subject, members: [NOOR] })
      groups.push(id)
      await call(`${phone}/writeFromPhone`, { chat: id, text: 'from the phone' })
      await expect
        .poll(async () => (await cli('messages', id)).out, { timeout: 60_000 })
        .toContain('from the phone')
      const sent = await cli('send', subject, text, '--json')
      expect([sent.code, sent.err]).toEqual([0, ''])
      expect(JSON.parse(sent.out)).toMatchObject({ ok: true, chat: { id, name: subject } })
      const read = await cli('messages', subject, '--limit', '1', '--json')
      expect([read.code, read.err]).toEqual([0, ''])
      expect(JSON.parse(read.out)).toMatchObject({ chat: { id }, messages: [{ body: text }] })
    }
    const all = await call<WorldMessage[]>(`${phone}/messages`)
    expect(all.filter(({ body }) => body === text).map(({ chat }) => chat)).toEqual(groups)
  })

  it('shows a message that waits for its time as an item of the outbox', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString()
    const { code, out } = await cli('send', NOOR, 'good morning', '--send-at', at)
    expect(code).toBe(0)
    expect(out).toMatch(/^ob_\w+ {2}scheduled\n(.*\n)+ {2}\| good morning\n/)
    const [id = ''] = out.split(' ')
    const edited = await cli('outbox', 'edit', id, '--message', '  - an indented\n  - list\n', '--json')
    expect([edited.code, edited.err]).toEqual([0, ''])
    expect(JSON.parse(edited.out).item.preview).toBe('  - an indented\n  - list\n')
  })

  it.each([
    [['send', NOOR], 2, 'requires MESSAGE or --file'],
    [['send', NOOR, '--file', '/nowhere/photo.jpg'], 2, '/nowhere/photo.jpg cannot be read (ENOENT)'],
    [['send', NOOR, '--file', '/'], 2, 'not a regular file'],
    [['send', 'Nobody', 'hello'], 1, 'chat_not_found'],
    [['send', NOOR, '-hello'], 2, 'Put -- before a text that begins with a dash.'],
  ])('%j says what is wrong, and sends nothing', async (words, exit, says) => {
    const { code, out, err } = await cli(...words)
    expect([code, out]).toEqual([exit, ''])
    expect(err).toContain(says)
  })
})

it.skipIf(process.platform !== 'linux')(
  'a file that fails at its first byte is named, and not sent',
  async () => {
    const asked: unknown[] = []
    const server = await play(
      (request, answer) => {
        asked.push(request.url)
        answer.end()
      },
      { isOurs: true },
    )
    const { code, out, err } = await ended(['send', NOOR, '--file', '/proc/self/mem', '--url', server.url])
    server.close()
    expect({ code, out, err, asked }).toEqual({
      code: 2,
      out: '',
      err: '/proc/self/mem cannot be read (EIO).\nName a file with --file FILE; - reads standard input.\n',
      asked: [],
    })
  },
)

/** A way to the server that can be cut, and that lets nothing through meanwhile. */
async function openWay(url: string) {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const onward = connect(Number(port), hostname)
    for (const socket of [client, onward]) {
      open.add(socket)
      socket
        .on('error', () => {})
        .once('close', () => {
          client.destroy()
          onward.destroy()
        })
    }
    client.pipe(onward).pipe(client)
  })
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      isCut = true
      for (const socket of open) socket.destroy()
    },
    mend: () => {
      isCut = false
    },
    close: () => server.close(),
  }
}

describe('webhooks', () => {
  it('create, list, change, pause, resume, rotate, test and delete a webhook', async () => {
    expect((await cli('webhooks', 'list')).out).toBe('There are no webhooks.\n')
    const file = join(temp(), 'webhook.secret')
    const url = 'https://receiver.example/hook'
    const created = await cli('webhooks', 'create', url, '--kinds', 'message.received', '--out', file)
    expect([created.code, created.out]).toEqual([0, ''])
    expect(created.err).toMatch(/^wh_\w+\n {4}https:\S+\n {4}kinds message\.received\nThe secret is in /)
    const secret = readFileSync(file, 'utf8')
    expect(secret).toMatch(/^whsec_\S+\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const [id = ''] = created.err.split('\n')
    expect((await cli('webhooks', 'pause', id)).out).toContain(`${id}  paused (owner)\n`)
    expect((await cli('webhooks', 'change', id, '--kinds', 'null', '--from-me', 'false')).out).toBe(
      `${id}  paused (owner)\n    ${url}\n    messages of others\n`,
    )
    expect((await cli('webhooks', 'list', '--account', 'default')).out).toContain(id)
    expect((await cli('webhooks', 'list', '--account', 'work')).out).toBe('There are no webhooks.\n')
    const rotated = await cli('webhooks', 'rotate', id, '--out', file, '--overlap-s', '0')
    expect([rotated.code, rotated.out]).toEqual([0, ''])
    expect(readFileSync(file, 'utf8')).not.toBe(secret)
    expect((await cli('webhooks', 'test', id)).out).toMatch(/^Not delivered in \d+ ms: \w+\.\n$/)
    expect((await cli('webhooks', 'deliveries', id, '--state', 'dead')).out).toBe('There are none.\n')
    expect((await cli('webhooks', 'replay', id, '--after', '0', '--json')).out).toContain(id)
    expect((await cli('webhooks', 'resume', id)).out).toMatch(new RegExp(`^${id}\\n`))
    const asked = await cli('webhooks', 'delete', id)
    expect([asked.code, asked.err]).toEqual([
      2,
      expect.stringMatching(`webhooks -- delete --url \\S+ ${id} --yes`),
    ])
    expect((await cli('webhooks', 'delete', id, '--yes')).code).toBe(0)
    expect((await cli('webhooks', 'list')).out).toBe('There are no webhooks.\n')
  })

  it.each([
    [['webhooks', 'create', 'http://127.0.0.1:1/x'], 1, 'webhook_url_forbidden'],
    [['webhooks', 'replay', 'wh_none'], 1, 'exactly one of'],
    [['webhooks', 'retry', 'wh_none', 'x'], 1, 'webhook_not_found'],
    [['webhooks', 'test'], 2, 'webhooks test requires ID'],
  ])('%j says what is wrong', async (words, exit, says) => {
    const { code, out, err } = await cli(...words)
    expect([code, out]).toEqual([exit, ''])
    expect(err).toContain(says)
  })
})

describe('rules', () => {
  it('list says that they are off', async () => {
    expect(await cli('rules', 'list')).toMatchObject({
      code: 0,
      out: 'Rules are off. To use them, set WHATSAPP_RULES=true.\n',
    })
  })

  it('check reads a file without a server, and names the line of the first error', async () => {
    const file = join(temp(), 'rules.yaml')
    const check = (...more: string[]) => ended(['rules', 'check', file, ...more])
    expect(await check()).toMatchObject({ code: 1, out: '', err: `${file}: There is no such file.\n` })
    const secret = `whsec_${Buffer.alloc(24).toString('base64')}`
    const lines = [
      'rules:',
      '  - name: hook',
      '    kinds: [message.received]',
      '    webhook: https://receiver.example/',
    ]
    writeFileSync(file, [...lines, `    secret: ${secret}`, ''].join('\n'), { mode: 0o600 })
    expect(await check()).toMatchObject({
      code: 0,
      out: `hook\n    webhook\n    kinds message.received\n${file} has 1 rule and no error.\n`,
    })
    const { out } = await check('--json')
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      problem: null,
      rules: [{ name: 'hook', does: 'webhook' }],
    })
    expect(out).not.toContain('whsec')
    writeFileSync(file, [...lines, '    secret: x', ''].join('\n'))
    expect(await check()).toMatchObject({
      code: 1,
      err: `${file}, line 5: "secret": must be "whsec_" and the Base64 of 24 to 64 bytes.\n`,
    })
  })
})

describe('watch', () => {
  it('prints events as they happen, and misses none while the connection is lost', async () => {
    const way = await openWay(sandbox().url)
    const watching = run(['watch', '--json', '--kinds', 'message.received', '--url', way.url])
    // The position is known: what arrives from now on is shown.
    await expect.poll(() => watching.err, { timeout: 60_000 }).toContain('Watching.')
    await received('seen at once')
    await expect.poll(() => watching.out, { timeout: 60_000 }).toContain('seen at once')
    way.cut()
    await expect
      .poll(() => watching.err, { timeout: 60_000 })
      .toContain('The connection was lost. Reconnecting.\n')
    await received('written meanwhile')
    way.mend()
    await expect.poll(() => watching.out, { timeout: 60_000 }).toContain('written meanwhile')
    expect(watching.err).toContain('Connected again.\n')
    watching.child.kill('SIGINT')
    await watching.exited
    way.close()
    const events = watching.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.map(({ message }) => message.body)).toEqual(['seen at once', 'written meanwhile'])

    const again = run(['watch', '--after', events[0].cursor, '--url', sandbox().url])
    await expect
      .poll(() => again.out, { timeout: 60_000 })
      .toMatch(/^\S+ \S+ {2}message\.received in Noor Haddad\n {2}\S+ \S+ {2}Noor.*: written meanwhile\n/m)
    again.child.kill('SIGINT')
    await again.exited
  })

  it.each([
    [['watch', '--after', 'nonsense'], 1, '"after" is not a cursor'],
    [['watch', '--kinds', 'message.lost'], 1, '--kinds'],
  ])('%j ends at once', async (words, exit, says) => {
    const { code, out, err } = await cli(...words)
    expect([code, out]).toEqual([exit, ''])
    expect(err).toContain(says)
  })
})
