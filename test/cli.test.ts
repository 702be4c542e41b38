/** The program as people run it: the built command in a process of its own, with signals, kills and exit codes. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { WorldMessage, WorldState } from '../simulator/simulator.ts'
import { SETTINGS } from '../src/config.ts'
import type { Status } from '../src/model/status.ts'
import { browserProcesses } from './browser-processes.ts'
import {
  call,
  ended,
  endPrograms,
  link,
  openSandbox,
  type Program,
  play,
  run,
  statusOf,
  stop,
  temp,
  until,
} from './program.ts'

afterEach(endPrograms)

/** Also where the process has ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It is gone.
  }
}

/**
 * Helpers that did not end in time were killed just now, and on a loaded machine are still ending. One that was left alone would live
 * longer: its pipe closes, and it ends within 2.5 s.
 */
const expectNoBrowser = (dir: string) =>
  expect.poll(() => browserProcesses(dir), { timeout: 1_000, interval: 10 }).toEqual([])

const statesOf = ({ err }: Program) => [...err.matchAll(/"state":"(\w+)"/g)].map((match) => match[1])

describe('sandbox', () => {
  it('links, sends, receives, stops, and is ready again without a QR', async () => {
    const elsewhere = join(temp(), 'not-this-one')
    const places = { WHATSAPP_AUTH_DIR: elsewhere, WHATSAPP_MCP_PORT: '1', WHATSAPP_MCP_HOST: '0.0.0.0' }
    const env = { ...places, WHATSAPP_RULES: 'true' }
    const first = await openSandbox(undefined, [], env)
    expect((await call<Status>(`${first.url}/api/auth/start`, {})).state).toBe('qr')
    expect(await (await fetch(`${first.url}/qr`)).text()).toContain('<img src="data:image/png')
    await call(`${first.phone}/control/scan`, {})
    await until(first, 'ready')

    const { contacts, account } = await call<WorldState>(`${first.phone}/control/state`)
    const phone = contacts[0]?.phone ?? ''
    expect((await statusOf(first)).account).toMatchObject({ wid: `${account.phone}@c.us` })
    const sent = await call(`${first.url}/api/send`, {
      phone_number: phone,
      message: 'from the command line',
    })
    expect(sent).toMatchObject({ ok: true, to: phone })
    const messages = await call<WorldMessage[]>(`${first.phone}/control/messages`)
    expect(messages.filter(({ body }) => body === 'from the command line')).toHaveLength(1)

    await call(`${first.phone}/control/write`, { from: phone, text: 'to the log' })
    await expect.poll(() => first.err).toContain('message.received')
    expect(first.err).not.toContain('to the log')
    const unused = 'WHATSAPP_RULES. Give settings as flags: --rules.'
    expect(first.err).toContain(`The sandbox does not use these settings of the environment: ${unused}\n`)
    expect(await stop(first)).toBe(0)
    await expectNoBrowser(first.dir)

    const second = await openSandbox(first.dir)
    await until(second, 'ready')
    // The log comes by another way than the answer.
    await expect.poll(() => statesOf(second)).toEqual(['starting', 'authenticated', 'ready'])
    expect(await stop(second)).toBe(0)
    expect(existsSync(elsewhere)).toBe(false)
  })

  it('takes settings as flags, also those that close the server to everybody', async () => {
    const flags = ['--linked', '--require-key', '--read-only', '--rules', '--sends', 'off']
    const sandbox = await openSandbox(undefined, flags)
    await expect.poll(() => sandbox.out, { timeout: 60_000 }).toContain('linked as')
    expect((await fetch(`${sandbox.url}/api/status`)).status).toBe(401)
    expect(await stop(sandbox)).toBe(0)
  })

  it('says what it takes, and what is wrong', async () => {
    const help = run(['sandbox', '--help'])
    expect(await help.exited).toBe(0)
    expect(help.out).toContain('--build NAME')
    for (const args of [
      ['--build', 'nope'],
      ['--pace', 'fast'],
      ['--wat'],
      ['--port', '99999'],
      ['--phone-port', 'x'],
    ]) {
      const wrong = run(['sandbox', '--dir', temp(), ...args])
      expect(await wrong.exited, args.join(' ')).toBe(2)
      expect(wrong.err).toContain('--help')
      expect(wrong.err).not.toContain('    at ')
    }
  })
})

describe('a checkout', () => {
  it.each(['rules', 'completion'])('has the command %s of the server', async (name) => {
    const help = run([name, '--help'], { main: resolve('scripts/bootstrap.mjs') })
    expect(await help.exited, help.err).toBe(0)
    expect(help.out).toContain(name)
  })
})

describe('the start', () => {
  it('loads no package that it needs only later', async () => {
    const dir = temp()
    const [preload, list] = [join(dir, 'preload.cjs'), join(dir, 'loaded.json')]
    const recording = `const { Server } = require('node:net')
const { listen } = Server.prototype
Server.prototype.listen = function (...args) {
  const loaded = [...Object.keys(require.cache), ...process.moduleLoadList]
  require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify(loaded))
  return listen.apply(this, args)
}`
    writeFileSync(preload, recording)
    const args = ['serve', '--port', '0', '--auth-dir', join(dir, 'auth')]
    const server = run(args, { node: ['--require', preload], env: { LOADED: list } })
    await expect.poll(() => server.out, { timeout: 60_000 }).toContain('/docs')
    const loaded: string[] = JSON.parse(readFileSync(list, 'utf8'))
    const has = (name: string) => loaded.some((one) => one.includes(name))
    expect(has('/node_modules/libsql/')).toBe(true)
    // Bundled: their hundreds of files take a fifth of the start.
    for (const name of ['fastify', 'pino', 'semver']) expect(has(`/node_modules/${name}/`), name).toBe(false)
    // Schema compilers, pictures, and `fetch` of Node: together a fourth of the start.
    const later = ['ajv', 'fast-json-stringify-compiler', 'qrcode', 'pngjs', 'prom-client', 'jose', 'undici']
    for (const name of later) expect(has(`/${name}`), name).toBe(false)
    expect(await stop(server)).toBe(0)
  })
})

describe('the greeting', () => {
  it('of a server has its addresses and the next step, which work', async () => {
    const server = run(['serve', '--port', '0', '--auth-dir', temp(), '--log-level', 'silent'])
    await expect.poll(() => server.out, { timeout: 60_000 }).toContain('/docs')
    const url = /http:\/\/[\d.:]+/.exec(server.out)?.[0] ?? ''
    expect(server.out).toBe(`
WhatsApp for your agents: ${url}
  link    open ${url}/qr and press Start, or run: npm run auth -- --url ${url}
  status  ${url}/api/status
  API     ${url}/docs
`)
    const pages = ['/qr', '/api/status', '/docs'].map((path) => fetch(url + path))
    expect((await Promise.all(pages)).map(({ status }) => status)).toEqual([200, 200, 200])
    const qr = await (await fetch(`${url}/qr`, { headers: { accept: 'text/html' } })).text()
    expect(qr).toMatch(/<button[^>]*>\s*Start\s*</)
    expect(await stop(server)).toBe(0)
    expect(server.err).toBe('')
  })

  it('of a sandbox says where the phone is, how to link, and how commands find it', async () => {
    const sandbox = await openSandbox()
    const { out, url, phone } = sandbox
    expect(out).toBe(`
Simulated WhatsApp is running. No data leaves this computer.
  phone   ${phone}   (scan the QR code and write as your contacts here)
  link    open ${url}/qr and press Start, or run: npm run auth -- --url ${url}
  status  ${url}/api/status

To use the sandbox with the commands of the documentation, run this in another terminal first:
  export WHATSAPP_MCP_URL=${url}
`)
    expect(await (await fetch(phone)).text()).toContain('<html')
    expect(await stop(sandbox)).toBe(0)
  })
})

describe('ending (F17)', () => {
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  it.each(signals)('%s while ready: code 0, no browser, no lock', async (signal) => {
    const sandbox = await openSandbox()
    await link(sandbox)
    expect(await stop(sandbox, signal)).toBe(0)
    await expectNoBrowser(sandbox.dir)
    expect(
      lstatSync(join(sandbox.dir, 'session-default', 'SingletonLock'), { throwIfNoEntry: false }),
    ).toBeUndefined()
    expect(existsSync(join(sandbox.dir, '.whatsapp-mcp-api', 'server.lock'))).toBe(false)
  })

  it.each(['stopped', 'starting', 'qr'])('SIGTERM while %s', async (state) => {
    const sandbox = await openSandbox()
    const started = state === 'stopped' ? null : call(`${sandbox.url}/api/auth/start`, {}).catch(() => null)
    if (state === 'qr') await started
    if (state === 'starting')
      await expect.poll(() => browserProcesses(sandbox.dir).length, { interval: 5 }).toBeGreaterThan(0)
    expect(await stop(sandbox, 'SIGTERM')).toBe(0)
    await expectNoBrowser(sandbox.dir)
    await started
  })

  it('a second signal ends it at once, whatever the browser does', async () => {
    const sandbox = await openSandbox()
    await link(sandbox)
    const hung = browserProcesses(sandbox.dir)
    for (const { pid } of hung) signal(pid, 'SIGSTOP')
    sandbox.child.kill('SIGINT')
    await expect.poll(() => sandbox.err).toContain('"stopping"')
    const askedAt = Date.now()
    expect(await stop(sandbox, 'SIGINT')).toBe(1)
    // A browser that hangs is waited for, for 10 s.
    expect(Date.now() - askedAt).toBeLessThan(5_000)
    for (const { pid } of hung) signal(pid, 'SIGKILL')
  })

  it('continues when its output is closed, and still ends at a signal', async () => {
    const sandbox = await openSandbox()
    sandbox.child.stdout?.destroy()
    sandbox.child.stderr?.destroy()
    await call(`${sandbox.url}/api/auth/start`, {})
    expect((await statusOf(sandbox)).state).toBe('qr')
    expect(await stop(sandbox, 'SIGTERM')).toBe(0)
  })

  it('kill -9 leaves no browser, and the next start is ready without a QR (F3)', async () => {
    const first = await openSandbox()
    await link(first)
    // A clean stop writes the link to disk, as ten seconds would (F14).
    await stop(first)
    const second = await openSandbox(first.dir)
    await until(second, 'ready')
    expect(browserProcesses(first.dir).length).toBeGreaterThan(0)
    await stop(second, 'SIGKILL')
    const third = await openSandbox(first.dir)
    await until(third, 'ready')
    expect(statesOf(third)).not.toContain('qr')
    expect(await stop(third)).toBe(0)
    await expectNoBrowser(first.dir)
  })
})

describe('stop', () => {
  const stopIn = (dir: string) => ended(['stop', '--auth-dir', dir, '--json'])

  it('ends the server of a directory, with its browser, and says when there is none', async () => {
    const sandbox = await openSandbox()
    await call(`${sandbox.url}/api/auth/start`, {})
    const linkTo = join(temp(), 'link')
    symlinkSync(sandbox.dir, linkTo)
    const { code, out } = await stopIn(linkTo)
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { ok: true, stopped: true, auth_dir: linkTo, pid: sandbox.child.pid },
    ])
    expect(await sandbox.exited).toBe(0)
    await expectNoBrowser(sandbox.dir)
    expect(
      readdirSync(join(sandbox.dir, '.whatsapp-mcp-api')).filter((name) => /lock|address/.test(name)),
    ).toEqual([])
    const again = await stopIn(sandbox.dir)
    expect([again.code, JSON.parse(again.out)]).toEqual([
      0,
      { ok: true, stopped: false, auth_dir: sandbox.dir },
    ])
    expect((await ended(['stop', '--auth-dir', temp()])).out).toMatch(/^No server uses \S+\.\n$/)
  })

  it.skipIf(process.platform !== 'linux')(
    'signals no process that does not answer as the server of the directory',
    async () => {
      const own = join(temp(), '.whatsapp-mcp-api')
      const dir = dirname(own)
      mkdirSync(own)
      const other = run(['-e', 'setInterval(() => {}, 1000)'], {}, process.execPath)
      const { pid = 0 } = other.child
      const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]
      writeFileSync(join(own, 'server.lock'), JSON.stringify({ pid, started, host: hostname() }))
      const silent = await stopIn(dir)
      expect([silent.code, silent.err]).toEqual([1, expect.stringContaining(`Process ${pid} uses ${dir}`)])
      // A server of ours, of another directory.
      const elsewhere = await openSandbox()
      writeFileSync(join(own, 'address.json'), JSON.stringify({ pid, url: elsewhere.url }))
      expect((await stopIn(dir)).code).toBe(1)
      expect((await statusOf(elsewhere)).state).toBe('stopped')
      expect(other.child.exitCode).toBeNull()
      await stop(elsewhere)
    },
  )
})

describe('a start that cannot be', () => {
  it('on a directory in use names the other server, which goes on (F5)', async () => {
    const first = await openSandbox()
    // How long a program takes here that ends at once.
    const begunAt = Date.now()
    expect(await run(['serve', '--help']).exited).toBe(0)
    const startMs = Date.now() - begunAt
    const startedAt = Date.now()
    const second = run(['serve'], { env: { WHATSAPP_AUTH_DIR: first.dir, WHATSAPP_MCP_PORT: '0' } })
    expect(await second.exited).toBe(3)
    // Where nobody answers, it waits for 5 s.
    expect(Date.now() - startedAt - startMs).toBeLessThan(5_000)
    expect(second.err).toContain(`process ${first.child.pid}`)
    // It can be used, or stopped.
    expect(second.err).toContain(`${first.url}/qr`)
    expect(second.err).toContain(`npm run stop -- --auth-dir ${first.dir}\n`)

    const verify = await ended(['archive', 'verify', '--auth-dir', first.dir])
    expect([verify.code, verify.err]).toEqual([
      3,
      `Another process (process ${first.child.pid}) uses ${first.dir} already.\nStop the server first ("npm run stop" with the same settings), then run this again.\n`,
    ])

    const { port } = new URL(first.url)
    const phonePort = new URL(first.phone).port
    for (const args of [
      ['--dir', first.dir],
      ['--dir', temp(), '--port', port, '--phone-port', phonePort],
    ]) {
      const sandbox = run(['sandbox', ...args])
      expect(await sandbox.exited).toBe(3)
      expect(sandbox.err).toContain(`A sandbox already runs (process ${first.child.pid}) in ${first.dir}.`)
      for (const link of [`server  ${first.url}\n`, `phone   ${first.phone}\n`, '--phone-port'])
        expect(sandbox.err).toContain(link)
      expect(sandbox.err).not.toContain('WHATSAPP_')
    }
    const beside = run(['sandbox', '--dir', temp(), '--port', port, '--phone-port', '0'])
    expect(await beside.exited).toBe(4)
    expect(beside.err).toContain('choose another port in --port.')
    expect((await statusOf(first)).state).toBe('stopped')
    await stop(first)
  })

  it('on a taken port says so', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => blocker.once('listening', done))
    const { port } = blocker.address() as { port: number }
    const program = run(['serve'], { env: { WHATSAPP_AUTH_DIR: temp(), WHATSAPP_MCP_PORT: String(port) } })
    // One that never says anything is waited for, for 5 s.
    expect(await program.exited).toBe(4)
    expect(program.err).toContain(`Port ${port} is in use by another program. `)
    expect(program.err).toContain('WHATSAPP_MCP_PORT')
    blocker.close()
  })

  it.each([
    [
      { name: 'whatsapp-mcp-api', status: { auth_dir: '/home/me/\u001b[2Jsession' } },
      /: a whatsapp-mcp-api server already runs there, with the session in \/home\/me\/\S*session\. /,
    ],
    [{ name: 'whatsapp-mcp-api', status: {} }, /: a whatsapp-mcp-api server already runs there\. /],
    [{ name: 'another', status: {} }, / by another program\. /],
  ])('on a port where %j answers says so', async (card, says) => {
    const other = await play((_, answer) => void answer.end(JSON.stringify(card)), { isOurs: false })
    const env = { WHATSAPP_AUTH_DIR: temp(), WHATSAPP_MCP_PORT: other.port }
    const { code, err } = await ended(['serve'], { env })
    other.close()
    expect(code).toBe(4)
    const [line = ''] = err.split('\n').filter((one) => one.startsWith('Port '))
    expect(line).toMatch(new RegExp(`^Port ${other.port} is in use${says.source}`))
    expect(line).not.toContain('\u001b')
  })

  it.each([
    [{ WHATSAPP_MCP_PORT: 'many' }, 2, 'The value of WHATSAPP_MCP_PORT is not allowed'],
    [{ WHATSAPP_MCP_HOST: '0.0.0.0' }, 2, 'loopback'],
    [{ WHATSAPP_MCP_HOST: '127.0.0.300' }, 2, 'an IP address'],
    [{ WHATSAPP_CHROME_EXECUTABLE: '/nowhere/chrome' }, 5, '/nowhere/chrome'],
  ])('with %j ends with code %i and a sentence', async (env, code, text) => {
    const program = run(['serve'], { env: { WHATSAPP_AUTH_DIR: temp(), ...env } })
    expect(await program.exited).toBe(code)
    expect(program.err).toContain(text)
    expect(program.err).not.toContain('    at ')
  })

  it.skipIf(process.platform !== 'linux').each([
    ['serve', '--auth-dir', '/proc/x'],
    ['archive', 'import', 'FILE', '--auth-dir', '/proc/x'],
    ['sandbox', '--port', '0', '--phone-port', '0', '--dir', '/proc/x'],
  ])('%s %s … on a directory that cannot be made ends with code 3 and a sentence', async (...args) => {
    const file = join(temp(), 'archive.jsonl')
    writeFileSync(file, '')
    const program = run(
      args.map((arg) => (arg === 'FILE' ? file : arg)),
      { env: { WHATSAPP_MCP_PORT: '0' } },
    )
    expect(await program.exited).toBe(3)
    expect(program.err).toMatch(/The directory \/proc\/x\S* cannot be used: (ENOENT|EACCES)/)
    expect(program.err).not.toContain('    at ')
  })

  it('with a wrong flag ends with one line that names it', async () => {
    const wrong = run(['serve', '--port', 'many'], { env: { WHATSAPP_MCP_PORT: '0' } })
    expect(await wrong.exited).toBe(2)
    expect(wrong.err).toBe(
      'The value of --port is not allowed. Allowed: a whole number from 0 to 65535. See npm start -- --help.\n',
    )
  })

  it('reads .env in the working directory; the environment wins, and a flag wins over that', async () => {
    const cwd = temp()
    writeFileSync(join(cwd, '.env'), 'WHATSAPP_MCP_PORT=many\n')
    const wrong = run(['serve'], { cwd, env: { WHATSAPP_AUTH_DIR: temp() } })
    expect(await wrong.exited).toBe(2)
    const dir = temp()
    const env = { WHATSAPP_AUTH_DIR: temp(), WHATSAPP_MCP_PORT: 'more' }
    const flagged = run(['--port=0', '--auth-dir', dir, '--log-level', 'silent'], { cwd, env })
    await expect.poll(() => flagged.out, { timeout: 60_000 }).toContain('/api/status')
    expect(existsSync(join(dir, '.whatsapp-mcp-api', 'server.lock'))).toBe(true)
    expect(await stop(flagged)).toBe(0)
    expect(flagged.err).toBe('')
    const right = run(['serve'], { cwd, env: { WHATSAPP_AUTH_DIR: temp(), WHATSAPP_MCP_PORT: '0' } })
    await expect.poll(() => right.out, { timeout: 60_000 }).toContain('/api/status')
    expect(await stop(right)).toBe(0)
  })
})

describe('help', () => {
  it.each([['--help'], ['-h'], ['help']])('%s', async (arg) => {
    const program = run([arg])
    expect(await program.exited).toBe(0)
    expect(program.out).toContain('sandbox')
  })

  it('is what an unknown command gets', async () => {
    const program = run(['dance'])
    expect(await program.exited).toBe(2)
    expect(program.err).toContain('The command "dance" does not exist')
  })

  it('lists every setting', async () => {
    const program = run(['serve', '--help'])
    expect(await program.exited).toBe(0)
    for (const [name, { flag }] of Object.entries(SETTINGS)) {
      expect(program.out).toContain(name)
      if (flag !== null) expect(program.out).toContain(flag)
    }
  })
})
