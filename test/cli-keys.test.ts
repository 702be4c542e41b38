/** Keys on the command line: the commands that manage them, and every client of ours that sends one, as people run them. */
import { once } from 'node:events'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ended, endPrograms, MAIN, type Program, play, quietPort, run, stop, temp } from './program.ts'

const SECRET = 'the-key-of-the-settings-long-enough'

let dir: string
let port: string
let server: Program
let own: string
/** The environment of the server's own settings. */
let settings: Record<string, string>

beforeAll(async () => {
  dir = temp()
  own = join(dir, 'own.key')
  writeFileSync(own, `${SECRET}\n`, { mode: 0o600 })
  port = String(await quietPort())
  settings = {
    WHATSAPP_MCP_PORT: port,
    WHATSAPP_AUTH_DIR: join(dir, 'auth'),
    WHATSAPP_MCP_KEY_FILE: own,
    WHATSAPP_MCP_REQUIRE_KEY: 'true',
  }
  server = run(['serve'], { env: settings, cwd: dir })
  await vi.waitFor(() => expect(server.out + server.err).toContain(`:${port}`), 60_000)
})
afterAll(async () => {
  if (server !== undefined) await stop(server)
  await endPrograms()
})

/** A command with the settings of the server. */
const asOwner = (...args: string[]) => ended(args, { env: settings, cwd: dir })
/** A command that was only told where the server is. */
const asClient = (args: string[], env: Record<string, string> = {}) =>
  ended([...args, '--url', `http://127.0.0.1:${port}`], { env, cwd: dir })

describe('keys', () => {
  it('create, list, change, rotate and revoke a key whose secret is only in its file', async () => {
    const file = join(dir, 'reader.key')
    const created = await asOwner('keys', 'create', 'Reader', '--out', file)
    expect([created.code, created.out]).toEqual([0, ''])
    expect(created.err).toMatch(/^key_[0-9a-f]{12} +Reader, read, never used\nThe secret is in /)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const secret = readFileSync(file, 'utf8').trim()
    expect(secret).toMatch(/^wma_/)
    expect((await asClient(['status', '--key-file', file])).code).toBe(0)

    const { out } = await asOwner('keys', 'list')
    expect(out).toMatch(/^settings .*admin.*\nkey_[0-9a-f]{12} +Reader, read, last used .*\n$/)
    const id = /key_[0-9a-f]{12}/.exec(out)?.[0] ?? ''

    const twice = await asOwner('keys', 'create', 'Reader', '--out', file)
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('exists already')])
    const changed = await asOwner('keys', 'change', id, '--scopes', 'read, send', '--json')
    expect(JSON.parse(changed.out).key.scopes).toEqual(['read', 'send'])
    const nothing = await asOwner('keys', 'change', id)
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('--scopes')])

    const rotated = await asOwner('keys', 'rotate', id, '--out', file)
    expect([rotated.code, rotated.out]).toEqual([0, ''])
    expect(readFileSync(file, 'utf8').trim()).not.toBe(secret)
    expect((await asClient(['status', '--key-file', file])).code).toBe(0)

    const asked = await asOwner('keys', 'revoke', id)
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining(`${id} --yes`)])
    expect(await asOwner('keys', 'revoke', id, '--yes')).toMatchObject({ code: 0, out: 'Revoked.\n' })
    const late = await asClient(['status', '--key-file', file])
    expect([late.code, late.err]).toEqual([1, expect.stringContaining('key_required')])
  })

  it('create prints only the secret, for a pipe', async () => {
    const { code, out } = await asOwner('keys', 'create', 'Piped', '--scopes', 'read,send')
    expect([code, out]).toEqual([0, expect.stringMatching(/^wma_[\w-]{43}\n$/)])
  })

  it('limit the chats of a key and to whom it sends, and take the limits back', async () => {
    const limits = ['--only', '15551234567, 120363000000000001@g.us', '--hide', '15551234568']
    const sends = ['--sends', 'only', '--sends-to', '15551234567']
    const made = await asOwner('keys', 'create', 'Limited', ...limits, ...sends, '--json')
    const { key } = JSON.parse(made.out)
    const chats = { only: ['15551234567@c.us', '120363000000000001@g.us'], hide: ['15551234568@c.us'] }
    expect(key).toMatchObject({ chats, sends: { policy: 'only', chats: ['15551234567@c.us'] } })
    expect(made.err).toContain('sends only 15551234567@c.us')
    const changed = await asOwner('keys', 'change', key.id, '--all-chats', '--sends', 'confirm', '--json')
    expect(JSON.parse(changed.out).key).toMatchObject({
      chats: null,
      sends: { policy: 'confirm', chats: [] },
    })
    await asOwner('keys', 'change', key.id, '--only', '15551234567')
    const merged = await asOwner('keys', 'change', key.id, '--hide', '15551234568', '--json')
    const both = { only: ['15551234567@c.us'], hide: ['15551234568@c.us'] }
    expect(JSON.parse(merged.out).key.chats).toEqual(both)
    const implied = await asOwner('keys', 'change', key.id, '--sends-to', '15551234567', '--json')
    expect(JSON.parse(implied.out).key.sends).toEqual({ policy: 'only', chats: ['15551234567@c.us'] })
    const unclear = await asOwner('keys', 'change', key.id, '--all-chats', '--only', '15551234567')
    expect([unclear.code, unclear.err]).toEqual([2, expect.stringContaining('--all-chats')])
    const wrong = await asOwner('keys', 'change', key.id, '--only', 'nobody at all')
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('--only')])
    const mixed = await asOwner('keys', 'change', key.id, '--sends', 'open', '--sends-to', '15551234567')
    expect([mixed.code, mixed.err]).toEqual([1, expect.stringContaining('--sends')])
  })

  it('names the argument that is wrong, and leaves no file', async () => {
    const file = join(dir, 'never.key')
    const wrong = await asOwner('keys', 'create', 'X', '--scopes', 'everything', '--out', file)
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('--scopes')])
    for (const name of [file, `${file}.new`]) expect(() => statSync(name)).toThrow('ENOENT')
  })

  it('ended by Ctrl-C leave no file', async () => {
    const [file, silent] = [join(dir, 'ended.key'), createServer()]
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const { port } = silent.address() as AddressInfo
    const args = ['keys', 'create', 'X', '--out', file, '--url', `http://127.0.0.1:${port}`]
    const creating = run(args, { env: settings, cwd: dir })
    await vi.waitFor(() => statSync(`${file}.new`), 10_000)
    creating.child.kill('SIGINT')
    expect(await creating.exited).toBe('SIGINT')
    silent.close()
    for (const name of [file, `${file}.new`]) expect(() => statSync(name)).toThrow('ENOENT')
  })
})

describe('audit', () => {
  it('shows who did what, with a line for each call', async () => {
    const { out: made } = await asOwner('keys', 'create', 'Watched', '--json')
    const { key, secret } = JSON.parse(made)
    const file = join(dir, 'watched.key')
    writeFileSync(file, `${secret}\n`, { mode: 0o600 })
    await asClient(['call', 'list_chats', '--key-file', file])
    await asClient(['call', 'add_key', 'name=x', '--scopes', 'read', '--key-file', file])
    const lines = (await asOwner('audit', '--caller', key.id)).out.split('\n')
    const end = `by ${key.id} over rest \\(.+\\)$`
    expect(lines[0]).toMatch(
      new RegExp(`^20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d  add_key, denied, scope_missing, ${end}`),
    )
    expect(lines[1]).toMatch(new RegExp(`^20.{17}  list_chats, not_linked, ${end}`))
    const asked = await asOwner('audit', '--decision', 'denied', '--caller', key.id, '--json')
    expect(JSON.parse(asked.out).entries).toHaveLength(1)
    expect((await asOwner('audit', '--caller', 'key_of_nobody')).out).toBe('No call fits.\n')
    expect(await asClient(['audit', '--limit', '1', '--key-file', own])).toMatchObject({ code: 0, err: '' })
    const wrong = await asOwner('audit', '--since', 'some day')
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('--since')])
  })
})

describe('a key', () => {
  it('of the settings is sent to the server of these settings alone', async () => {
    expect((await asOwner('status')).code).toBe(0)
    expect((await asClient(['status'], settings)).err).toContain('key_required')
  })

  it('is never sent before the server said its name, nor to another program', async () => {
    const headers: unknown[] = []
    const other = await play(
      (request, answer) => {
        headers.push(request.headers.authorization)
        answer.end('{"ok":true,"name":"something-else"}')
      },
      { isOurs: false },
    )
    const { code } = await ended(['status', '--url', other.url, '--key-file', own])
    other.close()
    expect(code).not.toBe(0)
    expect(headers).toEqual([undefined])
  })

  it.each([
    ['--key-file', (file: string): [string[], Record<string, string>] => [['--key-file', file], {}]],
    [
      'WHATSAPP_API_KEY_FILE',
      (file: string): [string[], Record<string, string>] => [[], { WHATSAPP_API_KEY_FILE: file }],
    ],
  ])('is read from the file of %s by every client', async (_, give) => {
    const [args, env] = give(own)
    expect((await asClient(['status', ...args], env)).code).toBe(0)
    const doctor = await asClient(['doctor', '--json', ...args], env)
    expect(doctor.out).not.toContain('requires a key')
    expect(doctor.out).toContain('The server runs at')
    const client = new Client({ name: 'test', version: '1' })
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [MAIN, 'stdio', '--url', `http://127.0.0.1:${port}`, ...args],
        env: { ...(process.env as Record<string, string>), ...env },
      }),
    )
    const result = await client.callTool({ name: 'whatsapp_status', arguments: {} })
    expect(result.isError).not.toBe(true)
    await client.close()
  })

  it('is not read from a `.env` for a server that was named', async () => {
    const folder = temp()
    writeFileSync(join(folder, '.env'), `WHATSAPP_API_KEY_FILE=${own}\nWHATSAPP_MCP_KEY_FILE=${own}\n`)
    const { err } = await ended(['status', '--url', `http://127.0.0.1:${port}`], { cwd: folder })
    expect(err).toContain('key_required')
  })

  it.each([
    ['that does not exist', () => join(dir, 'none.key'), 'cannot be read'],
    ['with two lines', () => written('two.key', `${SECRET}\nmore\n`), 'more than one line'],
    ['that is short', () => written('short.key', 'short\n'), 'fewer than 24 characters'],
  ])('in a file %s is an error with the next step', async (_, file, says) => {
    const { code, err } = await asClient(['status', '--key-file', file()])
    expect([code, err]).toEqual([2, expect.stringContaining(says)])
    expect(err).not.toContain(SECRET)
  })

  it('in a file that others can read is closed to them, but not by doctor', async () => {
    const file = written('open.key', `${SECRET}\n`)
    chmodSync(file, 0o644)
    const doctor = await ended(['doctor', '--port', '0', '--auth-dir', dir, '--key-file', file])
    expect([doctor.err, statSync(file).mode & 0o777]).toEqual(['', 0o644])
    const { code, err } = await asClient(['status', '--key-file', file])
    expect([code, statSync(file).mode & 0o777]).toEqual([0, 0o600])
    expect(err).toContain('its mode is now 600')
  })
})

const written = (name: string, text: string) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 })
  return join(dir, name)
}

it('accounts add prints a next command with the URL and the file of the key', async () => {
  const file = written('the own.key', `${SECRET}\n`)
  const { out, err } = await asClient(['accounts', 'add', 'keyed', '--key-file', file])
  expect([out, err]).toEqual([
    `Added. To link it: npm run auth -- --account keyed --url http://127.0.0.1:${port} --key-file '${file}'\n`,
    '',
  ])
  expect((await asOwner('accounts', 'remove', 'keyed', '--yes')).code).toBe(0)
})

it('mcp-config writes the name of the file, and never a key', async () => {
  const stdio = await ended(
    ['mcp-config', 'cursor', '--url', 'http://127.0.0.1:1', '--key-file', 'own.key'],
    {
      cwd: dir,
    },
  )
  const entry = JSON.parse(stdio.out).mcpServers.whatsapp
  expect(entry.args.slice(-5)).toEqual(['stdio', '--key-file', own, '--url', 'http://127.0.0.1:1'])
  expect(stdio.out).not.toContain(SECRET)
  const http = await ended(['mcp-config', 'cursor', '--transport', 'http', '--key-file', own], { cwd: dir })
  expect([http.code, http.out, http.err]).toEqual([2, '', expect.stringContaining('stdio')])
})

it('stop ends a server that requires a key', async () => {
  expect(await ended(['stop', '--auth-dir', join(dir, 'auth')], { cwd: dir })).toMatchObject({ code: 0 })
  expect(await server.exited).toBe(0)
})
