/** Files as editors, other users and the system leave them where the program reads: the built program, at its start. */
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { EXPORT } from './export-file.ts'
import { ended, endPrograms, installInto, MAIN, run, stop, temp } from './program.ts'

afterAll(endPrograms)

const isRoot = process.getuid?.() === 0
const KEY = 'correct horse battery'

/** A folder with these files; the text of each. */
function folder(files: Record<string, string | Buffer> = {}): string {
  const dir = temp()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}
function fifo(path: string): string {
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  return path
}

describe('.env', () => {
  const READ = /^2 The value of WHATSAPP_MCP_PORT is not allowed/
  /** What the program says where this is the `.env` of the folder that it runs in; a wrong port shows that it was read. */
  async function statusIn(dir: string): Promise<string> {
    const { code, err } = await ended(['status'], { cwd: dir })
    return `${code} ${err}`
  }

  it('with a byte order mark is read from its first variable on', async () => {
    const dir = folder({ '.env': '\ufeffWHATSAPP_MCP_PORT=many\n' })
    expect(await statusIn(dir)).toMatch(READ)
  })

  it('that others can change is refused, with what to do', async () => {
    const dir = folder({ '.env': 'WHATSAPP_MCP_PORT=many\n' })
    for (const mode of [0o666, 0o620]) {
      chmodSync(join(dir, '.env'), mode)
      expect(await statusIn(dir)).toMatch(
        /^2 \.env in the working directory can be changed by other users.*chmod go-w/,
      )
    }
    chmodSync(join(dir, '.env'), 0o644)
    expect(await statusIn(dir)).toMatch(READ)
  })

  // Only root can give files away.
  it.runIf(isRoot)('of another user is refused, a link of theirs too', async () => {
    const theirs = folder({ '.env': 'WHATSAPP_MCP_PORT=many\n' })
    chownSync(join(theirs, '.env'), 12345, 12345)
    const says =
      /^2 \.env in the working directory belongs to another user, so it is not read\. Start in another folder/
    expect(await statusIn(theirs)).toMatch(says)
    const linked = folder({ mine: 'WHATSAPP_MCP_PORT=many\n' })
    symlinkSync('mine', join(linked, '.env'))
    expect(await statusIn(linked)).toMatch(READ)
    expect(spawnSync('chown', ['-h', '12345', join(linked, '.env')]).status).toBe(0)
    expect(await statusIn(linked)).toMatch(says)
  })

  it('that is no file, or no text, is refused at once', async () => {
    const [piped, filled, wide] = [
      folder(),
      folder(),
      folder({ '.env': Buffer.from('\ufeffA=b\n', 'utf16le') }),
    ]
    fifo(join(piped, '.env'))
    mkdirSync(join(filled, '.env'))
    expect(await statusIn(piped)).toMatch(/^2 \.env in the working directory is not a regular file\./)
    expect(await statusIn(filled)).toMatch(/^2 \.env in the working directory is not a regular file\./)
    expect(await statusIn(wide)).toMatch(/^2 \.env in the working directory is not UTF-8 text\./)
  })

  it.each(['serve', 'doctor', 'sandbox', 'archive verify', 'archive import x', 'archive encrypt'])(
    'says nothing of what %s runs, outside the data root',
    async (command) => {
      const dir = folder({ x: EXPORT, '.env': 'WHATSAPP_ARCHIVE_KEY_COMMAND="touch ran"\n' })
      const { code, out, err } = await ended(command.split(' '), { cwd: dir })
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(
        /^\.env in the working directory decides with WHATSAPP_ARCHIVE_KEY_COMMAND which programs run.*Move that line there/,
      )
      expect(readdirSync(dir).sort()).toEqual(['.env', 'x'])
    },
  )

  it('switches no rules on outside the data root, and may leave them off', async () => {
    const of = (value: string) => folder({ '.env': `WHATSAPP_AUTH_DIR=./s\nWHATSAPP_RULES=${value}\n` })
    const { code, err } = await ended(['serve'], { cwd: of('true') })
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('decides with WHATSAPP_RULES which programs run'),
    ])
    const off = await ended(['doctor'], { cwd: of('false') })
    expect(off.err).not.toContain('WHATSAPP_RULES')
  })

  it.each<[string, string[], Record<string, string>]>([
    ['the environment', [], { WHATSAPP_RULES: 'true' }],
    ['a flag', ['--rules'], {}],
  ])('does not choose the rules that %s switches on, outside the data root', async (_, args, env) => {
    for (const value of ['s', '0']) {
      const dir = folder({ '.env': `WHATSAPP_AUTH_DIR=${value}\n` })
      const { code, out, err } = await ended(['serve', '--port', '0', ...args], { cwd: dir, env })
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(
        /^\.env in the working directory decides with WHATSAPP_AUTH_DIR which programs run.*Move that line there/,
      )
      expect(readdirSync(dir)).toEqual(['.env'])
    }
  })

  it.each<[string, string[], Record<string, string>]>([
    ['a flag', ['--auth-dir', 'own'], { WHATSAPP_RULES: 'true' }],
    ['the environment', [], { WHATSAPP_RULES: 'true', WHATSAPP_AUTH_DIR: 'own' }],
    ['no rules', [], { WHATSAPP_RULES: 'false' }],
  ])('may name a directory beside %s', async (_, args, env) => {
    const dir = folder({ '.env': 'WHATSAPP_AUTH_DIR=s\n', x: EXPORT })
    const { code, err } = await ended(['archive', 'import', 'x', ...args], { cwd: dir, env })
    expect([code, err]).toEqual([0, expect.not.stringContaining('which programs run')])
  })

  it('of the data root says what is run', async () => {
    const home = folder()
    const data = join(home, 'whatsapp-mcp-api')
    mkdirSync(data)
    writeFileSync(join(data, '.env'), 'WHATSAPP_ARCHIVE_KEY_COMMAND="echo short"\n')
    const options = { cwd: data, env: { XDG_DATA_HOME: home }, main: installInto(folder()) }
    writeFileSync(join(data, 'x'), EXPORT)
    expect((await ended(['archive', 'import', 'x'], options)).err).toContain('fewer than 12 characters')
  })

  it('does not matter where a flag says it', async () => {
    const dir = folder({ x: EXPORT, '.env': 'WHATSAPP_ARCHIVE_KEY_COMMAND="touch ran"\n' })
    const { err } = await ended(['archive', 'import', 'x', '--archive-key-command', 'echo short'], {
      cwd: dir,
    })
    expect(err).toContain('fewer than 12 characters')
  })
})

describe('the key file', () => {
  const withKey = (file: string, env: Record<string, string> = {}) => {
    const dir = folder({ x: EXPORT })
    return ended(['archive', 'import', 'x', '--auth-dir', join(dir, 'auth'), '--archive-key-file', file], {
      cwd: dir,
      env,
    })
  }

  it.each(['/dev/zero', '/dev/null'])(
    'is a regular file: %s is refused, and stays as it is',
    async (device) => {
      const before = statSync(device).mode
      const { code, err } = await withKey(device)
      expect([code, err.split('\n')[0]]).toEqual([2, `The key file ${device} is not a regular file.`])
      expect(statSync(device).mode).toBe(before)
    },
  )

  it('that is a FIFO is refused at once', async () => {
    const path = fifo(join(folder(), 'key'))
    expect((await withKey(path)).err).toContain(`The key file ${path} is not a regular file.`)
  })

  it.each(['serve', 'archive encrypt', 'archive change-key'])(
    'that is a device, a FIFO or a folder ends %s at once, with the next step',
    async (command) => {
      const dir = folder()
      const auth = join(dir, 'auth')
      mkdirSync(join(auth, '.whatsapp-mcp-api', 'archives'), { recursive: true, mode: 0o700 })
      const args = [
        ...command.split(' '),
        '--auth-dir',
        auth,
        ...(command === 'serve' ? ['--port', '0'] : []),
      ]
      for (const file of ['/dev/zero', fifo(join(dir, 'pipe')), dir]) {
        const key =
          command === 'archive change-key'
            ? { args: ['--new-key-file', file], env: { WHATSAPP_ARCHIVE_KEY: KEY } }
            : { args: ['--archive-key-file', file] }
        const { code, out, err } = await ended([...args, ...key.args], { ...key, cwd: dir })
        expect([code, out]).toEqual([2, ''])
        expect(err.trim().split(/(?<=file\.)\s/)).toEqual([
          `The key file ${file} is not a regular file.`,
          'Use a file that contains the key as its only line. Generate a key with: openssl rand -base64 32',
        ])
      }
    },
  )

  it('is found under ~, and spaces and a byte order mark are not of the key', async () => {
    const home = folder({ key: `\ufeff  ${KEY} \r\n` })
    chmodSync(join(home, 'key'), 0o600)
    const dir = folder({ x: EXPORT })
    const auth = ['--auth-dir', join(dir, 'auth')]
    const done = await ended(['archive', 'import', 'x', ...auth, '--archive-key-file=~/key'], {
      cwd: dir,
      env: { HOME: home },
    })
    expect(done.code).toBe(0)
    const verify = (key: string) =>
      ended(['archive', 'verify', ...auth], { env: { WHATSAPP_ARCHIVE_KEY: key } })
    expect((await verify(KEY)).code).toBe(0)
    expect((await verify(` ${KEY}\t`)).code).toBe(0)
    expect((await verify(`${KEY}.`)).code).toBe(1)
  })
})

describe('what is imported', () => {
  it('is a regular file: a device, a FIFO or a folder is refused at once, in a sentence', async () => {
    const dir = folder()
    for (const file of ['/dev/zero', fifo(join(dir, 'pipe')), dir]) {
      const { code, err } = await ended(['archive', 'import', file, '--auth-dir', join(dir, 'auth')])
      expect([code, err.split('\n')[0]]).toEqual([2, `${file} is not a regular file.`])
    }
    expect(readdirSync(dir)).toEqual(['pipe'])
  })
})

describe('what is exported', () => {
  it('does not take the place of a device, a FIFO or a folder', async () => {
    const dir = folder()
    const pipe = fifo(join(dir, 'pipe'))
    for (const file of ['/dev/full', pipe, dir]) {
      const { code, err } = await ended(['archive', 'export', '--out', file])
      expect([code, err.split('\n')[0]]).toEqual([2, `${file} is not a regular file.`])
    }
    const below = join(folder({ file: '' }), 'file', 'below')
    const { code, err } = await ended(['archive', 'export', '--out', below])
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^\S+below cannot be written \(ENOTDIR[^\n]*\)\.\nChoose another file[^\n]*\n$/),
    ])
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true)
    expect(statSync(pipe).isFIFO()).toBe(true)
  })
})

describe('server.log', () => {
  /** Starts a server whose output goes to its log, which begins with this text. */
  function startLogging(before = '') {
    const dir = folder()
    mkdirSync(join(dir, '.whatsapp-mcp-api'), { mode: 0o700 })
    const log = join(dir, '.whatsapp-mcp-api', 'server.log')
    writeFileSync(log, before)
    const fd = openSync(log, 'a')
    const args = ['serve', '--port', '0', '--auth-dir', dir, '--log-level', 'debug']
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', fd, fd] })
    onTestFinished(() => void child.kill('SIGKILL'))
    closeSync(fd)
    return { log, child, exited: new Promise((done) => child.once('exit', done)) }
  }

  it('makes room while the server runs, and no line is lost', async () => {
    const before = `${'x'.repeat(99)}\n`.repeat(10_485)
    const { log, child, exited } = startLogging(before)
    const all = () =>
      [`${log}.old`, log].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('')
    await expect.poll(all, { timeout: 60_000 }).toContain('/api/status')
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    const said = all()
    expect(said.startsWith(before)).toBe(true)
    for (const line of ['"listening"', '"stopping"', '"stopped"']) expect(said).toContain(line)
    expect(statSync(log).size).toBeLessThan(10_000)
    expect(statSync(`${log}.old`).size).toBeLessThan(1_100_000)
  })

  it('does not stop the server when another program moves it away', async () => {
    const { log, child, exited } = startLogging()
    await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 60_000 }).toContain('/api/status')
    const [url = ''] = /http:\/\/[\d.:]+/.exec(readFileSync(log, 'utf8')) ?? []
    renameSync(log, `${log}.1`)
    writeFileSync(log, '')
    appendFileSync(`${log}.1`, 'x'.repeat(2 ** 20))
    const { status } = await fetch(`${url}/api/status`, { signal: AbortSignal.timeout(20_000) })
    expect(status).toBe(200)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
  })
})

describe('~ in a path', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['a flag', ['--auth-dir=~/auth'], {}],
    ['a variable', [], { WHATSAPP_AUTH_DIR: '~/auth' }],
  ])('of %s is the home directory', async (_, args, env) => {
    const [home, cwd] = [folder(), folder({ x: EXPORT })]
    const { code } = await ended(['archive', 'import', 'x', ...args], { cwd, env: { ...env, HOME: home } })
    expect(code).toBe(0)
    expect(existsSync(join(home, 'auth', '.whatsapp-mcp-api'))).toBe(true)
    expect(readdirSync(cwd)).toEqual(['x'])
  })
})

describe.runIf(isRoot)('a user without a home and without a name', () => {
  /** As `docker run --user 54321` does it; nothing may be read of the folders that are root's alone. */
  const homeless = (...args: string[]) => [
    '-u',
    'HOME',
    '-u',
    'XDG_DATA_HOME',
    '-u',
    'XDG_CACHE_HOME',
    process.execPath,
    ...args,
  ]
  const options = () => ({ uid: 54321, cwd: '/' })
  function installed(): string {
    const dir = folder()
    chmodSync(dir, 0o755)
    return installInto(dir)
  }

  it('runs a server where all paths are given', async () => {
    const dir = folder()
    chownSync(dir, 54321, 54321)
    const args = ['serve', '--port', '0', '--auth-dir', dir, '--log-level', 'error']
    const server = run(homeless(installed(), ...args), options(), 'env')
    await expect.poll(() => server.out + server.err, { timeout: 60_000 }).toContain('/api/status')
    expect(await stop(server)).toBe(0)
    expect(server.err).toBe('')
  })

  it.each([['serve'], ['archive', 'verify', '--auth-dir', '~/auth']])(
    'is told in one sentence where a path needs it: %s',
    async (...args) => {
      const { code, err } = await ended(homeless(installed(), ...args), options(), 'env')
      expect(code).toBe(2)
      expect(err).toMatch(
        /^[^\n]*needs a home directory, and this user has none\. Set HOME, or name an absolute path\.[^\n]*\n$/,
      )
    },
  )
})
