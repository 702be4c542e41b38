/** The commands that ask a running server, as people and programs run them: the built program, a shell, a terminal. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildOfRun } from '../simulator/builds.ts'
import type { WorldMessage, WorldState } from '../simulator/simulator.ts'
import {
  call,
  ended,
  endPrograms,
  MAIN,
  openSandbox,
  play,
  quietPort,
  run,
  type Sandbox,
  statusOf,
  stop,
  temp,
} from './program.ts'

const CONTACT = '15550001101'
const NOT_OURS = { isOurs: false }
/** Node runs this before the program. */
const preload = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
/** WhatsApp itself is never asked by a test. */
const WITHOUT_WHATSAPP = preload(
  `const real = fetch; globalThis.fetch = (url, ...rest) => String(url).includes('whatsapp.com') ? Promise.resolve(new Response(null)) : real(url, ...rest)`,
)
/** Says on standard error what is loaded. */
const TELLS_LOADS = preload(
  `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent('export async function load(url, context, next) { process._rawDebug("LOAD " + url); return next(url, context) }'))`,
)
const OLD_NODE = preload(
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } })`,
)

const NO_CALLS =
  'reject_call. Rejecting a call: WhatsApp Web does not have WAWebVoipStackInterface.getVoipStackInterface().'
/** What doctor says of each build of the double that breaks an operation. */
const BROKEN: Record<string, string> = {
  '2.3000.1049045808':
    'forward_message. Forwarding a message: WhatsApp Web does not have WAWebChatForwardMessage.forwardMessages().',
  '2.3000.1045210364': NO_CALLS,
  '2.3000.1034728815': NO_CALLS,
}

describe('without a server', () => {
  let nowhere: string
  beforeAll(async () => {
    nowhere = String(await quietPort())
  })
  afterEach(endPrograms)

  it.each(['status', 'auth', 'send 15551234567 hello', 'logout --yes'])(
    '%s says so, and how to start one',
    async (line) => {
      const { code, out, err } = await ended([...line.split(' '), '--port', nowhere])
      expect([code, out]).toEqual([6, ''])
      expect(err).toMatch(
        new RegExp(`^No server responds at http://127.0.0.1:${nowhere}\\.\\n.*npm start.*\\n$`),
      )
    },
  )

  it.each([
    ['statsu', 'The command "statsu" does not exist. Did you mean "npm run status"?\n'],
    [
      'archive exprot',
      'The command "archive exprot" does not exist. Did you mean "npm run archive -- export"?\n',
    ],
    ['status --ulr x', 'status has no flag --ulr. Did you mean --url? See npm run status -- --help.\n'],
  ])('"%s" suggests what was meant', async (line, says) => {
    const { code, out, err } = await ended(line.split(' '))
    expect([code, out]).toEqual([2, ''])
    expect(err.slice(0, says.length)).toBe(says)
  })

  it('the help of each command has its usage, an example, and how it ends', async () => {
    const { out } = await ended(['status', '--help'])
    expect(out).toMatch(/^Usage: npm run status -- \[flags\]\n/)
    expect(out).toMatch(/\nExamples:\n {2}# .*\n {2}npm run status\n/)
    expect(out).toMatch(/\nExit codes:\n {2}0 {2}Success.*\n(?:.*\n)+ {2}6 {2}No server responds/)
  })

  it('the address comes from the settings, or from --url', async () => {
    const env = { WHATSAPP_MCP_PORT: nowhere, WHATSAPP_MCP_HOST: 'localhost' }
    expect((await ended(['status'], { env })).err).toContain(`http://localhost:${nowhere}.`)
    const given = await ended(['status', '--url', `http://127.0.0.2:${nowhere}/mcp/`], { env })
    expect([given.code, given.err.split('\n')[0]]).toEqual([
      6,
      `No server responds at http://127.0.0.2:${nowhere}.`,
    ])
    expect(await ended(['status', '--port', '0'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--url'),
    })
  })

  it('the .env of the folder does not say where the server is', async () => {
    const dir = temp()
    writeFileSync(join(dir, '.env'), 'WHATSAPP_MCP_URL=http://127.0.0.1:9\n')
    const { err } = await ended(['send', '15551234567', 'hello'], {
      cwd: dir,
      env: { WHATSAPP_MCP_PORT: nowhere },
    })
    expect(err).toContain(`No server responds at http://127.0.0.1:${nowhere}.`)
  })

  const COMMANDS = [
    'status',
    'status --json',
    'auth',
    'auth --phone 15550001000',
    'send 15550001101 secret',
    'logout --yes',
    'archive stats',
    'archive export',
  ]

  it.each(['{}', 'null', '<h1>It works!</h1>'])(
    'something else on the port, which answers %s to everything, is asked who it is and nothing else',
    async (says) => {
      const asked: string[] = []
      const other = await play((request, answer) => {
        asked.push(`${request.method} ${request.url}`)
        answer.end(says)
      }, NOT_OURS)
      const folder = temp()
      const out = join(folder, 'all.jsonl')
      for (const line of [...COMMANDS, `archive export --out ${out}`]) {
        const { code, out, err } = await ended([...line.split(' '), '--port', other.port])
        expect([line, code, out]).toEqual([line, 6, ''])
        expect(err).toMatch(/^The program at \S+ is not whatsapp-mcp-api\.\n.*doctor.*\n$/)
        expect(asked.splice(0)).toEqual(['GET /health'])
      }
      expect(readdirSync(folder)).toEqual([])
      other.close()
    },
  )

  it('a server that breaks off in the middle of a send may have sent; one that is asked who it is has not', async () => {
    for (const [isOurs, times, hint] of [
      [
        true,
        4,
        'The action may have happened. With --idempotency-key KEY you can repeat it: it happens once.',
      ],
      [false, 0, 'Nothing was done'],
    ] as const) {
      const keys: unknown[] = []
      const broken = await play(
        (request) => {
          if (request.method === 'POST') keys.push(request.headers['idempotency-key'])
          request.socket.destroy()
        },
        { isOurs },
      )
      const { code, err } = await ended(['send', CONTACT, 'hello', '--port', broken.port])
      expect([code, err]).toEqual([1, expect.stringContaining(hint.replace('KEY', String(keys[0])))])
      expect([keys.length, new Set(keys).size]).toEqual([times, Math.min(times, 1)])
      broken.close()
    }
  })

  it.each([
    ['nothing', 'was lost'],
    ['another program', 'another program, such as a proxy, responded'],
  ])(
    'a server after which %s takes its port gets a send once, which may have happened',
    async (next, says) => {
      const asked: string[] = []
      const server = await play((request, answer) => {
        asked.push(`${request.method} ${request.url}`)
        if (request.method === 'POST') {
          request.socket.destroy()
          if (next === 'nothing') server.close()
        } else answer.end(`{"name":"${asked.length === 1 ? 'whatsapp-mcp-api' : 'another'}"}`)
      }, NOT_OURS)
      const { code, err } = await ended(['send', CONTACT, 'hello', '--port', server.port])
      expect([code, err]).toEqual([1, expect.stringMatching(`${says}.*\nThe action may have happened`)])
      const before = ['GET /health', `POST /api/chats/${CONTACT}/messages`]
      expect(asked).toEqual(next === 'nothing' ? before : [...before, 'GET /health'])
      server.close()
    },
  )

  it('is asked once who it is', async () => {
    const asked: string[] = []
    const server = await play((request, answer) => {
      asked.push(`${request.method} ${request.url}`)
      answer.end('{"name":"whatsapp-mcp-api","state":"ready","account":null,"has_qr":false}')
    }, NOT_OURS)
    expect(await ended(['auth', '--json', '--port', server.port])).toMatchObject({ code: 0 })
    expect(asked.filter((line) => line === 'GET /health')).toHaveLength(1)
    expect(asked.slice(0, 2)).toEqual(['GET /health', expect.stringContaining('/api/')])
    expect(asked).toContain('POST /api/auth/start')
    server.close()
  })

  it('status loads neither server nor browser library', async () => {
    const { err } = await ended(['status', '--port', nowhere], { node: TELLS_LOADS })
    const loaded = [...err.matchAll(/LOAD (?:file:\/\/)?(\S+)/g)].map(([, path = '']) => path)
    // Those of the packages that are bundled are named in the maps of the chunks.
    const maps = loaded
      .filter((path) => existsSync(`${path}.map`))
      .map((path) => readFileSync(`${path}.map`, 'utf8'))
    expect(maps.length).toBeGreaterThan(0)
    const packages = [...[...loaded, ...maps].join('\n').matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)/g)]
    expect([...new Set(packages.map(([, name]) => name))]).toEqual(['zod'])
    expect(err).not.toMatch(/LOAD \S*(run-server|open-engine|sandbox)/)
  })

  it.each(['status', 'doctor', ''])('"%s" on a Node that is too old ends in a sentence', async (line) => {
    const { code, out, err } = await ended(line.split(' ').filter(Boolean), {
      node: [...TELLS_LOADS, ...OLD_NODE],
    })
    expect([code, out]).toEqual([1, ''])
    expect(err.replace(/LOAD .*\n/g, '')).toMatch(
      /^Node 20\.\d+ or newer is needed, and this is 18\.19\.0\.\n.*\n$/,
    )
    // What an old Node does not know must not even be loaded.
    expect(err).not.toContain('node:util')
  })

  it('doctor changes nothing, and ends with 1 where something is wrong', async () => {
    const dir = temp()
    const fine = await ended(['doctor', '--auth-dir', dir, '--port', nowhere], { node: WITHOUT_WHATSAPP })
    expect(fine.code, fine.out).toBe(0)
    expect(fine.out).toContain(`Port ${nowhere} is free`)
    const auth = join(dir, 'new')
    const wrong = await ended(
      ['doctor', '--json', '--auth-dir', auth, '--port', nowhere, '--chrome-executable', '/nowhere/chrome'],
      { node: WITHOUT_WHATSAPP },
    )
    expect(wrong.code).toBe(1)
    const { ok, findings } = JSON.parse(wrong.out)
    expect(ok).toBe(false)
    expect(findings.filter(({ level }: { level: string }) => level !== 'ok')).toEqual([
      {
        check: 'browser',
        level: 'problem',
        says: expect.stringContaining('/nowhere/chrome'),
        next: expect.stringContaining('Chrome'),
      },
    ])
    expect(readdirSync(dir)).toEqual([])
  })
})

describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'another user at the port (needs root on Linux to play one)',
  () => {
    const STRANGER = 65_534
    afterEach(endPrograms)

    /** Answers to our name and shows what it is sent. */
    const stranger = async (port: number) => {
      const program = `require('node:http').createServer((request, answer) => {
        console.log(request.method + ' ' + request.url)
        answer.end('{"ok":true,"name":"whatsapp-mcp-api","chat":{"name":"1"},"timestamp":"now","message_id":"m"}')
      }).listen(${port}, '127.0.0.1', () => console.log('listening'))`
      const other = run(['-e', program], { uid: STRANGER, cwd: '/' }, process.execPath)
      await expect.poll(() => other.out, { timeout: 60_000 }).toContain('listening')
      return other
    }

    it('gets no message, also under our name', async () => {
      const port = await quietPort()
      const other = await stranger(port)
      const { code, out, err } = await ended(['send', CONTACT, 'secret', '--port', String(port)])
      expect([code, out]).toEqual([6, ''])
      expect(err).toMatch(/^The program at \S+ belongs to another user .*\n.*--url.*\n$/)
      expect(other.out).toBe('listening\n')
    })

    it('is asked where it was named, by flag or environment', async () => {
      const port = await quietPort()
      const other = await stranger(port)
      const url = `http://127.0.0.1:${port}`
      expect((await ended(['send', CONTACT, 'hello', '--url', url])).code).toBe(0)
      expect((await ended(['send', CONTACT, 'hello'], { env: { WHATSAPP_MCP_URL: url } })).code).toBe(0)
      const sends = () =>
        other.out.split('\n').filter((line) => line === `POST /api/chats/${CONTACT}/messages`)
      await expect.poll(sends).toHaveLength(2)
    })
  },
)

describe('sandbox --linked', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await openSandbox(temp(), ['--linked'])
  })
  afterAll(async () => {
    if (sandbox !== undefined) await stop(sandbox)
    await endPrograms()
  })
  const cli = (...args: string[]) => ended([...args, '--url', sandbox.url])
  const messages = () => call<WorldMessage[]>(`${sandbox.phone}/control/messages`)

  it('is ready when it speaks, and what it prints works in a shell', async () => {
    expect((await statusOf(sandbox)).state).toBe('ready')
    const lines = sandbox.out.split('\n').filter((line) => line.startsWith('  curl '))
    expect(lines).toHaveLength(3)
    const answers: unknown[] = []
    for (const line of lines) {
      const { code, out } = await ended(
        ['-c', line.replace('curl', 'curl -sS --fail-with-body')],
        {},
        '/bin/sh',
      )
      expect([code, JSON.parse(out)], `${line}\n${out}`).toEqual([0, expect.any(Object)])
      answers.push(JSON.parse(out))
    }
    const [chats, texts] = answers
    expect(chats).toMatchObject({ count: 12 })
    expect(texts).toMatchObject({ chat: { id: `${CONTACT}@c.us` } })
    expect((await messages()).at(-1)).toMatchObject({ fromMe: true, chat: `${CONTACT}@c.us` })
    expect(await (await fetch(sandbox.phone)).text()).toContain('<html')
  })

  it('status is for people, or for programs', async () => {
    const { code, out } = await cli('status')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^state +ready\nsince +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\naccount +Robin Example \(\+15550001000\)\narchive +\d+ messages\b.*\n/,
    )
    // Samples are taken meanwhile, as of the memory: each field is as it was before or is afterwards.
    const before: Record<string, unknown> = await statusOf(sandbox)
    const shown: Record<string, unknown> = JSON.parse((await cli('status', '--json')).out)
    const after: Record<string, unknown> = await statusOf(sandbox)
    expect(Object.keys(shown)).toEqual(Object.keys(before))
    for (const name of Object.keys(shown))
      expect([before[name], after[name]], name).toContainEqual(shown[name])
  })

  it('send sends, also from standard input', async () => {
    const sent = await cli('send', `+${CONTACT}`, 'from the command line')
    expect([sent.code, sent.out]).toEqual([0, expect.stringMatching(/^Sent to .+ at .* \(true_.*\)\.\n$/)])
    const piped = await ended(['send', CONTACT, '-', '--json', '--url', sandbox.url], {
      input: 'first\nsecond\n',
    })
    expect(JSON.parse(piped.out)).toMatchObject({ ok: true, chat: { id: `${CONTACT}@c.us` } })
    const dashed = await ended(['send', '--url', sandbox.url, CONTACT, '--', '--help'])
    expect(dashed.code).toBe(0)
    const bodies = (await messages()).slice(-3).map(({ body }) => body)
    expect(bodies).toEqual(['from the command line', 'first\nsecond', '--help'])
  })

  it('send prints the error, and whether the message may have been sent', async () => {
    const refused = await cli('send', '99900011122233', 'hello')
    expect([refused.code, refused.out]).toEqual([1, ''])
    expect(refused.err).toBe(
      'The number is not on WhatsApp. (not_on_whatsapp)\nCheck the number. It starts with the country code, without leading 00 and without (0). For example, +49 170 1234567.\n',
    )
    await call(`${sandbox.phone}/control/setFault`, { name: 'send_rejects', value: true })
    const unknown = await cli('send', CONTACT, 'hello', '--json')
    await call(`${sandbox.phone}/control/setFault`, { name: 'send_rejects', value: false })
    // Until a send succeeds, this build is said to break sending.
    expect((await cli('send', CONTACT, 'hello again')).code).toBe(0)
    expect(unknown.code).toBe(1)
    expect(JSON.parse(unknown.out)).toMatchObject({ code: 'send_outcome_unknown', retry: 'check_first' })
    expect(unknown.err).toContain('Check before you repeat it')
  })

  it.each([
    [
      'send 12 hello',
      'No chat or contact has exactly this name, but some names are similar, so nothing was sent. (chat_ambiguous)\nName the chat by its id:\n  Haus 12 – Nachbarn: 120363028772014528@g.us\n',
    ],
    [`send ${CONTACT} ''`, expect.stringMatching(/^MESSAGE .*\nSee npm run send -- --help\.\n$/)],
    [
      'archive export --chat Amara',
      'No chat has the name "Amara".\nName the chat by its id:\n  Amara Okafor: 15550001101@c.us\n',
    ],
    [
      'send Amara hello',
      expect.stringMatching(
        /^No chat or contact has exactly this name.*\(chat_ambiguous\)\nName the chat by its id:\n {2}Amara Okafor: 15550001101@c\.us\n$/,
      ),
    ],
    [
      'audit --chat Amara',
      expect.stringMatching(
        /^--chat must be a chat id such as .*; "npm run chats -- --url \S+ --query NAME --ids" finds it by name\.\nSee npm run audit -- --help\.\n$/,
      ),
    ],
    [
      'outbox approve ob_1',
      expect.stringMatching(/\n"npm run outbox -- history --url \S+" lists the items\. .*\n$/),
    ],
  ])('%s names what was typed, and nothing of the API', async (line, says) => {
    const { code, out, err } = await cli(...line.split(' ').map((word) => word.replace("''", '')))
    expect([code, out, err]).toEqual([1, '', says])
  })

  it('doctor finds everything fine beside it, except what its build of WhatsApp Web breaks', async () => {
    const { port } = new URL(sandbox.url)
    const beside = await ended(['doctor', '--auth-dir', sandbox.dir, '--port', port])
    const named = await ended(['doctor', '--url', sandbox.url])
    const { chrome_executable } = await statusOf(sandbox)
    const broken = BROKEN[buildOfRun().name]
    const ofBuild =
      broken === undefined
        ? 'ok       whatsapp     Build B of WhatsApp Web offers everything that is needed.'
        : `warning  whatsapp     Build B of WhatsApp Web breaks ${broken}
                      → Update whatsapp-mcp-api.`
    for (const { code, out, err } of [beside, named]) {
      expect([code, err], out).toEqual([0, ''])
      expect(
        out
          .replace(/Node [\d.]+ /, 'Node N ')
          .replace(/\(\w[\w-]+\) is used/, '(KIND) is used')
          .replace(/\d+ MB/, 'N MB')
          .replace(/Build \S+ /, 'Build B ')
          // Not every computer has it.
          .replace(/^(ok|warning) +ffmpeg .*\n( +→.*\n)?/m, '')
          .replace(/^(\d+ warnings?|No problems found)\.$/m, 'END.'),
      ).toBe(`ok       node         Node N is supported.
ok       browser      ${chrome_executable} (KIND) is used.
ok       directory    ${sandbox.dir} is writable.
ok       permissions  Only the owner can open the session.
ok       keys         The settings name no key to read.
ok       lock         The running server (process ${sandbox.child.pid}) uses the directory.
ok       profile      No browser of another computer uses the profile.
ok       disk         N MB of disk space are free.
ok       port         The server runs at ${sandbox.url}.
ok       network      The server is a sandbox and needs no network.
ok       accounts     The server has one account.
ok       access       No key is limited beside programs that need none.
ok       webhooks     The server has no webhooks.
ok       rules        Rules are off.
ok       session      The session is ready.
${ofBuild}

END.
`)
    }
    expect(existsSync(join(sandbox.dir, '.whatsapp-mcp-api', 'server.lock'))).toBe(true)
  })

  it('doctor looks at the server that is named', async () => {
    const { code, out } = await ended(['doctor', '--url', `${sandbox.url}/mcp`, '--json'])
    const { ok, findings } = JSON.parse(out)
    expect([code, ok]).toEqual([0, true])
    expect(findings).toContainEqual({
      check: 'port',
      level: 'ok',
      says: `The server runs at ${sandbox.url}.`,
      next: null,
    })
    const away = await ended(['doctor', '--url', 'https://example.com'])
    expect([away.code, away.err]).toEqual([2, expect.stringContaining('a loopback address')])
    expect((await ended(['doctor', '--url', `http://127.0.0.1:${await quietPort()}`])).code).toBe(6)
  })

  it('doctor distinguishes the port of another server from its own', async () => {
    const { port } = new URL(sandbox.url)
    const elsewhere = await ended(['doctor', '--auth-dir', temp(), '--port', port], {
      node: WITHOUT_WHATSAPP,
    })
    expect([elsewhere.code, elsewhere.out]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(`uses another directory: .*\\n.*npm run doctor -- --url ${sandbox.url}\\.`),
      ),
    ])
    const second = await ended(['doctor', '--auth-dir', sandbox.dir, '--port', '0'], {
      node: WITHOUT_WHATSAPP,
    })
    expect([second.code, second.out]).toEqual([
      1,
      expect.stringContaining('does not respond at this address'),
    ])
  })

  it('auth has nothing to do', async () => {
    const { code, out } = await cli('auth')
    expect([code, out]).toEqual([0, 'Ready: linked as Robin Example (+15550001000).\n'])
    expect((await cli('auth', '--phone', '15550001000')).code).toBe(0)
  })

  it('logout asks, and without a terminal does nothing', async () => {
    const { code, err } = await cli('logout')
    expect([code, err]).toEqual([2, expect.stringContaining('--yes')])
    const other = await cli('logout', '--account', 'work')
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('--yes --account work')])
    expect((await statusOf(sandbox)).state).toBe('ready')
  })

  it.skipIf(!existsSync('/usr/bin/script'))(
    'logout asks on a terminal (played by script of util-linux)',
    async () => {
      const line = `"${process.execPath}" "${join(import.meta.dirname, '../dist/main.js')}" logout --url ${sandbox.url}`
      const asked = await ended(['-qec', line, '/dev/null'], { input: 'n\n' }, '/usr/bin/script')
      expect(asked.out).toContain('Log out Robin Example (+15550001000)?')
      expect([asked.code, asked.out]).toEqual([1, expect.stringContaining('Cancelled.')])
      expect((await statusOf(sandbox)).state).toBe('ready')
    },
  )
})

describe('linking', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await openSandbox(temp())
  })
  afterAll(async () => {
    if (sandbox !== undefined) await stop(sandbox)
    await endPrograms()
  })
  const cli = (...args: string[]) => run([...args, '--url', sandbox.url])

  it('status says what to type', async () => {
    const { out } = await ended(['status', '--url', sandbox.url])
    expect(out).toContain(`Run "npm run auth -- --url ${sandbox.url}" to link an account.\n`)
    expect((await ended(['status'], { env: { WHATSAPP_MCP_URL: sandbox.url } })).out).toContain(
      '"npm run auth"',
    )
    const { out: json } = await ended(['status', '--json', '--url', sandbox.url])
    expect(JSON.parse(json).next_step).toContain('POST /api/auth/start')
    const doctor = await ended(['doctor', '--url', sandbox.url])
    expect([doctor.code, doctor.out]).toEqual([0, expect.stringContaining('needs no network')])
  })

  it('auth shows the code, and goes with it until it is ready', async () => {
    const auth = cli('auth')
    await expect.poll(() => auth.out, { timeout: 60_000 }).toContain('█▄▄▄▄▄▄▄█')
    expect(auth.out).toMatch(/^Starting the browser…\nOn the phone: /)
    // Not on a terminal: nothing but text.
    expect(auth.out).not.toContain('\u001b')
    await call(`${sandbox.phone}/control/scan`, {})
    expect(await auth.exited).toBe(0)
    expect(auth.out).toMatch(/\nReady: linked as Robin Example \(\+15550001000\)\.\n$/)
  })

  it('logout --yes logs out', async () => {
    const { code, out } = await ended(['logout', '--yes', '--url', sandbox.url])
    expect([code, out]).toEqual([0, 'Logged out.\n'])
    const again = await ended(['logout', '--yes', '--json', '--url', sandbox.url])
    expect(JSON.parse(again.out)).toEqual({ ok: true })
  })

  it('auth --phone shows a code to type, and goes with it until it is ready', async () => {
    const { account } = await call<WorldState>(`${sandbox.phone}/control/state`)
    const auth = cli('auth', '--phone', `+${account.phone}`, '--json')
    const code = () => /^ {4}(\w{4}-\w{4})$/m.exec(auth.err)?.[1]
    await expect.poll(code, { timeout: 60_000 }).toBeTruthy()
    expect(auth.err).toContain('Link with phone number instead')
    await call(`${sandbox.phone}/control/typePairingCode`, { code: code() })
    expect(await auth.exited, auth.err).toBe(0)
    expect(JSON.parse(auth.out)).toMatchObject({ state: 'ready' })
    await call(`${sandbox.url}/api/logout`, {})
  })

  it('auth prints why linking failed', async () => {
    await call(`${sandbox.phone}/control/setFault`, { name: 'load_refused', value: true })
    const auth = cli('auth')
    expect(await auth.exited).toBe(1)
    expect(auth.err).toMatch(/\S.*\n\S/)
    expect(auth.err).not.toContain('    at ')
    // What is known is a line in the log, without a stack.
    await expect
      .poll(() => sandbox.err)
      .toMatch(/"reason":"web\.whatsapp\.com could not be reached .*"msg":"the start failed"/)
    expect(sandbox.err).not.toContain('"stack"')
    await call(`${sandbox.phone}/control/setFault`, { name: 'load_refused', value: false })
  })

  it('/qr is text for clients that prefer it, and a page for browsers and curl', async () => {
    const get = (accept: string) => fetch(`${sandbox.url}/qr`, { headers: { accept } })
    const nothing = await get('text/plain')
    expect([nothing.status, await nothing.text()]).toEqual([200, expect.stringContaining('/api/auth/start')])
    await call(`${sandbox.url}/api/auth/start`, {})
    const text = await get('text/plain')
    const page = await get('*/*')
    expect([text.status, text.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    expect(await text.text()).toMatch(/^█+\n██ ▄▄▄▄▄ /)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toContain('<img src="data:image/png')
    for (const name of [
      'cache-control',
      'content-security-policy',
      'x-frame-options',
      'referrer-policy',
      'vary',
    ])
      expect([name, text.headers.get(name)]).toEqual([name, page.headers.get(name)])
    expect(text.headers.get('cache-control')).toBe('no-store')
  })
})

describe('sandbox --linked again', () => {
  afterEach(endPrograms)

  it('uses the session that is there, and links anew where the double forgot it', async () => {
    const first = await openSandbox(temp(), ['--linked'])
    expect(await stop(first)).toBe(0)
    const second = await openSandbox(first.dir, ['--linked'])
    expect((await call<WorldState>(`${second.phone}/control/state`)).devices).toHaveLength(1)
    await call(`${second.phone}/control/unlink`, {})
    await expect.poll(async () => (await statusOf(second)).state, { timeout: 60_000 }).toBe('stopped')
    expect(await stop(second)).toBe(0)
    const third = await openSandbox(first.dir, ['--linked'])
    expect((await statusOf(third)).state).toBe('ready')
    expect(await stop(third)).toBe(0)
  })

  it.skipIf(!existsSync('/usr/bin/script'))(
    'draws the QR code on a terminal, unless it links by itself (a terminal is played by script of util-linux)',
    async () => {
      const dir = temp()
      const onTerminal = (...flags: string[]) => {
        const words = [process.execPath, MAIN, 'sandbox', '--dir', dir, '--port', '0', '--phone-port', '0']
        const line = [...words, '--pace', 'none', ...flags].map((word) => `"${word}"`).join(' ')
        return run(['-qec', line, '/dev/null'], { keepsInput: true }, '/usr/bin/script')
      }
      const QR = /▄▄▄▄▄▄▄/
      const unlinked = onTerminal()
      const url = () => /status {2}(\S+)\/api\/status/.exec(unlinked.out)?.[1]
      await expect.poll(url, { timeout: 60_000 }).toBeTruthy()
      await call(`${url()}/api/auth/start`, {})
      await expect.poll(() => unlinked.out, { timeout: 60_000 }).toMatch(QR)
      await ended(['stop', '--auth-dir', dir])
      await unlinked.exited

      const linked = onTerminal('--linked')
      await expect.poll(() => linked.out, { timeout: 60_000 }).toContain('/api/chats')
      // It was linked by a code: the state was qr.
      expect(linked.out).toMatch(/state="?qr/)
      expect(linked.out).not.toMatch(QR)
      await ended(['stop', '--auth-dir', dir])
      await linked.exited
    },
    120_000,
  )

  it('ends with a reason where it cannot be linked', async () => {
    const args = ['sandbox', '--linked', '--dir', temp(), '--port', '0', '--phone-port', '0']
    const { code, out, err } = await ended([
      ...args,
      '--log-level',
      'silent',
      '--chrome-executable',
      '/bin/false',
    ])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('could not be linked')
  })
})
