/** Export over HTTP and by command, and what it takes to read it back: all of the file or nothing. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { identifyCallers } from '../src/faces/http/calls.ts'
import { serveFile } from '../src/faces/http/file.ts'
import { openUploads } from '../src/files/uploads.ts'
import { createLog } from '../src/log.ts'
import { createAuditLog } from '../src/operations/audit-log.ts'
import { DEFAULT_ACCOUNT, OWNER } from '../src/operations/call.ts'
import { createDoor } from '../src/operations/door.ts'
import { exportArchive } from '../src/operations/export.ts'
import { createMediaLinks } from '../src/operations/media-links.ts'
import type { Archive } from '../src/session/archive.ts'
import { createExporter } from '../src/store/exporter.ts'
import { openStore } from '../src/store/store.ts'
import { readArchive } from './archive-rows.ts'
import { type Harness, openHarness } from './harness.ts'
import { ended, endPrograms, play, run, stop, temp } from './program.ts'
import { createTestClock } from './test-clock.ts'

const AMARA = '15550001101'
const OURS = { isOurs: true }
const END = '{"line":"end","messages":1}\n'

let harness: Harness
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wma-export-'))
  harness = await openHarness()
})
afterAll(async () => {
  await harness.close()
  await endPrograms()
  rmSync(dir, { recursive: true, force: true })
})

// Polls, which only a test may do; the others go on from here.
it('there is something to export once an account is linked', async () => {
  expect((await harness.get('/api/export')).json).toMatchObject({ code: 'not_linked' })
  await harness.link()
  for (const text of ['first', 'second\nline', '你好 👋 \u202e'])
    await harness.world.write({ from: AMARA, text })
  await harness.synced()
})

const archive = () => harness.app.session.status().archive
const cli = (...args: string[]) => ended(['archive', ...args])
const linesOf = (text: string) => text.trimEnd().split('\n')
const withoutTime = (text: string) => text.replace(/"exported_at":"[^"]*"/, '')

describe('GET /api/export', () => {
  it('shows the marks in names that turn the direction of writing', async () => {
    const { phone } = await harness.world.addContact({
      phone: '15550001190',
      pushname: 'A\u200eB\u200fC\u202eD',
    })
    await harness.world.write({ from: '15550001190', text: 'a\u200e\u200f\u202e' })
    const path = `/api/export?chat_id=${phone}&format=text`
    const exported = async () => (await harness.get(path)).text
    // The chat is there before its message, which may precede the name of its sender.
    await expect.poll(exported).toMatch(/ A\\u200eB\\u200fC\\u202eD: a\\u200e\\u200f\\u202e$/m)
    await expect.poll(exported).toContain('chat: A\\u200eB\\u200fC\\u202eD (')
    const text = await exported()
    expect(text).not.toMatch(/[\u200e\u200f\u202e]/)
  })

  it('contains everything, one line each, and an end line', async () => {
    const { status, headers, text } = await harness.get('/api/export')
    const messages = archive()?.messages ?? 0
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'application/jsonl; charset=utf-8',
      'x-total-messages': String(messages),
      'cache-control': 'no-store',
      'content-disposition': expect.stringMatching(
        /^attachment; filename="whatsapp-\d{4}-\d\d-\d\d\.jsonl"$/,
      ),
    })
    const lines = linesOf(text).map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({
      line: 'archive',
      format: 'whatsapp-mcp-api archive',
      version: 2,
      account: `${harness.world.state().account.phone}@c.us`,
      messages,
    })
    expect(lines.at(-1)).toEqual({ line: 'end', messages })
    const exported = lines.filter(({ line }) => line === 'message')
    expect(exported.map(({ bare_id }) => bare_id).sort()).toEqual(
      harness.world
        .messages()
        .map(({ id }) => id)
        .sort(),
    )
    expect(text).not.toContain('\u202e')
  })

  it('contains one chat as text', async () => {
    const { headers, text } = await harness.get(`/api/export?chat_id=${AMARA}&format=text`)
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    // In the zone of this computer, whichever that is.
    const [, time = '', offset = ''] = /^(\d{4}-\d\d-\d\d [\d:]{8}) ([+-]\d\d:\d\d) /m.exec(text) ?? []
    const { json } = await harness.get(`/api/messages?chat_id=${AMARA}&limit=100`)
    const times = json.messages.map(({ timestamp }: { timestamp: number }) => timestamp)
    expect(times).toContain(Date.parse(`${time.replace(' ', 'T')}${offset}`) / 1_000)
    expect(new Date(time.replace(' ', 'T')).getTime()).toBe(Date.parse(`${time.replace(' ', 'T')}${offset}`))
    const lines = linesOf(text)
    expect(lines[0]).toContain(`(${AMARA}@c.us)`)
    const at = lines.findIndex((line) => line.endsWith(': second'))
    expect(
      lines.slice(at - 1, at + 3).map((line) => line.replace(/^20\S+ [\d:]{8} [+-]\d\d:\d\d [^:]+: /, '')),
    ).toEqual(['first', 'second', '    line', '你好 👋 \\u202e'])
  })

  it.each([
    ['format=csv', 400, 'invalid_input'],
    ['chat=1', 400, 'invalid_input'],
    ['chat_id=nonsense', 400, 'invalid_input'],
    ['chat_id=15559998877', 404, 'chat_not_found'],
  ])('refuses %s', async (query, status, code) => {
    const answer = await harness.get(`/api/export?${query}`)
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  it('waits for a slow reader, and serves other clients in the meantime', async () => {
    for (let n = 0; n < 60; n += 1)
      await harness.world.write({ from: AMARA, text: `${n} ${'x'.repeat(60_000)}` })
    await expect.poll(() => archive()?.messages).toBe(harness.world.messages().length)
    // A connection of its own, as readArchive opens it.
    const { db } = openStore(archive()?.file ?? '')
    let pulled = 0
    async function* counted(pieces: Iterable<string>) {
      for (const piece of pieces) {
        pulled += piece.length
        yield piece
      }
    }
    const exporter = createExporter(db, systemClock)
    const server = fastify()
    identifyCallers(server, () => OWNER)
    const slow: Archive = {
      ...harness.app.archive,
      async export(chat, format) {
        const { messages, pieces } = exporter.export(chat, format)
        return { messages, pieces: counted(pieces) }
      },
    }
    const { accounts: real, session, control } = harness.app
    const { outbox } = real.get(DEFAULT_ACCOUNT)
    const accounts = { ...real, get: () => ({ id: DEFAULT_ACCOUNT, session, archive: slow, outbox }) }
    const uploads = openUploads({
      dir,
      maxBytes: 1,
      quotaBytes: 1,
      urls: false,
      filesDir: '',
      clock: systemClock,
      log: { warn: () => {} },
    })
    const mediaLinks = createMediaLinks('a secret', systemClock)
    const door = createDoor({
      accounts,
      keys: harness.app.keys,
      webhooks: Object.create(null),
      rules: { file: () => ({ isOn: false, file: '', readAtMs: null, problem: null }), list: async () => [] },
      uploads,
      control,
      mcpSends: 'open',
      hideChats: [],
      audit: createAuditLog({ control: control.audit, days: 1, clock: systemClock, onFailure() {} }),
      pace: { take() {} },
      ownIds: { create: () => '' },
      mediaLinks,
      clock: systemClock,
      mcpUrl: () => '',
      onAdmit: () => {},
    })
    const clock = createTestClock()
    const log = createLog({ level: 'warn', write: () => {} })
    server.get('/api/export', async (request, reply) => {
      await serveFile(exportArchive, request, reply, { door, clock, log })
      return reply
    })
    server.get('/other', () => 'ok')
    // What a socket of this kind holds is a fixed number of bytes; of TCP it grows to megabytes.
    const socketPath = join(dir, 'socket')
    await server.listen({ path: socketPath })
    const get = (path: string) =>
      new Promise<IncomingMessage>((resolve) => request({ socketPath, path }, resolve).end())
    try {
      const answer = await get('/api/export')
      answer.pause()
      for (let n = 0; n < 100; n += 1) {
        const other = await get('/other')
        expect(await other.setEncoding('utf8').toArray()).toEqual(['ok'])
      }
      expect(pulled).toBeGreaterThan(60_000)
      expect(pulled).toBeLessThan(1_000_000)
      const text = (await answer.setEncoding('utf8').toArray()).join('')
      expect(pulled).toBeGreaterThan(60 * 60_000)
      expect(JSON.parse(linesOf(text).at(-1) ?? '')).toMatchObject({ line: 'end' })
      // A reader that takes nothing for a minute is cut off, and nothing is read on for it.
      pulled = 0
      const stalled = await get('/api/export')
      stalled.pause()
      await expect.poll(() => pulled).toBeGreaterThan(60_000)
      clock.advance(61_000)
      expect(await stalled.toArray().catch(({ code }) => code)).toBe('ECONNRESET')
      expect(pulled).toBeLessThan(1_000_000)
    } finally {
      await server.close()
      db.close()
    }
  })
})

describe('the commands', () => {
  it('export to a file that appears when it is complete, and that only its owner can read', async () => {
    const out = join(dir, 'all.jsonl')
    expect(await cli('export', '--url', harness.url, '--out', out)).toEqual({
      code: 0,
      out: expect.stringMatching(/^Wrote \d+ messages to \S+\.\n$/),
      // After a second it says how far it is.
      err: expect.stringMatching(/^(\d+ of \d+ messages exported\n)*$/),
    })
    expect(withoutTime(readFileSync(out, 'utf8'))).toBe(withoutTime((await harness.get('/api/export')).text))
    if (process.platform !== 'win32') expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['all.jsonl'])
    const printed = await cli('export', '--url', harness.url, '--chat', AMARA, '--format', 'text')
    expect([printed.code, printed.out.split('\n')[0]]).toEqual([0, expect.stringContaining(`${AMARA}@c.us`)])
    const refused = await cli('export', '--url', harness.url, '--chat', '1', '--out', join(dir, 'no'))
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('No chat has the name')])
    expect(existsSync(join(dir, 'no'))).toBe(false)
  })

  it('leave nothing of an export that was cut short', async () => {
    const folder = temp()
    const out = join(folder, 'cut.jsonl')
    // A server that never comes to the end.
    const server = await play((_, answer) => answer.writeHead(200).write('{"line":"archive"}\n'), OURS)
    const cut = async (signal: NodeJS.Signals) => {
      const program = run(['archive', 'export', '--url', server.url, '--out', out])
      const part = `cut.jsonl.${program.child.pid}.part`
      await expect
        .poll(() => statSync(join(folder, part), { throwIfNoEntry: false })?.size, { timeout: 60_000 })
        .toBeGreaterThan(0)
      expect(await stop(program, signal)).toBe(signal)
      return part
    }
    try {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) await cut(signal)
      expect(readdirSync(folder)).toEqual([])
      const left = await cut('SIGKILL')
      expect(readdirSync(folder)).toEqual([left])
      // One that is still being written, by this very process.
      const present = `cut.jsonl.${process.pid}.part`
      writeFileSync(join(folder, present), 'a part')
      expect((await cli('export', '--url', harness.url, '--out', out)).code).toBe(0)
      expect(readdirSync(folder).sort()).toEqual(['cut.jsonl', present])
    } finally {
      server.close()
    }
  })

  it.each([
    ['says nothing', ''],
    ['ends in good order, too early', '{"line":"archive"}\n{"line":"message"}\n'],
    ['ends within its last line', `{"line":"archive"}\n${END.slice(0, -2)}`],
    ['says its last line within another', `{"line":"archive"}\n{"line":"message","body":${END}`],
  ])('take no export for whole that %s', async (_, text) => {
    const folder = temp()
    const out = join(folder, 'cut.jsonl')
    const server = await play((_request, answer) => void answer.end(text), OURS)
    try {
      const toFile = await cli('export', '--url', server.url, '--out', out)
      expect([toFile.code, toFile.out]).toEqual([1, ''])
      expect(toFile.err).toBe(
        `The export from ${server.url} was interrupted (the last line is missing).\nNo file was written. Run the command again.\n`,
      )
      expect(readdirSync(folder)).toEqual([])
      const printed = await cli('export', '--url', server.url)
      expect([printed.code, printed.out]).toEqual([1, text])
      expect(printed.err).toContain('incomplete')
    } finally {
      server.close()
    }
  })

  it('say how far an export is, on standard error, once it takes its time', async () => {
    const line = '{"line":"message"}\n'
    const answers: ServerResponse[] = []
    const server = await play((_, answer) => {
      answer.writeHead(200, { 'x-total-messages': '5000' }).write('{"line":"archive"}\n')
      answers.push(answer)
    }, OURS)
    const program = run(['archive', 'export', '--url', server.url])
    try {
      let sent = 0
      const said = () => {
        for (const answer of answers) answer.write(line)
        sent += answers.length
        return program.err
      }
      // A loaded machine may hear of two seconds at once, or of one in which nothing came.
      await expect.poll(said, { timeout: 60_000 }).toMatch(/^[1-9]\d* of 5000 /m)
      expect(program.err).toMatch(/^(\d+ of 5000 messages exported\n)+$/)
      for (const [count] of program.err.matchAll(/^\d+/gm)) expect(Number(count)).toBeLessThanOrEqual(sent)
      for (const answer of answers) answer.end(END)
      expect(await program.exited).toBe(0)
      expect(program.out).toBe(`{"line":"archive"}\n${line.repeat(sent)}${END}`)
    } finally {
      server.close()
    }
  })

  it('import into another directory, where it reads as before; a running server is an error', async () => {
    const out = join(dir, 'move.jsonl')
    await cli('export', '--url', harness.url, '--out', out)
    const busy = await cli('import', out, '--auth-dir', harness.authDir)
    expect([busy.code, busy.err]).toEqual([3, expect.stringContaining('Stop the server first')])
    const target = join(dir, 'target')
    const { code, out: said } = await cli('import', out, '--auth-dir', target, '--json')
    expect(code).toBe(0)
    const { file, messages } = JSON.parse(said)
    expect(messages).toBe(archive()?.messages)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await cli('verify', '--auth-dir', target)).toMatchObject({ code: 0, err: '' })

    const moved = await openHarness({ authDir: target, simulator: harness.simulator })
    try {
      expect(withoutTime((await moved.get('/api/export')).text)).toBe(withoutTime(readFileSync(out, 'utf8')))
      const path = `/api/messages?phone_number=${AMARA}&limit=20`
      expect((await moved.get(path)).json.messages).toEqual((await harness.get(path)).json.messages)
    } finally {
      await moved.close()
    }
  })

  it('a wrong file is refused with its line, a second import with the reason', async () => {
    const out = join(dir, 'twice.jsonl')
    await cli('export', '--url', harness.url, '--out', out)
    const target = join(dir, 'twice')
    const broken = join(dir, 'broken.jsonl')
    writeFileSync(broken, readFileSync(out, 'utf8').replace('"line":"message"', '"line":"massage"'))
    const n = linesOf(readFileSync(broken, 'utf8')).findIndex((line) => line.includes('massage')) + 1
    const refused = await cli('import', broken, '--auth-dir', target)
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^Line ${n}: .*\\(invalid_line\\)\\n`)),
    ])
    expect((await cli('import', out, '--auth-dir', target)).code).toBe(0)
    const again = await cli('import', out, '--auth-dir', target)
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('archive_not_empty')])
    expect((await cli('import', join(dir, 'nothing'), '--auth-dir', target)).code).toBe(2)
  })

  it('verify names what is wrong', async () => {
    const out = join(dir, 'flawed.jsonl')
    await cli('export', '--url', harness.url, '--out', out)
    const target = join(dir, 'flawed')
    const { file } = JSON.parse((await cli('import', out, '--auth-dir', target, '--json')).out)
    readArchive(file, ({ db }) => {
      db.exec('UPDATE chats SET last_message = 5 WHERE id = (SELECT min(id) FROM chats)')
      db.exec("INSERT INTO reactions VALUES (77, 0, 'x', 1)")
    })
    const { code, out: said } = await cli('verify', '--auth-dir', target, '--json')
    expect([code, JSON.parse(said).flaws.map(({ check }: { check: string }) => check)]).toEqual([
      1,
      ['last messages', 'reactions'],
    ])
    // Standard output lists each flaw once; standard error has the next step only.
    const { out: flaws, err: next } = await cli('verify', '--auth-dir', target)
    expect(linesOf(flaws).map((line) => line.split(/ {2,}/)[0])).toEqual(['last messages', 'reactions'])
    expect(linesOf(next)).toEqual([expect.stringContaining('backup')])
    expect((await cli('verify', '--auth-dir', join(dir, 'nobody'))).code).toBe(3)
    expect(existsSync(join(dir, 'nobody'))).toBe(false)
  })

  it('stats are those of the API', async () => {
    const { out } = await cli('stats', '--url', harness.url, '--json')
    const { json } = await harness.get('/api/archive')
    expect(JSON.parse(out)).toEqual(json)
    expect(json).toMatchObject({ ok: true, file: archive()?.file, messages: archive()?.messages })
    const sum = (of: 'messages' | 'chats') =>
      json.by_kind.reduce((total: number, row: Record<string, number>) => total + (row[of] ?? 0), 0)
    expect([sum('messages'), sum('chats')]).toEqual([json.messages, json.chats])
    expect(json.size_bytes).toBeGreaterThan(50_000)
    expect((await cli('stats', '--url', harness.url)).out).toContain(`messages   ${json.messages}\n`)
  })
})
