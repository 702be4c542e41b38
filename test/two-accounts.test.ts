/**
 * Two linked accounts on one server. Every row over every face says nothing of the other account: each world has facts of
 * its own, and answers, events, files and the log are searched for those of the other. Then one account falls.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolName } from '../src/faces/mcp/words.ts'
import { accountPath } from '../src/model/account-paths.ts'
import { ROWS } from '../src/operations/index.ts'
import { type Row, requestAt } from '../src/operations/operation.ts'
import { browserPid } from './browser-processes.ts'
import { cpuMsOf } from './cpu-time.ts'
import { appearOnline, connectClient, type Harness, openHarness } from './harness.ts'
import { endPrograms, MAIN, run } from './program.ts'
import { openSmallDisk, type SmallDisk } from './soak/small-disk.ts'

type Input = Record<string, unknown>
/** What the world of one account holds, and nobody else's does. */
type Facts = {
  account: string
  contact: string
  group: string
  message: string
  cursor: string
  canary: string
  own: string[]
}

const CANARY = { default: 'walrus in the harbour', work: 'ocelot on the balcony' } as const
type Name = keyof typeof CANARY
const NAMES: Name[] = ['default', 'work']

let harness: Harness
const facts = new Map<Name, Facts>()
const clients: Client[] = []
/** Of the files of `work`; or why there can be none. */
let disk: SmallDisk | string = 'not opened yet'

beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_MCP_TOOLSETS: 'all' } })
})
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await endPrograms()
  if (typeof disk !== 'string') disk.close()
  await harness.close()
})

it('begins with two linked accounts', async () => {
  await link('default')
  await appearOnline(harness)
  const files = join(harness.authDir, '.whatsapp-mcp-api', 'accounts', 'work')
  mkdirSync(files, { recursive: true, mode: 0o700 })
  disk = openSmallDisk(64, files)
  if (typeof disk === 'string') mkdirSync(files, { recursive: true, mode: 0o700 })
  await harness.post('/api/accounts', { id: 'work' })
  harness.world.switchAccount({ phone: '15550003000', pushname: 'Ocelot Owner' })
  await link('work')
})

const get = async (name: Name, path: string) => (await harness.get(accountPath(path, name))).json
const statusOf = (name: Name) => get(name, '/api/status')

async function link(name: Name): Promise<void> {
  await harness.post(accountPath('/api/auth/start', name))
  await harness.world.scan()
  await expect.poll(async () => (await statusOf(name)).state, { timeout: 60_000 }).toBe('ready')
  const { contacts, groups, account } = harness.world.state()
  const contact = contacts[0]?.phone ?? ''
  await harness.world.write({ from: contact, text: `There is a ${CANARY[name]}` })
  const search = () => get(name, `/api/search?q=${encodeURIComponent(CANARY[name])}`)
  await expect.poll(async () => (await search()).count).toBe(1)
  await expect.poll(async () => (await statusOf(name)).sync?.phase, { timeout: 60_000 }).toBe('done')
  facts.set(name, {
    account: name,
    contact,
    group: groups[0]?.id ?? '',
    message: (await search()).messages[0].id,
    cursor: (await get(name, '/api/events?after=0&limit=1')).next_after,
    canary: CANARY[name],
    own: [
      CANARY[name],
      account.phone,
      account.lid,
      account.pushname,
      ...contacts.flatMap(({ phone, lid }) => [phone, lid]),
      ...groups.map(({ id }) => id),
      ...harness.world.messages().map(({ id }) => id),
    ],
  })
}

const known = (name: Name): Facts => facts.get(name) ?? expect.fail(`${name} is not linked`)
const otherOf = (name: Name): Name => (name === 'default' ? 'work' : 'default')

/** Nothing of the other account; `asked` holds what the request itself named. */
function expectOnlyOwn(text: string, name: Name, asked: unknown = ''): void {
  const named = JSON.stringify(asked)
  const leaked = known(otherOf(name)).own.filter((fact) => text.includes(fact) && !named.includes(fact))
  expect(leaked, `facts of ${otherOf(name)} in what ${name} was told`).toEqual([])
}

/** The input of a row, by the names of its fields, with ids of this account. */
function inputOf({ input, example, name: row }: Row, by: Facts): Input {
  const values: Input = {
    chat_id: by.group,
    chat: by.group,
    contact_id: by.contact,
    message_id: by.message,
    phone_number: by.contact,
    q: by.canary,
    after: row.includes('event') ? by.cursor : undefined,
    reply_to: undefined,
    kind: undefined,
    wait: undefined,
    // The contact writes later on.
    blocked: false,
  }
  const given: Input = { ...Object(example.input) }
  const fields = Object.keys('shape' in input ? Object(input.shape) : given)
  for (const field of fields) {
    if (field in values && (field in given || values[field] !== undefined)) given[field] = values[field]
  }
  return JSON.parse(JSON.stringify(given))
}

/** They end the link, or only some lanes have them. */
const NOT_HERE = /^(logout|stop_account|restart_account|remove_account|forget_chat|\w+_toolsets?)$/
/** The rows of one account. Those of the server say what it has, of every account. */
const rows = ROWS.filter(
  ({ name, isGlobal, routes }) =>
    !NOT_HERE.test(name) && isGlobal !== true && routes.some((route) => / \/api\//.test(route)),
)
const forget = ROWS.filter(({ name }) => name === 'forget_chat')

async function overRest(row: Row, name: Name, input: Input): Promise<string> {
  const [route = 'GET /'] = row.routes
  const [method = 'GET', template = '/'] = route.split(' ')
  const rest = requestAt(row, route, input)
  const path = accountPath(template, name)
    .replace('{account}', name)
    .replace(/\{(\w+)\}/g, (_, key: string) => {
      const value = encodeURIComponent(String(rest[key]))
      delete rest[key]
      return value
    })
  const query = new URLSearchParams(
    Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]),
  )
  const isRead = method === 'GET' || method === 'DELETE'
  const response = await fetch(`${harness.url}${path}${isRead ? `?${query}` : ''}`, {
    method,
    ...(isRead ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(rest) }),
  })
  if (row.gives !== 'events') return response.text()
  // The stored events come at once.
  const { value } = (await response.body?.pipeThrough(new TextDecoderStream()).getReader().read()) ?? {}
  await response.body?.cancel().catch(() => {})
  return value ?? ''
}

type Call = (row: Row, name: Name, input: Input) => Promise<string>

async function overMcp(open: (name: Name) => Promise<Client>): Promise<Call> {
  const opened = new Map<Name, Client>()
  for (const name of NAMES) opened.set(name, await open(name))
  clients.push(...opened.values())
  return async (row, name, input) => {
    const tool = 'tool' in row || row.gives === 'json' ? toolName(row as never) : null
    if (tool === null) return ''
    return JSON.stringify(await opened.get(name)?.callTool({ name: tool, arguments: input as never }))
  }
}

const lane = (kind: 'legacy' | 'current' | 'plain') => () =>
  overMcp((name) => connectClient(`${harness.url}${name === 'default' ? '' : `/accounts/${name}`}`, kind))

const FACES: Record<string, () => Promise<Call>> = {
  REST: async () => overRest,
  'MCP legacy': lane('legacy'),
  'MCP current': lane('current'),
  'MCP plain': lane('plain'),
  stdio: () =>
    overMcp(async (name) => {
      const client = new Client({ name: 'test', version: '1.0.0' })
      const args = [MAIN, 'stdio', '--url', harness.url, '--account', name]
      await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
      return client
    }),
}

describe.each(Object.entries(FACES))('over %s', (_, open) => {
  let call: Call
  beforeAll(async () => {
    call = await open()
  })

  it.each(NAMES)('%s is told of itself alone, by every row', async (name) => {
    let seen = 0
    for (const row of rows) {
      const input = inputOf(row, known(name))
      const text = await call(row, name, input)
      expectOnlyOwn(text, name, input)
      if (known(name).own.some((fact) => text.includes(fact))) seen += 1
    }
    expect(seen, 'rows that said something of their own account').toBeGreaterThan(8)
  })

  it.each(NAMES)('%s does not find what it is asked for by ids of the other', async (name) => {
    for (const row of rows.filter(({ gives }) => gives === 'json')) {
      const input = inputOf(row, known(otherOf(name)))
      if (Object.keys(input).length === 0 || row.name === 'send_message' || row.name === 'pairing_code')
        continue
      expectOnlyOwn(await call(row, name, input), name, input)
    }
  })
})

describe('the command line', () => {
  it.each(NAMES)('tells of %s alone', async (name) => {
    const at = ['--url', harness.url, '--account', name]
    const { contact } = known(name)
    for (const line of [
      ['status', ...at, '--json'],
      ['send', contact, 'Hello', ...at],
      ['archive', 'stats', ...at],
      ['archive', 'export', ...at],
    ]) {
      const program = run(line)
      expect(await program.exited, program.err).toBe(0)
      expectOnlyOwn(program.out + program.err, name)
      if (line[0] === 'status') expect(JSON.parse(program.out).account.wid).toContain(known(name).own[1])
    }
  })

  it('shows both in the status and the list', async () => {
    const program = run(['status', '--url', harness.url])
    expect(await program.exited).toBe(0)
    expect(program.out).toMatch(/^\[default\]\nstate +ready[\s\S]*\[work\]\nstate +ready/m)
    const list = run(['accounts', 'list', '--url', harness.url])
    expect(await list.exited).toBe(0)
    expect(list.out).toMatch(/^default +ready, Robin.*\nwork +ready, Ocelot/)
  })
})

it('reading goes on with an event of one account only at its own stream and subscribers', async () => {
  const told = new Map<Name, string[]>(NAMES.map((name) => [name, []]))
  for (const name of NAMES) {
    const client = await connectClient(
      `${harness.url}${name === 'default' ? '' : `/accounts/${name}`}`,
      'legacy',
    )
    clients.push(client)
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      told.get(name)?.push(params.uri)
    })
    // Both watch the chat that both numbers name; it exists in the world of `work` only.
    await client.subscribeResource({ uri: `whatsapp://chats/${known('work').contact}@c.us` })
  }
  const before = (await get('default', '/api/events?after=0&limit=100')).next_after
  await harness.world.write({ from: known('work').contact, text: 'only for one of you' })
  await expect.poll(() => told.get('work')).toEqual([`whatsapp://chats/${known('work').contact}@c.us`])
  expect(told.get('default')).toEqual([])
  const { events } = await get('default', `/api/events?after=${before}&limit=100`)
  expectOnlyOwn(JSON.stringify(events), 'default')
  const foreign = await harness.get(accountPath(`/api/events?after=${known('default').cursor}`, 'work'))
  expect([foreign.status, foreign.json.code]).toEqual([400, 'cursor_foreign'])
})

it('keeps files apart, and no fact of either in the log', () => {
  const own = join(harness.authDir, '.whatsapp-mcp-api')
  const texts = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
      .join('\n')
  const archives = {
    default: texts(join(own, 'archives')),
    work: texts(join(own, 'accounts', 'work', 'archives')),
  }
  for (const name of NAMES) {
    expect(archives[name]).toContain(CANARY[name])
    expectOnlyOwn(archives[name], name)
  }
  const log = JSON.stringify(harness.log)
  for (const name of NAMES) expect(known(name).own.filter((fact) => log.includes(fact))).toEqual([])
  expect(harness.log.some(({ account, state }) => account === 'work' && state === 'ready')).toBe(true)
})

it('delivers what one writes to the other', async () => {
  harness.world.introduceAccounts()
  const [, number] = known('work').own
  const sent = await harness.post('/api/send', { phone_number: number, message: 'from one to the other' })
  expect(sent.status).toBe(200)
  const found = () => get('work', '/api/search?q=%22from+one+to+the+other%22')
  await expect.poll(async () => (await found()).count).toBe(1)
  expect((await found()).messages[0]).toMatchObject({ from_me: false, body: 'from one to the other' })
})

describe('what happens to one', () => {
  const works = async (name: Name) => {
    expect((await statusOf(name)).ready).toBe(true)
    // Builds that can forward have copies of it, too.
    expect((await get(name, `/api/search?q=${encodeURIComponent(CANARY[name])}`)).count).toBeGreaterThan(0)
    const body = { phone_number: known(name).contact, message: 'still here' }
    expect((await harness.post(accountPath('/api/send', name), body)).status).toBe(200)
  }

  /** Median of what a reading waits for, in milliseconds of CPU time. */
  async function pace(name: Name): Promise<number> {
    const times: number[] = []
    for (let n = 0; n < 25; n += 1) {
      times.push(
        await cpuMsOf(() => get(name, `/api/messages?phone_number=${known(name).contact}&limit=${1 + n}`)),
      )
    }
    return times.sort((one, other) => one - other)[12] ?? Number.NaN
  }
  let usual = 0
  beforeAll(async () => {
    usual = await pace('default')
  })
  /** Generous: this process has other work. */
  const isAsFast = async (name: Name) => expect(await pace(name)).toBeLessThan(usual * 5 + 100)

  it('does not stop the other: its disk is full', async (context) => {
    if (typeof disk === 'string') return context.skip(disk)
    disk.fill()
    const problem = async () => (await statusOf('work')).archive?.problem
    for (let n = 0; n < 300 && (await problem()) === null; n += 1)
      await harness.world.write({ from: known('work').contact, text: `${n} ${'full '.repeat(400)}` })
    await expect.poll(problem).toBe('archive_full')
    await works('default')
    await isAsFast('default')
    disk.free()
    await expect.poll(problem).toBeNull()
    await works('work')
  })

  it('does not stop the other: its archive is damaged', async () => {
    const { archive } = await statusOf('work')
    const bytes = readFileSync(archive.file)
    writeFileSync(archive.file, bytes.fill(7, 4096))
    const asked = await harness.get(accountPath('/api/chats', 'work'))
    expect(asked.json.code ?? 'none').toMatch(/^(none|archive_damaged)$/)
    await works('default')
    await isAsFast('default')
  })

  it('does not stop the other: its browser is killed', async () => {
    process.kill(browserPid(join(harness.authDir, 'session-work')), 'SIGKILL')
    // It may be back before the other has sent.
    const reason = async () => (await statusOf('work')).reason
    await Promise.all([works('default'), expect.poll(reason).toBe('crashed')])
    await isAsFast('default')
    await works('default')
  })

  it('does not stop the other: it forgets a chat, logs out and is removed', async () => {
    for (const row of forget) await overRest(row, 'work', inputOf(row, known('work')))
    expect((await harness.call({ method: 'DELETE', path: '/api/accounts/work' })).status).toBe(200)
    await works('default')
    expect((await harness.get('/accounts/work/qr')).json.code).toBe('account_not_found')
  })
})
